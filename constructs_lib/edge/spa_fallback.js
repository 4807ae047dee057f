// A page's address that names no file is the application's own: its router reads it. So it is
// answered by the one page that there is. Error pages would do that for a refusal too, and a client
// would take the page for what it asked for.
function handler(event) {
  var request = event.request;
  var last = request.uri.substring(request.uri.lastIndexOf('/') + 1);
  if (last.indexOf('.') === -1 && request.uri !== '/api' && request.uri.indexOf('/api/') !== 0) {
    request.uri = '/index.html';
  }
  return request;
}

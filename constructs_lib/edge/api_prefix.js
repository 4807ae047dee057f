// The API knows nothing of the path that it is found under here.
function handler(event) {
  var request = event.request;
  request.uri = request.uri.substring('/api'.length) || '/';
  return request;
}

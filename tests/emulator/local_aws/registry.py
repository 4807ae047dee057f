"""A registry that wants to know who pushes, in front of the local AWS's, which does not."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx


class Registry(ThreadingHTTPServer):
    """Passes requests on; those to the registry with the right user and password alone.

    Parameters
    ----------
    endpoint : str
        The local AWS.
    """

    daemon_threads = True

    def __init__(self, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.client = httpx.Client(base_url=endpoint, timeout=30)
        self.wanted = "AWS:ministack-auth-token"
        self.pushed: list[str] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        registry = self.server
        assert isinstance(registry, Registry)
        body = self._body()
        basic = f"Basic {base64.b64encode(registry.wanted.encode()).decode()}"
        if self.path.startswith("/v2") and self.headers.get("authorization") != basic:
            self._answer(httpx.Response(401, headers={"www-authenticate": 'Basic realm="here"'}))
            return
        if self.command == "PUT" and "/manifests/" in self.path:
            registry.pushed.append(self.path)
        kept = {k: v for k, v in self.headers.items() if k.lower() not in _OF_A_HOP}
        self._answer(registry.client.request(self.command, self.path, content=body, headers=kept))

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, answer: httpx.Response) -> None:
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in _OF_A_HOP - {"content-length"} or self.command == "HEAD":
                self.send_header(name, value)
        if "content-length" not in answer.headers:
            self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = _pass_on  # noqa: N815 - as the base wants it

    def log_message(self, *_: object) -> None:
        pass


_OF_A_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


@contextmanager
def registry_before(endpoint: str) -> Iterator[Registry]:
    server = Registry(endpoint)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        server.client.close()

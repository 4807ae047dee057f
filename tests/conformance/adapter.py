"""The control plane's own handler behind a plain HTTP server, on a real local AWS.

It stands in for the API gateway until one is deployed: it turns HTTP into payload format 2.0. It
checks no signature, so its tokens are claims in base64; what they allow is for the handler to say.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from services.control_plane.http import api


def token(**claims: str) -> str:
    """Return a token that only the adapter believes."""
    return base64.urlsafe_b64encode(json.dumps({"sub": "conformance", **claims}).encode()).decode()


def _claims(authorization: str) -> dict[str, Any]:
    kind, _, given = authorization.partition(" ")
    if kind != "Bearer":
        return {}
    try:
        return {"jwt": {"claims": json.loads(base64.urlsafe_b64decode(given))}}
    except ValueError:
        return {}


class _Gateway(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = int(headers.get("content-length", 0))
        body = self.rfile.read(length) if length else None
        event = {
            "version": "2.0",
            "rawPath": unquote(parts.path),
            "rawQueryString": parts.query,
            "headers": headers,
            "queryStringParameters": dict(parse_qsl(parts.query, keep_blank_values=True)),
            "requestContext": {
                "stage": "$default",
                "http": {"method": self.command, "path": unquote(parts.path)},
                "authorizer": _claims(headers.get("authorization", "")),
            },
            "body": base64.b64encode(body).decode() if body else None,
            "isBase64Encoded": body is not None,
        }
        answer: Mapping[str, Any] = api.handler(event, None)
        content = answer["body"].encode()
        self.send_response(answer["statusCode"])
        for name, value in answer["headers"].items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: pytest shows what failed."""


@contextmanager
def serving() -> Iterator[str]:
    """Yield the address that answers; one request at a time, as one Lambda environment does."""
    server = HTTPServer(("127.0.0.1", 0), _Gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

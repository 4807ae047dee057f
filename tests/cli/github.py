"""A small server that speaks GitHub's API of comments."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class GitHub:
    """What the server has, and what it was asked."""

    url: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    status: int = 0


@contextmanager
def serving() -> Iterator[GitHub]:
    """Serve the comments of pull request 7 of owner/shop, as GitHub's API has them."""
    github = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(github.status or status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _take(self) -> str:
            github.asked.append(f"{self.command} {urlsplit(self.path).path}")
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)).get("body", "") if length else ""
            return str(body)

        def _refused(self, body: str) -> bool:
            if self.headers["Authorization"] != "Bearer t0ken":
                self._answer(401, {"message": "Bad credentials"})
            elif len(body) > 65_536:
                self._answer(422, {"message": "Body is too long"})
            else:
                return False
            return True

        def do_GET(self) -> None:
            if self._refused(self._take()):
                return
            query = parse_qs(urlsplit(self.path).query)
            size, page = int(query["per_page"][0]), int(query["page"][0])
            self._answer(200, github.comments[size * (page - 1) : size * page])

        def do_POST(self) -> None:
            body = self._take()
            if self._refused(body):
                return
            if urlsplit(self.path).path != "/repos/owner/shop/issues/7/comments":
                self._answer(404, {"message": "Not Found"})
                return
            number = len(github.comments) + 1
            made = {"id": number, "body": body, "html_url": f"https://x/#{number}"}
            github.comments.append(made)
            self._answer(201, made)

        def do_PATCH(self) -> None:
            body = self._take()
            if self._refused(body):
                return
            found = re.fullmatch(r"/repos/owner/shop/issues/comments/(\d+)", self.path)
            assert found
            made = github.comments[int(found[1]) - 1]
            made["body"] = body
            self._answer(200, made)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    github.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield github
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def variables_of(github: GitHub, **more: str) -> dict[str, str]:
    return {
        "GITHUB_TOKEN": "t0ken",
        "GITHUB_REPOSITORY": "owner/shop",
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_API_URL": github.url,
        **more,
    }

"""What browsers call things by: AWS's names on AWS, and names below `localhost` here.

Terraform writes AWS's names, into buckets, policies and lists of allowed callbacks, and so does the
product's code. No browser reaches those on a laptop; each knows that what ends in `.localhost` is
this machine. So requests under a local name have AWS's names put in for the local ones, and their
answers the reverse. Whoever asks otherwise, as Terraform and programs do, is told AWS's names.

| AWS | here |
|---|---|
| `https://<id>.cloudfront.net` | `http://<id>.cloudfront.localhost:<port>` |
| `https://<id>.execute-api.<region>.amazonaws.com` | `http://<id>.execute-api.localhost:<port>` |
| `https://<prefix>.auth.<region>.amazoncognito.com` | `http://<prefix>.auth.localhost:<port>` |
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

_Scope = dict[str, Any]
_Message = dict[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
App = Callable[[_Scope, _Receive, _Send], Awaitable[None]]
_Headers = list[tuple[bytes, bytes]]

_AWS: Final = re.compile(
    # A policy for pages may name every API of a region, by a star.
    r"https://(?P<site>[a-z0-9]+)\.cloudfront\.net"
    r"|https://(?P<api>[a-z0-9]+|\*)\.execute-api\.[a-z0-9-]+\.amazonaws\.com"
    r"|https://(?P<page>[a-z0-9-]+|\*)\.auth\.[a-z0-9-]+\.amazoncognito\.com"
)
_LOCAL: Final = {"site": "cloudfront", "api": "execute-api", "page": "auth"}
_HOST: Final = re.compile(r"[a-z0-9-]+\.(cloudfront|execute-api|auth)\.localhost(?::\d+)?")
#: In which a page is told of others. Bodies that only show a name are left as they are.
_TOLD_IN: Final = re.compile(r"/config\.json|(?:/api)?/tenant-config(?:/.*)?")
_ASKED_BY: Final = frozenset({b"origin", b"referer"})
_TOLD_BY: Final = frozenset(
    {b"access-control-allow-origin", b"content-security-policy", b"location"}
)
_ADDRESSES: Final = frozenset({"logout_uri", "redirect_uri"})
_FORM: Final = b"application/x-www-form-urlencoded"


class LocalNames:
    """Both kinds of names of one local AWS.

    Parameters
    ----------
    port : int
        Where it is served.
    region : str
        Of the names that AWS would give.
    """

    def __init__(self, port: int, region: str) -> None:
        self._port = port
        self._region = region
        self._local = re.compile(
            rf"http://([a-z0-9-]+)\.({'|'.join(_LOCAL.values())})\.localhost:{port}"
        )

    def local(self, text: str) -> str:
        """Return `text` with the names that a browser here can reach.

        >>> LocalNames(4566, "eu-west-1").local("https://d1.cloudfront.net/")
        'http://d1.cloudfront.localhost:4566/'
        """

        def name(found: re.Match[str]) -> str:
            kind = str(found.lastgroup)
            return f"http://{found[kind]}.{_LOCAL[kind]}.localhost:{self._port}"

        return _AWS.sub(name, text)

    def aws(self, text: str) -> str:
        """Return `text` with AWS's names.

        >>> LocalNames(4566, "eu-west-1").aws("http://shop.auth.localhost:4566/login")
        'https://shop.auth.eu-west-1.amazoncognito.com/login'
        """

        def name(found: re.Match[str]) -> str:
            label, kind = found.groups()
            if kind == "cloudfront":
                return f"https://{label}.cloudfront.net"
            if kind == "auth":
                return f"https://{label}.auth.{self._region}.amazoncognito.com"
            return f"https://{label}.execute-api.{self._region}.amazonaws.com"

        return self._local.sub(name, text)

    def app(self, inner: App) -> App:
        """Return `inner` for browsers, which know local names; others get it as it is."""

        async def outer(scope: _Scope, receive: _Receive, send: _Send) -> None:
            kind = _kind(scope)
            if kind is None:
                await inner(scope, receive, send)
                return
            asked, receive = await self._asked(scope, receive, kind)
            await inner(asked, receive, self._telling(scope, send))

        return outer

    async def _asked(self, scope: _Scope, receive: _Receive, kind: str) -> tuple[_Scope, _Receive]:
        headers = _changed(scope["headers"], _ASKED_BY, self.aws)
        if kind == "cloudfront":
            # As at the edge of AWS, where the last part of the way has TLS.
            headers = [(name, value) for name, value in headers if name != b"x-forwarded-proto"]
            headers.append((b"x-forwarded-proto", b"https"))
        asked = {**scope, "headers": headers}
        if kind == "auth":
            asked["query_string"] = self._form(scope["query_string"])
            if scope["method"] == "POST" and _FORM in dict(headers).get(b"content-type", b""):
                body = self._form(await _whole(receive))
                asked["headers"] = _with_length(headers, body)
                receive = _once(body)
        return asked, receive

    def _form(self, encoded: bytes) -> bytes:
        """Return a query or form whose addresses to come back to are AWS's."""
        pairs = parse_qsl(encoded.decode("latin-1"), keep_blank_values=True)
        if not any(name in _ADDRESSES for name, _ in pairs):
            return encoded
        return urlencode(
            [(name, self.aws(value) if name in _ADDRESSES else value) for name, value in pairs]
        ).encode()

    def _telling(self, scope: _Scope, send: _Send) -> _Send:
        whole = _TOLD_IN.fullmatch(scope["path"]) is not None
        start: _Message = {}
        body = bytearray()

        async def tell(message: _Message) -> None:
            if message["type"] == "http.response.start":
                headers = _changed(message["headers"], _TOLD_BY, self.local)
                start.update(message, headers=headers)
                if not whole:
                    await send(start)
                return
            if not whole or message["type"] != "http.response.body":
                await send(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                told = self.local(body.decode("utf-8", errors="replace")).encode()
                await send({**start, "headers": _with_length(start["headers"], told)})
                await send({"type": "http.response.body", "body": told})

        return tell


def _kind(scope: _Scope) -> str | None:
    """Return what is asked under a local name: a site, an API or a sign-in page."""
    if scope["type"] != "http":
        return None
    for name, value in scope["headers"]:
        if name == b"host":
            found = _HOST.fullmatch(value.decode("latin-1").lower())
            return found[1] if found else None
    return None


def _changed(
    headers: Iterable[tuple[bytes, bytes]], names: frozenset[bytes], change: Callable[[str], str]
) -> _Headers:
    return [
        (name, change(value.decode("latin-1")).encode("latin-1"))
        if name.lower() in names
        else (name, value)
        for name, value in headers
    ]


def _with_length(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> _Headers:
    kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return [*kept, (b"content-length", str(len(body)).encode())]


async def _whole(receive: _Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body.extend(message.get("body", b""))
        if not message.get("more_body", False):
            return bytes(body)


def _once(body: bytes) -> _Receive:
    async def receive() -> _Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive

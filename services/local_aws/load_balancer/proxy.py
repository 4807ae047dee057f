"""Carries a request to a target and its answer back, over connections that stay open."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import httpcore
from ministack.core.responses import StreamingResponse

from services.local_aws.errors import LocalAwsError

_log = logging.getLogger("services.local_aws.load_balancer.data_plane")

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 60.0
#: Shorter than any target keeps an idle connection (gateways: 90 s, services: 75 s).
IDLE_SECONDS = 30.0
#: Answers up to this size are read whole and leave in one piece.
_WHOLE_BYTES = 1 << 20

_HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
    )
)
_SAFE_TO_REPEAT = frozenset(("GET", "HEAD", "OPTIONS"))

Answer = tuple[int, dict[str, Any], Any]


@dataclass(frozen=True)
class Target:
    """Where a program listens."""

    address: str
    port: int


@dataclass(frozen=True)
class ProxyRequest:
    """One request, as it goes to a target.

    Attributes
    ----------
    target : str
        Path and query exactly as the client sent them.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class TargetUnreachableError(LocalAwsError, RuntimeError):
    """No connection to a target: the request has certainly not reached it."""


class Proxy:
    """Sends requests to targets and counts what is on its way."""

    def __init__(self) -> None:
        self._pool: httpcore.AsyncConnectionPool | None = None
        self._in_flight: Counter[str] = Counter()

    def in_flight(self, address: str) -> int:
        """Return how many requests a target is working on."""
        return self._in_flight[address]

    async def send(self, target: Target, request: ProxyRequest) -> Answer:
        """Return the target's answer, or the load balancer's own if it is late or broken.

        Raises
        ------
        TargetUnreachableError
            If there is no connection; another target may be tried.
        """
        self._in_flight[target.address] += 1
        handed_over = False
        try:
            response = await self._open(target, request)
            answer = await self._answer(target, request, response)
            handed_over = isinstance(answer[2], StreamingResponse)
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            raise TargetUnreachableError(f"{target.address}:{target.port}: {error}") from error
        except httpcore.TimeoutException:
            return problem(504, "the target did not answer in time")
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            _log.warning("%s:%s broke the connection: %s", target.address, target.port, error)
            return problem(502, "the target broke the connection")
        finally:
            if not handed_over:
                self._done(target)
        return answer

    def _done(self, target: Target) -> None:
        self._in_flight[target.address] -= 1
        if self._in_flight[target.address] <= 0:
            del self._in_flight[target.address]

    async def _open(self, target: Target, request: ProxyRequest) -> httpcore.Response:
        if self._pool is None:
            self._pool = httpcore.AsyncConnectionPool(
                max_connections=2000,
                max_keepalive_connections=500,
                keepalive_expiry=IDLE_SECONDS,
            )
        headers = [
            (name.encode("latin-1"), value.encode("latin-1", "replace"))
            for name, value in request.headers.items()
            if name.lower() not in _HOP_BY_HOP
        ]
        if request.body or request.method not in _SAFE_TO_REPEAT:
            headers.append((b"content-length", str(len(request.body)).encode()))
        outgoing = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=b"http",
                host=target.address.encode(),
                port=target.port,
                target=request.target.encode("latin-1", "replace"),
            ),
            headers=headers,
            content=request.body,
            extensions={
                "timeout": {
                    "connect": CONNECT_SECONDS,
                    "read": ANSWER_SECONDS,
                    "write": ANSWER_SECONDS,
                    "pool": CONNECT_SECONDS,
                }
            },
        )
        try:
            return await self._pool.handle_async_request(outgoing)
        except (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError):
            # Most often a kept connection that the target closed in this very moment.
            if request.method not in _SAFE_TO_REPEAT:
                raise
            return await self._pool.handle_async_request(outgoing)

    async def _answer(
        self, target: Target, request: ProxyRequest, response: httpcore.Response
    ) -> Answer:
        headers = _gathered(response.headers)
        # The load balancer writes its own date in place of the target's.
        headers["date"] = formatdate(usegmt=True)
        length = headers.get("content-length")
        no_body = request.method == "HEAD" or response.status in (204, 304)
        if no_body or (isinstance(length, str) and int(length) <= _WHOLE_BYTES):
            try:
                body = await response.aread()
            finally:
                await response.aclose()
            if not no_body:
                return response.status, headers, body
            return response.status, headers, StreamingResponse(self._nothing(target))
        return response.status, headers, StreamingResponse(self._relay(target, response))

    def _nothing(self, target: Target) -> Any:
        """Return a body of no bytes, so that the answer's own headers stand as they are."""

        async def run(send: Any, _receive: Any) -> None:
            self._done(target)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        return run

    def _relay(self, target: Target, response: httpcore.Response) -> Any:
        async def run(send: Any, receive: Any) -> None:
            gone = asyncio.create_task(_client_gone(receive))
            try:
                async for chunk in response.aiter_stream():
                    if gone.done():
                        return
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            except httpcore.NetworkError as error:
                # Without the last piece the client sees that its answer is cut off.
                _log.warning("%s:%s broke off: %s", target.address, target.port, error)
            finally:
                gone.cancel()
                with contextlib.suppress(Exception):
                    await response.aclose()
                self._done(target)

        return run


async def _client_gone(receive: Any) -> None:
    while (await receive()).get("type") != "http.disconnect":
        pass


def _gathered(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, Any]:
    """Return headers as the emulator takes them: a list where a name came more than once."""
    found: dict[str, Any] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in ("connection", "keep-alive", "transfer-encoding"):
            continue
        if name in found:
            earlier = found[name]
            found[name] = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
        else:
            found[name] = value
    return found


def problem(status: int, message: str) -> Answer:
    """Return an answer of the load balancer itself."""
    body = f'{{"message": "{message}"}}'.encode()
    return status, {"Content-Type": "application/json"}, body

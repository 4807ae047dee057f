"""How answers leave the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import h11
from hypercorn.events import RawData
from hypercorn.protocol.events import Body, EndBody, Response
from hypercorn.protocol.h11 import H11Protocol
from ministack import app

from services.local_aws.patches.registry import patch, replace

# Set on a connection while its answer's head waits for the body.
_HELD = "_held_bytes"


@patch
def one_segment_responses() -> None:
    """Head and body of an answer leave in one write.

    In two, parallel Terraform runs lose the answer to their DynamoDB lock request, send it again,
    and report "Error acquiring the state lock" with their own lock id (measured).
    """
    replace(H11Protocol, "stream_send", _make_stream_send)
    replace(H11Protocol, "_send_h11_event", _make_send_event)


def _make_stream_send(original: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    async def stream_send(self: Any, event: Any) -> None:
        head = isinstance(event, Response) and event.status_code >= 200
        if head:
            setattr(self, _HELD, b"")
        await original(self, event)
        if head:
            # A streamed answer may have no body for a while: its head must not wait for one.
            self._releasing = asyncio.get_running_loop().create_task(_release(self))
        elif isinstance(event, Body | EndBody):
            await _release(self)

    return stream_send


def _make_send_event(original: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    async def send_event(self: Any, event: Any) -> None:
        held = getattr(self, _HELD, None)
        if held is None:
            await original(self, event)
            return
        try:
            setattr(self, _HELD, held + (self.connection.send(event) or b""))
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise

    return send_event


async def _release(connection: Any) -> None:
    held = getattr(connection, _HELD, None)
    setattr(connection, _HELD, None)
    if held:
        await connection.send(RawData(data=held))


@patch
def health_of_load_balanced_services() -> None:
    """`/health` belongs to whom the host names; the emulator answers it for every host."""
    replace(app, "_HEALTH_PATHS", lambda paths: tuple(p for p in paths if p != "/health"))

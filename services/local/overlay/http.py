"""How answers leave the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack import app

from services.local.overlay.registry import patch, replace


@patch
def one_segment_responses() -> None:
    """Head and body of an answer leave in one write.

    In two, parallel Terraform runs lose the answer to their DynamoDB lock request, send it again,
    and report "Error acquiring the state lock" with their own lock id (measured).
    """
    import asyncio

    import h11
    from hypercorn.protocol.events import Body, EndBody, Response
    from hypercorn.protocol.h11 import H11Protocol

    def make(original: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        async def stream_send(self: Any, event: Any) -> None:
            if isinstance(event, Response) and event.status_code >= 200:
                await _hold(self, original, event)
            elif isinstance(event, Body | EndBody):
                await original(self, event)
                await _release(self)
            else:
                await original(self, event)

        return stream_send

    async def _hold(self: Any, original: Callable[[Any, Any], Any], event: Any) -> None:
        self._held_head = b""
        await original(self, event)
        # A streamed answer may have no body for a while: its head must not wait for one.
        self._releasing = asyncio.get_running_loop().create_task(_release(self))

    async def _release(self: Any) -> None:
        from hypercorn.events import RawData

        head, self._held_head = getattr(self, "_held_head", None), None
        if head:
            await self.send(RawData(data=head))

    def make_event(original: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        async def send_h11_event(self: Any, event: Any) -> None:
            held = getattr(self, "_held_head", None)
            if held is None:
                await original(self, event)
                return
            try:
                data = self.connection.send(event)
            except h11.LocalProtocolError:
                if self.connection.their_state != h11.ERROR:
                    raise
                return
            self._held_head = held + data

        return send_h11_event

    replace(H11Protocol, "stream_send", make)
    replace(H11Protocol, "_send_h11_event", make_event)


@patch
def health_of_load_balanced_services() -> None:
    """`/health` belongs to whom the host names; the emulator answers it for every host."""
    replace(app, "_HEALTH_PATHS", lambda paths: tuple(p for p in paths if p != "/health"))

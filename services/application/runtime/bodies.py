"""How long a request may be: what is longer is refused before it fills the memory."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

from starlette.exceptions import HTTPException

from services.application.runtime.logs import Message, Receive, Send
from services.application.runtime.problems import answer

#: More than the longest document that a store takes; API Gateway lets 10 MB pass.
MOST_BYTES: Final = 512 * 1024


class BodyLimit:
    """ASGI middleware: 413 for a body of more than `most` bytes, announced or not."""

    def __init__(self, app: Any, most: int = MOST_BYTES) -> None:
        self._app = app
        self._most = most
        self._message = f"the body: got more than {most} bytes; allowed {most}"

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._most:
            # What is still on its way is not read, so the connection serves no other request.
            refusal = answer(413, self._message, headers={"Connection": "close"})
            await refusal(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._most:
                # FastAPI lets this one pass while it reads a body; others it calls a 400.
                raise HTTPException(413, self._message, headers={"Connection": "close"})
            return message

        await self._app(scope, counted, send)

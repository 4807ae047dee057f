"""What a service that is about to end tells those who call it over connections that stay open."""

from __future__ import annotations

import threading
from collections.abc import MutableMapping
from typing import Any

from services.application.runtime.logs import Message, Receive, Send


class LastAnswers:
    """ASGI middleware: while the service drains, each connection ends with its next answer.

    An idle connection that the end of the service closes may be one on which a request is just
    coming; one that the answer announced to be the last is not.
    """

    def __init__(self, app: Any, draining: threading.Event) -> None:
        self._app = app
        self._draining = draining

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def announce(message: Message) -> None:
            if message["type"] == "http.response.start" and self._draining.is_set():
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, announce if scope["type"] == "http" else send)

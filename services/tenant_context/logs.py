"""Logs as JSON lines, each with the tenant it concerns."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from typing import Any

from services.tenant_context.tenant import Tenant

current_tenant: ContextVar[Tenant | None] = ContextVar("current_tenant", default=None)
current_request_id: ContextVar[str | None] = ContextVar("current_request_id", default=None)

_requests = logging.getLogger("services.requests")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class JsonLines(logging.Formatter):
    """One JSON object a line.

    Parameters
    ----------
    fields : str
        What every line carries, as `service="orders"`.
    """

    def __init__(self, **fields: str) -> None:
        super().__init__()
        self._fields = fields

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "message": record.getMessage(),
            **self._fields,
        }
        if tenant := current_tenant.get():
            line |= {"tenantId": tenant.id, "tier": tenant.tier, "userId": tenant.user_id}
        if request_id := current_request_id.get():
            line["requestId"] = request_id
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(level: str, **fields: str) -> None:
    """Send all logs to the standard output, as JSON lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(**fields))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # They tell of each connection and each retry, at INFO.
    for name in ("botocore", "boto3", "urllib3", "httpx", "httpcore", "uvicorn"):
        logging.getLogger(name).setLevel("WARNING")


class RequestLog:
    """ASGI middleware: one line for each request, except those for the health."""

    def __init__(self, app: Any, health_path: str) -> None:
        self._app = app
        self._health_path = health_path

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] == self._health_path:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        current_request_id.set(headers.get(b"x-request-id", b"").decode("latin-1") or None)
        current_tenant.set(None)
        status = 500
        began = time.perf_counter()

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            fields = {
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "durationMs": round((time.perf_counter() - began) * 1000, 2),
            }
            _requests.info("%s %s", scope["method"], scope["path"], extra={"fields": fields})

"""Logs as JSON lines, each with the tenant it concerns; some of them are metrics as well.

A line with metrics is in CloudWatch's embedded metric format: CloudWatch makes the metrics from it,
with the service and the tier as dimensions, and Logs Insights finds each tenant's, which is a
property of the line. A dimension it is not: each tenant would be a metric that is paid for.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any, Final, Literal

from services.application.runtime.tenant import Tenant

current_tenant: ContextVar[Tenant | None] = ContextVar("current_tenant", default=None)
current_request_id: ContextVar[str | None] = ContextVar("current_request_id", default=None)

DIMENSIONS: Final = ("service", "tier")

Unit = Literal["Count", "Milliseconds", "Bytes", "None"]

_REQUEST_METRICS: Final[Mapping[str, Unit]] = {
    "durationMs": "Milliseconds",
    "requests": "Count",
    "clientErrors": "Count",
    "serverErrors": "Count",
}

_requests = logging.getLogger("services.requests")
_metrics = logging.getLogger("services.metrics")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class JsonLines(logging.Formatter):
    """One JSON object a line.

    Parameters
    ----------
    namespace : str
        Where CloudWatch puts the metrics.
    fields : str
        What every line carries, as `service="orders"`.
    """

    def __init__(self, namespace: str = "Microservices", **fields: str) -> None:
        super().__init__()
        self._namespace = namespace
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
        if metrics := getattr(record, "metrics", None):
            line["_aws"] = {
                "Timestamp": int(record.created * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": self._namespace,
                        "Dimensions": [[name for name in DIMENSIONS if name in line]],
                        "Metrics": [{"Name": name, "Unit": unit} for name, unit in metrics.items()],
                    }
                ],
            }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def count(name: str, value: float = 1, unit: Unit = "Count", **properties: object) -> None:
    """Report a metric; `properties` say more about it in the log, and make no metrics."""
    fields: Mapping[str, object] = {**properties, name: value}
    _metrics.info("%s", name, extra={"fields": fields, "metrics": {name: unit}})


def configure(level: str, namespace: str, **fields: str) -> None:
    """Send all logs to the standard output, as JSON lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(namespace, **fields))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # They tell of each connection and each retry, at INFO.
    for name in ("botocore", "boto3", "urllib3", "httpx", "httpcore", "uvicorn"):
        logging.getLogger(name).setLevel("WARNING")


class RequestLog:
    """ASGI middleware: one line and its metrics for each request, except those for the health."""

    def __init__(self, app: Any, quiet: frozenset[str]) -> None:
        self._app = app
        self._quiet = quiet

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] in self._quiet:
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
                "requests": 1,
                "clientErrors": int(400 <= status < 500),
                "serverErrors": int(status >= 500),
            }
            extra = {"fields": fields, "metrics": _REQUEST_METRICS}
            _requests.info("%s %s", scope["method"], scope["path"], extra=extra)

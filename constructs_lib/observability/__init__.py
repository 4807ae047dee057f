"""Log groups that end, and alarms that reach someone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.lazy_exports import lazily

if TYPE_CHECKING:
    from constructs_lib.observability.alarms import (
        Alarm,
        AlarmTopic,
        Metric,
        MissingData,
        function_errors,
        messages,
        read_throttles,
        server_errors,
        unhealthy_hosts,
        write_throttles,
    )
    from constructs_lib.observability.keys import AlarmKey
    from constructs_lib.observability.logs import RETENTION_DAYS, LogGroup

__all__ = [
    "RETENTION_DAYS",
    "Alarm",
    "AlarmKey",
    "AlarmTopic",
    "LogGroup",
    "Metric",
    "MissingData",
    "function_errors",
    "messages",
    "read_throttles",
    "server_errors",
    "unhealthy_hosts",
    "write_throttles",
]

_MODULES = {
    "RETENTION_DAYS": "logs",
    "LogGroup": "logs",
    "Alarm": "alarms",
    "AlarmKey": "keys",
    "AlarmTopic": "alarms",
    "Metric": "alarms",
    "MissingData": "alarms",
    "function_errors": "alarms",
    "messages": "alarms",
    "read_throttles": "alarms",
    "server_errors": "alarms",
    "unhealthy_hosts": "alarms",
    "write_throttles": "alarms",
}

__getattr__, __dir__ = lazily(__name__, _MODULES)

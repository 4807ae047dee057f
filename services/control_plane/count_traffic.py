"""Requests of tenants' users, counted every minute from the access logs of the routing cells.

Environment: PREFIX, TRAFFIC_TABLE.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.contracts.traffic import access_log_groups
from services.control_plane.runtime import current
from services.control_plane.traffic.access_logs import AccessLogs
from services.control_plane.traffic.periods import LONG, SHORT
from services.control_plane.traffic.rollup import count


def handler(_event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Count what was logged since the last run; return how many periods of each kind that was."""
    runtime = current()
    logs = AccessLogs(runtime.client("logs"), access_log_groups(os.environ["PREFIX"]))
    now = datetime.now(UTC)
    return {str(period): count(logs, runtime.traffic, period, now) for period in (SHORT, LONG)}

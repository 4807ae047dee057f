"""From access logs to counts, period by period.

Lines come late by seconds, so a period is counted again until two minutes after its end, and is
final then. A run that fails leaves it to the next one, which begins where the last one ended: any
run may be repeated, since it writes what it has counted over what was there.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final

from services.contracts.traffic import NOBODY
from services.control_plane.traffic.access_logs import AccessLogs
from services.control_plane.traffic.counts import Counts
from services.control_plane.traffic.periods import LONG, SHORT, ceiling, floor
from services.control_plane.traffic.table import Period, TrafficTable

LATE: Final = timedelta(minutes=2)
"""How late a line may come. Longer than a run may take, so that no run undoes a later one's."""

CATCH_UP: Final = timedelta(days=1)
"""How far back the first run, and one after a pause, begins at most."""

_AT_ONCE: Final = {SHORT: 12, LONG: 6}
"""Periods of one query."""


def count(logs: AccessLogs, table: TrafficTable, period: int, now: datetime) -> int:
    """Count the periods that are not final yet; return how many.

    Of the short ones the running one too; a long one when it is over.
    """
    final = floor(now - LATE, period)
    end = ceiling(now, period) if period == SHORT else final
    oldest = floor(now - CATCH_UP, period)
    begun = start = max(table.until(period) or oldest, oldest)
    counted = 0
    while start < end:
        stop = min(end, start + timedelta(seconds=period * _AT_ONCE[period]))
        _count(logs, table, start, stop, period)
        counted += round((stop - start).total_seconds()) // period
        table.advance(period, max(begun, min(stop, final)), min(stop, now))
        start = stop
    return counted


def _count(
    logs: AccessLogs, table: TrafficTable, start: datetime, end: datetime, period: int
) -> None:
    periods: defaultdict[datetime, Period] = defaultdict(Period)
    for row in logs.rows(start, end, period):
        found = periods[row.at]
        found.total += row.counts
        if row.tenant not in ("", NOBODY):
            found.tenants[row.tenant] = found.tenants.get(row.tenant, Counts()) + row.counts
            found.tiers[row.tier] = found.tiers.get(row.tier, 0) + row.counts.requests
    for at, counted in periods.items():
        table.write(at, period, counted)

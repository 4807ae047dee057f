"""What the cells' access logs say: asked of CloudWatch Logs Insights, summed up by it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.contracts.traffic import LATENCY_FIELD, STATUS_FIELD, TENANT_FIELD, TIER_FIELD
from services.control_plane import ControlPlaneError
from services.control_plane.traffic.counts import Counts

MOST_ROWS: Final = 10_000
"""Of one answer.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""

_WAITS: Final = frozenset({"Scheduled", "Running", "Unknown"})
_PATIENCE: Final = 40.0
"""Seconds that a query may take: the scheduled function has little more."""


class LogsError(ControlPlaneError):
    """The access logs could not be counted; the next run tries again."""


@dataclass(frozen=True)
class Row:
    """Requests of one tenant in one period that were answered by one status."""

    at: datetime
    tenant: str
    tier: str
    counts: Counts


def query(period: int) -> str:
    """Return what CloudWatch is asked.

    Fields of JSON lines are found by their names; numbers in strings count as numbers.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Stats.html

    >>> query(300).partition(" by ")[2]
    'tenantId, tier, status, bin(5m) | limit 10000'
    """
    return (
        f"stats count(*) as requests, sum({LATENCY_FIELD}) as latencyMs "
        f"by {TENANT_FIELD}, {TIER_FIELD}, {STATUS_FIELD}, {_bin(period)} | limit {MOST_ROWS}"
    )


class AccessLogs:
    """The access logs of all routing cells.

    Parameters
    ----------
    client : CloudWatchLogsClient
    groups : str
        What the names of their log groups begin with.
    wait : callable, optional
        Waits some seconds.
    """

    def __init__(
        self, client: Any, groups: str, wait: Callable[[float], object] = time.sleep
    ) -> None:
        self._client = client
        self._prefix = groups
        self._wait = wait

    def groups(self) -> list[str]:
        """Return the names of the log groups."""
        pages = self._client.get_paginator("describe_log_groups").paginate(
            logGroupNamePrefix=self._prefix
        )
        return sorted(each["logGroupName"] for page in pages for each in page["logGroups"])

    def rows(self, start: datetime, end: datetime, period: int) -> Iterator[Row]:
        """Yield what was logged from `start` up to `end`, by period, tenant and status.

        A range with more rows than one answer has is asked for in halves.

        Raises
        ------
        LogsError
            If a query fails, takes too long, or one period alone has too many rows.
        """
        groups = self.groups()
        # Each for itself, so that a cell's rows are as many as an answer has; all at once.
        begun = [self._begin(group, start, end, period) for group in groups]
        for group, query_id in zip(groups, begun, strict=True):
            yield from self._rows(group, query_id, start, end, period)

    def _rows(
        self, group: str, query_id: str, start: datetime, end: datetime, period: int
    ) -> Iterator[Row]:
        found = self._result(query_id)
        if len(found) < MOST_ROWS:
            # The end of a query's range is in it.
            yield from (row for row in map(_row(period), found) if start <= row.at < end)
            return
        periods = round((end - start).total_seconds()) // period
        if periods < 2:
            raise LogsError(
                f"{group} has {MOST_ROWS} rows of tenants and statuses or more in the {period} s "
                f"from {start.isoformat()} on: more than an answer of CloudWatch Logs Insights has"
            )
        middle = start + timedelta(seconds=periods // 2 * period)
        for part in ((start, middle), (middle, end)):
            yield from self._rows(group, self._begin(group, *part, period), *part, period)

    def _begin(self, group: str, start: datetime, end: datetime, period: int) -> str:
        return str(
            self._client.start_query(
                logGroupNames=[group],
                startTime=int(start.timestamp()),
                endTime=int(end.timestamp()),
                queryString=query(period),
            )["queryId"]
        )

    def _result(self, query_id: str) -> list[Mapping[str, str]]:
        waited, pause = 0.0, 0.1
        while True:
            answer = self._client.get_query_results(queryId=query_id)
            if answer["status"] not in _WAITS:
                break
            if waited > _PATIENCE:
                raise LogsError(f"query {query_id} is {answer['status']} after {waited:.0f} s")
            self._wait(pause)
            waited, pause = waited + pause, min(2 * pause, 2.0)
        if answer["status"] != "Complete":
            raise LogsError(f"query {query_id} of the access logs ended as {answer['status']}")
        return [{each["field"]: each["value"] for each in row} for row in answer["results"]]


def _bin(period: int) -> str:
    """Return the period as Insights takes it: of seconds and minutes 60 at most, of hours 24 [1]_.

    .. [1] https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html
    """
    minutes = period // 60
    return f"bin({minutes // 60}h)" if minutes % 60 == 0 else f"bin({minutes}m)"


def _row(period: int) -> Callable[[Mapping[str, str]], Row]:
    name = _bin(period)

    def read(found: Mapping[str, str]) -> Row:
        requests = int(float(found["requests"]))
        latency = round(float(found.get("latencyMs") or 0))
        status = found.get(STATUS_FIELD, "")
        return Row(
            datetime.fromisoformat(found[name]).replace(tzinfo=UTC),
            found.get(TENANT_FIELD, ""),
            found.get(TIER_FIELD, ""),
            Counts.of_status(int(status) if status.isdigit() else 0, requests, latency),
        )

    return read

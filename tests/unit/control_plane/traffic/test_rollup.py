"""From lines of access logs to series: counted once, however often, and however late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from constructs_lib.edge import tenant_api
from services.contracts.traffic import LATENCY_FIELD, STATUS_FIELD, TENANT_FIELD, TIER_FIELD
from services.control_plane.traffic import access_logs, series
from services.control_plane.traffic.access_logs import AccessLogs, LogsError, Row
from services.control_plane.traffic.counts import Counts
from services.control_plane.traffic.periods import LONG, SHORT, Window, floor, window
from services.control_plane.traffic.rollup import count
from services.control_plane.traffic.table import TableBusyError, TrafficTable
from tests.unit.control_plane.items import Items

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
Line = tuple[datetime, str, int]


class Logs(AccessLogs):
    """Lines, summed up as CloudWatch would."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines = list(lines)
        self.asked: list[tuple[datetime, datetime, int]] = []

    def rows(self, start: datetime, end: datetime, period: int) -> Iterator[Row]:
        self.asked.append((start, end, period))
        for at, tenant, status in self.lines:
            if start <= at < end:
                tier = "basic" if tenant.startswith("b") else "advanced"
                yield Row(floor(at, period), tenant, tier, Counts.of_status(status, 1, 20))


def minutes_ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def shown(table: TrafficTable) -> dict[tuple[str, str], float]:
    """Return the sums of all series, by tenant and metric."""
    found = series.of_busiest(table, window(None, None, None, NOW), "requests", 10).document()
    rows = [*found["series"], *({"tenantId": "", **each} for each in found["total"])]
    return {
        (each["tenantId"], each["metric"]): sum(point["value"] for point in each["points"])
        for each in rows
    }


def test_requests_are_counted_by_tenant_and_answer() -> None:
    answers = (200, 200, 404, 429, 429, 503)
    logs = Logs((minutes_ago(4), "b1", status) for status in answers)
    logs.lines += [(minutes_ago(4), "-", 401), (minutes_ago(50), "b2", 200)]
    table = TrafficTable(Items(), "t")
    count(logs, table, SHORT, NOW)
    found = shown(table)
    assert {m: v for (tenant, m), v in found.items() if tenant == "b1"} == {
        "requests": 6,
        "clientErrors": 1,
        "serverErrors": 1,
        "throttles": 2,
        "latencyMs": 20,
    }
    assert found["b2", "requests"] == 1
    assert (found["", "requests"], found["", "clientErrors"]) == (8, 2)
    assert ("-", "requests") not in found


def test_what_is_counted_again_is_counted_once() -> None:
    logs = Logs([(minutes_ago(1), "b1", 200)])
    table = TrafficTable(Items(), "t")
    for _ in range(3):
        count(logs, table, SHORT, NOW)
    assert shown(table)["b1", "requests"] == 1


def test_late_lines_count_until_a_period_is_final() -> None:
    table, start = TrafficTable(Items(), "t"), floor(NOW, SHORT)
    logs = Logs([])
    count(logs, table, SHORT, NOW)
    logs.lines.append((start - timedelta(seconds=1), "b1", 200))
    soon, later = start + timedelta(seconds=110), start + timedelta(seconds=130)
    count(logs, table, SHORT, soon)
    assert shown(table)["b1", "requests"] == 1
    count(logs, table, SHORT, later)
    count(logs, table, SHORT, later + timedelta(seconds=60))
    assert logs.asked[-1][0] == start, "a final period is asked for again"


def test_a_pause_is_made_up_for_and_hours_are_counted_when_they_are_over() -> None:
    table = TrafficTable(Items(), "t")
    logs = Logs((minutes_ago(each), "b1", 200) for each in range(0, 300, 10))
    count(logs, table, SHORT, minutes_ago(200))
    count(logs, table, SHORT, NOW)
    count(logs, table, LONG, NOW)
    assert table.until(LONG) == NOW.replace(hour=5, minute=0, second=0)
    day = window(minutes_ago(299), NOW, LONG, NOW)
    assert series.sum_of_tenant(table, day, "b1").requests == 30
    assert series.requests_of_tier(table, day, "basic") == 30
    assert series.requests_of_tier(table, day, "premium") == 0


def test_the_busiest_are_chosen_by_what_is_asked_for() -> None:
    lines = [(minutes_ago(3), f"b{n}", 200) for n in range(40) for _ in range(n + 1)]
    lines += [(minutes_ago(3), "a1", 429) for _ in range(2)]
    table = TrafficTable(Items(), "t")
    count(Logs(lines), table, SHORT, NOW)
    asked = window(None, None, None, NOW)
    busiest = series.of_busiest(table, asked, "requests", 3)
    assert list(busiest.tenants) == ["b39", "b38", "b37"]
    throttled = series.of_busiest(table, asked, "throttles", 1)
    assert list(throttled.tenants) == ["a1"]
    assert len(busiest.document()["series"]) == 3 * len(series.METRICS)


def test_a_period_that_is_not_counted_yet_has_no_point() -> None:
    table = TrafficTable(Items(), "t")
    asked = window(None, None, None, NOW)
    before = series.of_tenant(table, asked, "b1").document()
    assert "measuredUntil" not in before
    assert all(each["points"] == [] for each in before["series"])
    count(Logs([]), table, SHORT, minutes_ago(60))
    points = series.of_tenant(table, asked, "b1").document()["series"][0]["points"]
    assert points
    assert {each["value"] for each in points} == {0}
    assert datetime.fromisoformat(points[-1]["at"]) < minutes_ago(60)


def test_a_table_that_does_not_take_all_at_once() -> None:
    items = Items()
    items.refused = 3
    table = TrafficTable(items, "t")
    count(Logs([(minutes_ago(3), f"b{n}", 200) for n in range(30)]), table, SHORT, NOW)
    assert len([key for key in items.held if key[0].startswith("TENANT#")]) == 30

    def nothing(**asked: Any) -> dict[str, Any]:
        return {"UnprocessedItems": asked["RequestItems"]}

    items.batch_write_item = nothing  # type: ignore[method-assign]
    with pytest.raises(TableBusyError, match="the next run writes them again"):
        count(Logs([(NOW, "b1", 200)]), table, SHORT, NOW)


class Insights:
    """CloudWatch Logs with one log group, which counts one request of each tenant a period."""

    def __init__(self, tenants: int, status: str = "Complete") -> None:
        self.tenants = tenants
        self.status = status
        self.ranges: dict[str, tuple[int, int]] = {}

    def get_paginator(self, name: str) -> Insights:
        assert name == "describe_log_groups"
        return self

    def paginate(self, **asked: Any) -> list[Any]:
        return [{"logGroups": [{"logGroupName": f"{asked['logGroupNamePrefix']}1"}]}]

    def start_query(self, **asked: Any) -> dict[str, str]:
        self.ranges[f"q{len(self.ranges)}"] = (asked["startTime"], asked["endTime"])
        return {"queryId": f"q{len(self.ranges) - 1}"}

    def get_query_results(self, **asked: Any) -> dict[str, Any]:
        start, end = self.ranges[asked["queryId"]]
        rows = [
            {
                "requests": "1",
                "latencyMs": "5",
                "tenantId": f"t{n}",
                "tier": "basic",
                "status": "200",
                "bin(5m)": f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}.000",
            }
            for at in range(start, end + 1, 300)  # the end is in a query's range
            for n in range(self.tenants)
        ]
        results = [[{"field": n, "value": v} for n, v in row.items()] for row in rows]
        return {"status": self.status, "results": results[: access_logs.MOST_ROWS]}


def read(insights: Insights, periods: int) -> list[Row]:
    logs = AccessLogs(insights, "/aws/apigateway/shop-dev-cell-", wait=lambda _: None)
    start = floor(NOW, SHORT)
    return list(logs.rows(start, start + timedelta(seconds=SHORT * periods), SHORT))


def test_a_range_with_too_many_rows_is_asked_for_in_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_logs, "MOST_ROWS", 100)
    insights = Insights(30)
    assert len(read(insights, 8)) == 30 * 8
    assert len(insights.ranges) > 1
    with pytest.raises(LogsError, match="100 rows of tenants and statuses"):
        read(Insights(101), 4)


@pytest.mark.parametrize(("status", "told"), [("Failed", "Failed"), ("Running", "is Running")])
def test_a_query_without_an_answer_is_an_error(status: str, told: str) -> None:
    with pytest.raises(LogsError, match=told):
        read(Insights(1, status), 1)


def test_the_query_asks_for_what_the_access_log_has() -> None:
    fields = {TENANT_FIELD, TIER_FIELD, STATUS_FIELD, LATENCY_FIELD}
    assert fields <= set(tenant_api._ACCESS_LOG)
    asked = access_logs.query(SHORT)
    assert all(each in asked for each in fields)


def test_a_window_of_days_is_read_by_the_hour() -> None:
    found = Window(NOW, NOW + timedelta(days=1), 86_400)
    assert (found.kept, Window(NOW, NOW, 900).kept) == (LONG, SHORT)

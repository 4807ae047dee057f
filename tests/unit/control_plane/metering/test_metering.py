"""The same figure to the cent, whatever the order, the repetitions and the delay."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.control_plane.metering import (
    ExactMetering,
    Meter,
    MeterExistsError,
    MeterPage,
    MeterUnknownError,
    UsageError,
    UsageRecord,
    dated,
)

PRICES = [
    {"id": "1", "metricName": "calls", "amount": "0.0033"},
    {"id": "2", "metricName": "bytes", "amount": "0.000000001"},
    {"id": "3", "metricName": "foreign"},
]


class MemoryLedger:
    """A ledger in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, UsageRecord] = {}

        self.cancelled: set[str] = set()

    def add(self, record: UsageRecord) -> bool:
        return self.kept.setdefault(record.event_id, record) is record

    def cancel(self, event_id: str) -> bool:
        counted = event_id in self.kept and event_id not in self.cancelled
        self.cancelled |= {event_id} & self.kept.keys()
        return counted

    def records(self, tenant_id: str, month: str) -> Iterable[UsageRecord]:
        found = [
            record
            for record in self.kept.values()
            if (record.tenant_id, record.month) == (tenant_id, month)
            and record.event_id not in self.cancelled
        ]
        return sorted(found, key=lambda record: record.event_id)


class MemoryMeters:
    """Meters in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Meter] = {}

    def put_new(self, meter: Meter) -> None:
        if meter.name in {kept.name for kept in self.kept.values()}:
            raise MeterExistsError(meter.name)
        self.kept[meter.id] = meter

    def get(self, meter_id: str) -> Meter:
        if meter_id not in self.kept:
            raise MeterUnknownError(meter_id)
        return self.kept[meter_id]

    def page(self, limit: int, token: str | None) -> MeterPage:
        return MeterPage(tuple(self.kept.values())[:limit])

    def replace(self, before: Meter, after: Meter) -> None:
        self.kept[before.id] = after

    def remove(self, meter: Meter) -> None:
        del self.kept[meter.id]


def detail(tenant: str, metric: str, value: object, at: str) -> dict[str, Any]:
    return {
        "tenantId": tenant,
        "metric": {"name": metric, "unit": "u", "value": value},
        "timestamp": at,
    }


values = st.decimals(min_value=-(10**9), max_value=10**9, places=6).map(str)
moments = st.integers(0, 60 * 24 * 75).map(
    lambda minutes: (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)).isoformat()
)
details = st.builds(
    detail, st.sampled_from(["t1", "t2"]), st.sampled_from(["calls", "bytes"]), values, moments
)


@given(st.lists(details, max_size=30), st.randoms())
def test_order_and_repetition_change_nothing(
    used: list[dict[str, Any]], chance: random.Random
) -> None:
    events = [(str(number), found) for number, found in enumerate(used)]
    twice = events * 2
    chance.shuffle(twice)
    straight, shaken = (
        ExactMetering(MemoryLedger(), MemoryMeters()),
        ExactMetering(MemoryLedger(), MemoryMeters()),
    )
    assert all(straight.ingest(*event) for event in events)
    assert sum(shaken.ingest(*event) for event in twice) == len(events)
    for tenant in ("t1", "t2"):
        for month in ("2026-01", "2026-02", "2026-03"):
            expected = straight.statement(tenant, month, PRICES)
            assert shaken.statement(tenant, month, PRICES) == expected
            assert shaken.statement(tenant, month, PRICES) == expected
            mine = [
                Decimal(found["metric"]["value"])
                for _, found in events
                if found["tenantId"] == tenant and found["timestamp"].startswith(month)
            ]
            assert sum(line.quantity for line in expected.lines) == sum(mine)
            assert expected.total == sum(line.amount for line in expected.lines)


def test_late_usage_counts_in_its_own_month() -> None:
    metering = ExactMetering(MemoryLedger(), MemoryMeters())
    metering.ingest("1", detail("t1", "calls", 100, "2026-01-31T23:59:59Z"))
    before = metering.statement("t1", "2026-01", PRICES)
    metering.ingest("2", detail("t1", "calls", 200, "2026-02-01T00:30:00+01:00"))
    after = metering.statement("t1", "2026-01", PRICES)
    assert (str(before.total), str(after.total)) == ("0.33", "0.99")
    assert metering.statement("t1", "2026-02", PRICES).lines == ()


def test_cents_that_floats_would_lose() -> None:
    metering = ExactMetering(MemoryLedger(), MemoryMeters())
    for number in range(1000):
        metering.ingest(str(number), detail("t1", "m", 0.1, "2026-01-02T00:00:00Z"))
    made = metering.statement("t1", "2026-01", [{"metricName": "m", "amount": "0.0335"}])
    assert made.document() == {
        "tenantId": "t1",
        "month": "2026-01",
        "total": "3.35",
        "lines": [
            {
                "metricName": "m",
                "unit": "u",
                "quantity": "100",
                "price": "0.0335",
                "amount": "3.35",
            }
        ],
    }


@pytest.mark.parametrize(
    "broken",
    [
        {},
        detail("t1", "m", "x", "2026-01-02T00:00:00Z"),
        detail("t1", "m", True, "2026-01-02T00:00:00Z"),
        detail("t1", "m", "NaN", "2026-01-02T00:00:00Z"),
        detail("t1", "m", "1e18", "2026-01-02T00:00:00Z"),
        detail("t1", "m", "1e-13", "2026-01-02T00:00:00Z"),
        detail("t1", "m", 1, "yesterday"),
        {**detail("t1", "m", 1, "2026-01-02T00:00:00Z"), "metric": 1},
    ],
)
def test_what_cannot_be_counted_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        ExactMetering(MemoryLedger(), MemoryMeters()).ingest("1", broken)


def test_meters_say_what_was_used_and_mistakes_are_taken_back_for_good() -> None:
    metering = ExactMetering(MemoryLedger(), MemoryMeters())
    calls = metering.create_meter("calls", "u")
    metering.create_meter("other", "")
    with pytest.raises(MeterExistsError, match="calls"):
        metering.create_meter("calls", "")
    for number in range(3):
        metering.ingest(str(number), detail("t1", "calls", "0.1", "2026-01-02T00:00:00Z"))
    metering.ingest("foreign", {**detail("t1", "other", 5, "2026-01-02T00:00:00Z")})
    assert metering.usage(calls.id, "t1", "2026-01") == "0.3"
    assert metering.usage(calls.id, "t1", "2026-02") == "0"
    assert metering.cancel_usage(["1", "1", "never"]) == ("1",)
    assert not metering.ingest("1", detail("t1", "calls", "0.1", "2026-01-02T00:00:00Z"))
    assert metering.cancel_usage(["1"]) == ()
    assert metering.usage(calls.id, "t1", "2026-01") == "0.2"
    assert metering.update_meter(calls.id, None, "x").name == "calls"
    assert metering.usage(calls.id, "t1", "2026-01") == "0"
    metering.delete_meter(calls.id)
    with pytest.raises(MeterUnknownError):
        metering.usage(calls.id, "t1", "2026-01")


def price(metric: str, amount: str) -> dict[str, str]:
    return {"id": metric, "metricName": metric, "amount": amount}


def used(event_id: str, metric: str, day: int) -> tuple[str, dict[str, Any]]:
    at = datetime(2026, 1, day, tzinfo=UTC).isoformat()
    shown = {"name": metric, "unit": "", "value": 1}
    return event_id, {"tenantId": "t1", "metric": shown, "timestamp": at}


def test_a_price_counts_from_when_it_was_set() -> None:
    metering = ExactMetering(MemoryLedger(), MemoryMeters())
    for day in range(1, 31):
        for metric in ("calls", "bytes", "late"):
            metering.ingest(*used(f"{metric}-{day}", metric, day))
    first = [price("calls", "1"), price("bytes", "1"), {"id": "x", "metricName": "foreign"}]
    before = metering.statement("t1", "2026-01", dated(first, []))
    assert str(before.total) == "60.00"
    second = [price("calls", "3"), price("late", "5")]
    changes = [(datetime(2026, 1, 11, tzinfo=UTC), first, second)]
    made = metering.statement("t1", "2026-01", dated(second, changes))
    shown = {(line.metric, str(line.price)): str(line.amount) for line in made.lines}
    assert shown == {
        ("bytes", "0"): "0.00",  # it has no price any more
        ("bytes", "1"): "10.00",
        ("calls", "1"): "10.00",
        ("calls", "3"): "60.00",
        ("late", "0"): "0.00",
        ("late", "5"): "100.00",
    }
    later = [(datetime(2026, 2, 1, tzinfo=UTC), first, second)]
    assert metering.statement("t1", "2026-01", dated(second, later)) == before
    # What a caller says about the time decides nothing.
    forged = [{**price("calls", "9"), "since": "2020-01-01T00:00:00+00:00"}]
    later = [(datetime(2026, 2, 1, tzinfo=UTC), first, forged)]
    assert metering.statement("t1", "2026-01", dated(forged, later)) == before

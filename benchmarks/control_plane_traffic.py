"""How long `GET /metrics` takes with 10 tenants in the counts, and with 1,000."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from benchmarks.control_plane_routes import measure
from benchmarks.control_plane_system import Api, System
from benchmarks.measure import Verdict, at_most
from services.contracts.traffic import PARTITION_KEY, SORT_KEY, traffic_table
from services.control_plane.registry.records import TenantRecord
from services.control_plane.traffic.counts import Counts, total
from services.control_plane.traffic.periods import LONG, SHORT, floor
from services.control_plane.traffic.table import Period, TrafficTable

FEW: Final = 10
MANY: Final = 1_000
_REQUESTS: Final = 40
_BATCH: Final = 25
_PERIODS: Final = {SHORT: 36, LONG: 23}
"""Three hours by five minutes, and the hours of a day before them."""


def traffic(system: System, api: Api) -> Iterator[Verdict]:
    """Measure with few, with many, and with few again; all had requests in every period."""
    few: dict[str, list[float]] = {}
    many: dict[str, list[float]] = {}
    with system.more_tenants(MANY) as tenants:
        routes = {
            "all": lambda: api.send("GET", "/metrics"),
            "one": lambda: api.send("GET", f"/metrics?tenantId={tenants[0].id}"),
            "a day by the hour": lambda: api.send("GET", f"/metrics?periodSeconds=3600&{_day()}"),
        }
        for count, found in ((FEW, few), (MANY, many), (FEW, few)):
            with _counted(system, tenants[:count]):
                for name, seconds in measure(routes, _REQUESTS).items():
                    found.setdefault(name, []).extend(seconds)
    for name, seconds in few.items():
        ms = [statistics.median(each) * 1e3 for each in (many[name], seconds)]
        yield at_most(
            f"p50 of GET /metrics, {name}, with {MANY:,} tenants / with {FEW}",
            ms[0] / ms[1],
            1.2,
            "x",
            f"{ms[0]:.0f} ms / {ms[1]:.0f} ms",
        )


def _day() -> str:
    start = datetime.now(UTC) - timedelta(hours=23)
    return f"from={start:%Y-%m-%dT%H:%M:%S}"


@contextlib.contextmanager
def _counted(system: System, tenants: Sequence[TenantRecord]) -> Iterator[None]:
    """Let the counts have requests of these tenants; what was there before comes back."""
    client, name = system.client("dynamodb"), traffic_table(system.configuration.prefix)
    table = TrafficTable(client, name)
    now = datetime.now(UTC)
    begun = {
        period: [floor(now, period) - timedelta(seconds=period * n) for n in range(1, count + 1)]
        for period, count in _PERIODS.items()
    }
    partitions = ["ALL", *(f"TENANT#{tenant.id}" for tenant in tenants)]
    keys = [
        {PARTITION_KEY: {"S": partition}, SORT_KEY: {"S": f"{period}#{at:%Y-%m-%dT%H:%M:%S}"}}
        for partition in partitions
        for period, starts in begun.items()
        for at in starts
    ]
    kept = [
        found
        for key in keys[: sum(_PERIODS.values())]
        if (found := client.get_item(TableName=name, Key=key).get("Item"))
    ]
    for period, starts in begun.items():
        for at in starts:
            counts = {
                tenant.id: Counts(100 + n % 97, n % 7, n % 3, n % 5, 5_000)
                for n, tenant in enumerate(tenants)
            }
            table.write(at, period, Period(total(counts.values()), counts, {"basic": 1}))
    try:
        yield
    finally:
        _write(client, name, [{"DeleteRequest": {"Key": key}} for key in keys])
        _write(client, name, [{"PutRequest": {"Item": item}} for item in kept])


def _write(client: Any, table: str, requests: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(requests), _BATCH):
        waiting = {table: list(requests[start : start + _BATCH])}
        while waiting:
            waiting = client.batch_write_item(RequestItems=waiting)["UnprocessedItems"]

"""Counts as series of points: what `GET /metrics` shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar

from services.control_plane.traffic.counts import Counts
from services.control_plane.traffic.periods import LONG, SHORT, Window, floor
from services.control_plane.traffic.table import RANKED, Everyone, TrafficTable, first

METRICS: Final[Mapping[str, tuple[str, str]]] = {
    "requests": ("requests", "Count"),
    "clientErrors": ("client_errors", "Count"),
    "serverErrors": ("server_errors", "Count"),
    "throttles": ("throttles", "Count"),
    "latencyMs": ("latency_ms", "Milliseconds"),
}
"""By its name: what it is made of, and its unit."""

_LATENCY: Final = "latencyMs"
_Kept = TypeVar("_Kept")


@dataclass(frozen=True)
class Traffic:
    """What is known of a window.

    Attributes
    ----------
    until : datetime, optional
        Up to when the logs were counted; None if never.
    total : Mapping of datetime to Counts, optional
        By period, of all tenants; None where one tenant was asked for.
    tenants : Mapping of str to Mapping
        By tenant and period.
    """

    window: Window
    until: datetime | None
    total: Mapping[datetime, Counts] | None
    tenants: Mapping[str, Mapping[datetime, Counts]]

    def document(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        shown: dict[str, Any] = {
            "from": self.window.start.isoformat(),
            "to": self.window.end.isoformat(),
            "periodSeconds": self.window.period,
            "series": [
                {"tenantId": tenant, **one}
                for tenant, counts in self.tenants.items()
                for one in self._series(counts)
            ],
        }
        if self.until:
            shown["measuredUntil"] = self.until.isoformat()
        if self.total is not None:
            shown["total"] = list(self._series(self.total))
        return shown

    def _series(self, counts: Mapping[datetime, Counts]) -> Iterator[dict[str, Any]]:
        for name, (attribute, unit) in METRICS.items():
            points = [
                {"at": at.isoformat(), "value": value}
                for at in self.window
                if self.until and at < self.until
                if (value := _value(counts.get(at, Counts()), name, attribute)) is not None
            ]
            yield {"metric": name, "unit": unit, "points": points}


def of_tenant(table: TrafficTable, window: Window, tenant_id: str) -> Traffic:
    """Return one tenant's traffic."""
    until = table.seen(SHORT)
    kept = _kept(_parts(table, window), partial(table.tenant, tenant_id))
    return Traffic(window, until, None, {tenant_id: _in_periods(kept, window)})


def of_busiest(table: TrafficTable, window: Window, by: str, count: int) -> Traffic:
    """Return everyone's traffic, and that of the tenants with the most of one metric.

    A tenant is one of them by its sum over those periods in which it was among the first thirty.
    """
    until = table.seen(SHORT)
    parts = _parts(table, window)
    everyone = _kept(parts, table.everyone)
    ranked, _ = METRICS[by]
    chosen = first(_sums(everyone.values(), RANKED.index(ranked)), count)
    kept: dict[str, dict[datetime, Counts]] = {name: {} for name in chosen}
    for part, period in parts:
        for name, counts in table.tenants(chosen, part, period).items():
            kept[name].update(counts)
    tenants = {name: _in_periods(counts, window) for name, counts in kept.items()}
    total = _in_periods({at: each.total for at, each in everyone.items()}, window)
    return Traffic(window, until, total, tenants)


def sum_of_tenant(table: TrafficTable, window: Window, tenant_id: str) -> Counts:
    """Return a tenant's requests of a whole window."""
    kept = _kept(_parts(table, window), partial(table.tenant, tenant_id))
    return sum(kept.values(), Counts())


def requests_of_tier(table: TrafficTable, window: Window, tier: str) -> int:
    """Return how many requests a tier's tenants made in a whole window."""
    kept = _kept(_parts(table, window), table.everyone)
    return sum(each.tiers.get(tier, 0) for each in kept.values())


def _parts(table: TrafficTable, window: Window) -> list[tuple[Window, int]]:
    """Return which periods are kept of what: of long ones those that are over, then short ones."""
    if window.kept == SHORT:
        return [(window, SHORT)]
    over = table.until(LONG) or floor(window.start, LONG)
    split = min(max(over, window.start), window.end)
    both = ((replace(window, end=split), LONG), (replace(window, start=split), SHORT))
    return [(part, period) for part, period in both if part.start < part.end]


def _kept(
    parts: Iterable[tuple[Window, int]],
    read: Callable[[Window, int], Mapping[datetime, _Kept]],
) -> dict[datetime, _Kept]:
    return {at: each for part, period in parts for at, each in read(part, period).items()}


def _in_periods(kept: Mapping[datetime, Counts], window: Window) -> Mapping[datetime, Counts]:
    found: defaultdict[datetime, Counts] = defaultdict(Counts)
    for at, counts in kept.items():
        found[floor(at, window.period)] += counts
    return found


def _sums(everyone: Iterable[Everyone], ranked: int) -> Mapping[str, int]:
    found: defaultdict[str, int] = defaultdict(int)
    for each in everyone:
        for tenant, numbers in each.busiest.items():
            found[tenant] += numbers[ranked]
    return {tenant: number for tenant, number in found.items() if number}


def _value(counts: Counts, metric: str, attribute: str) -> float | None:
    if metric != _LATENCY:
        return int(getattr(counts, attribute))
    # The mean of no request is not 0.
    return round(counts.latency_ms / counts.requests, 1) if counts.requests else None

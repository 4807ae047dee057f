"""Counts as series of points: what `GET /metrics` shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
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
    until = _seen(table)

    def kept(part: Window, period: int) -> Mapping[datetime, Counts]:
        return table.tenant(tenant_id, part, period)

    found = _in_periods(_kept(table, window, kept), window)
    return Traffic(window, until, None, {tenant_id: found})


def of_busiest(table: TrafficTable, window: Window, by: str, count: int) -> Traffic:
    """Return everyone's traffic, and that of the tenants with the most of one metric.

    A tenant is one of them by its sum over those periods in which it was among the first thirty.
    """
    until = _seen(table)
    everyone = _kept(table, window, table.everyone)
    ranked, _ = METRICS[by]
    chosen = first(_sums(everyone.values(), RANKED.index(ranked)), count)

    def kept(part: Window, period: int) -> Mapping[datetime, Mapping[str, Counts]]:
        found: defaultdict[datetime, dict[str, Counts]] = defaultdict(dict)
        for name, counts in table.tenants(chosen, part, period).items():
            for at, each in counts.items():
                found[at][name] = each
        return found

    by_period = _kept(table, window, kept)
    tenants = {
        name: _in_periods(
            {at: each[name] for at, each in by_period.items() if name in each}, window
        )
        for name in chosen
    }
    total = _in_periods({at: each.total for at, each in everyone.items()}, window)
    return Traffic(window, until, total, tenants)


def sum_of_tenant(table: TrafficTable, window: Window, tenant_id: str) -> Counts:
    """Return a tenant's requests of a whole window."""

    def kept(part: Window, period: int) -> Mapping[datetime, Counts]:
        return table.tenant(tenant_id, part, period)

    return sum(_kept(table, window, kept).values(), Counts())


def requests_of_tier(table: TrafficTable, window: Window, tier: str) -> int:
    """Return how many requests a tier's tenants made in a whole window."""
    return sum(each.tiers.get(tier, 0) for each in _kept(table, window, table.everyone).values())


def _seen(table: TrafficTable) -> datetime | None:
    return table.seen(SHORT)


def _kept(
    table: TrafficTable,
    window: Window,
    read: Callable[[Window, int], Mapping[datetime, _Kept]],
) -> dict[datetime, _Kept]:
    """Return what is kept: of the long periods those that are over, of the rest the short ones."""
    if window.kept == SHORT:
        return dict(read(window, SHORT))
    over = table.until(LONG) or floor(window.start, LONG)
    split = min(max(over, window.start), window.end)
    found: dict[datetime, _Kept] = {}
    if window.start < split:
        found.update(read(replace(window, end=split), LONG))
    if split < window.end:
        found.update(read(replace(window, start=split), SHORT))
    return found


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

"""From records to a statement: pure, and the same whatever the order and the repetitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from services.control_plane.metering.model import Line, Price, Statement, UsageRecord

_CENT = Decimal("0.01")
_ALWAYS = datetime.min.replace(tzinfo=UTC)
Prices = Sequence[Mapping[str, Any]]
_DIGITS = 100  # sums of any number of records stay exact


def statement(
    tenant_id: str, month: str, records: Iterable[UsageRecord], prices: Iterable[Price]
) -> Statement:
    """Return what a tenant used in a month, and what that costs.

    Records of other tenants and months do not count. Of records with the same event id one
    counts; if they contradict each other, the smallest, so that order decides nothing. Each record
    costs what its metric's price was when it was used: a price that changes within the month makes
    two lines.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> used = UsageRecord("e1", "t1", "calls", Decimal("3"), datetime(2026, 1, 5, tzinfo=UTC))
    >>> str(statement("t1", "2026-01", [used, used], [Price("calls", Decimal("0.335"))]).total)
    '1.01'
    """
    once: dict[str, UsageRecord] = {}
    for record in records:
        if record.tenant_id == tenant_id and record.month == month:
            known = once.get(record.event_id)
            once[record.event_id] = record if known is None else min(known, record)
    costs = _Costs(prices)
    with localcontext() as context:
        context.prec = _DIGITS
        sums: dict[tuple[str, str, Decimal], Decimal] = defaultdict(Decimal)
        for record in once.values():
            sums[record.metric, record.unit, costs.of(record)] += record.value
        lines = tuple(
            _line(metric, unit, quantity, price)
            for (metric, unit, price), quantity in sorted(sums.items())
        )
        total = sum((line.amount for line in lines), Decimal("0.00"))
    return Statement(tenant_id, month, lines, total)


class _Costs:
    """What each metric cost at each time."""

    def __init__(self, prices: Iterable[Price]) -> None:
        self._since: dict[str, list[tuple[datetime, Decimal]]] = defaultdict(list)
        for price in prices:
            self._since[price.metric].append((price.since or _ALWAYS, price.amount))
        for dated in self._since.values():
            dated.sort(key=lambda each: each[0])  # stable: of two at one time the latter counts

    def of(self, record: UsageRecord) -> Decimal:
        """Return what one unit of a record costs; nothing while its metric has no price."""
        dated = self._since.get(record.metric, ())
        return next((amount for at, amount in reversed(dated) if at <= record.at), Decimal(0))


def dated(
    current: Prices, changes: Sequence[tuple[datetime, Prices, Prices]]
) -> list[Mapping[str, Any]]:
    """Return a tenant's prices, each with the time `since` which it counts.

    Parameters
    ----------
    current : sequence of Mapping
        The prices that it has now.
    changes : sequence of tuple of datetime and two sequences of Mapping
        When they were changed, and what they were before and after it; oldest first. What was
        before the first change counts from the beginning.

    Examples
    --------
    >>> price = {"metricName": "calls", "amount": "2"}
    >>> at = datetime(2026, 2, 1, tzinfo=UTC)
    >>> dated([price], [(at, [], [price])])[0]["since"]
    '2026-02-01T00:00:00+00:00'
    """
    first = changes[0][1] if changes else current
    found: list[Mapping[str, Any]] = [{**price, "since": None} for price in first]
    for at, before, after in changes:
        since = at.isoformat()
        gone = _metrics(before) - _metrics(after)
        found += [{"metricName": m, "amount": "0", "since": since} for m in sorted(gone)]
        found += [{**price, "since": since} for price in after]
    return found


def _metrics(prices: Prices) -> set[str]:
    return {str(price["metricName"]) for price in prices if "amount" in price}


def _line(metric: str, unit: str, quantity: Decimal, price: Decimal) -> Line:
    amount = (quantity * price).quantize(_CENT, rounding=ROUND_HALF_UP)
    return Line(metric, unit, quantity, price, amount)

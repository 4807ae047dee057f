"""From records to a statement: pure, and the same whatever the order and the repetitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, localcontext

from services.metering.model import Line, Price, Statement, UsageRecord

_CENT = Decimal("0.01")
_DIGITS = 100  # sums of any number of records stay exact


def statement(
    tenant_id: str, month: str, records: Iterable[UsageRecord], prices: Iterable[Price]
) -> Statement:
    """Return what a tenant used in a month, and what that costs.

    Records of other tenants and months do not count. Of records with the same event id one
    counts; if they contradict each other, the smallest, so that order decides nothing.

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
    costs = {price.metric: price.amount for price in prices}
    with localcontext() as context:
        context.prec = _DIGITS
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for record in once.values():
            sums[record.metric, record.unit] += record.value
        lines = tuple(
            _line(metric, unit, quantity, costs.get(metric, Decimal(0)))
            for (metric, unit), quantity in sorted(sums.items())
        )
        total = sum((line.amount for line in lines), Decimal("0.00"))
    return Statement(tenant_id, month, lines, total)


def _line(metric: str, unit: str, quantity: Decimal, price: Decimal) -> Line:
    amount = (quantity * price).quantize(_CENT, rounding=ROUND_HALF_UP)
    return Line(metric, unit, quantity, price, amount)

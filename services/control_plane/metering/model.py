"""Usage, prices and statements: exact, so never a float."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from services.control_plane import ControlPlaneError


class UsageError(ControlPlaneError, ValueError):
    """A usage record or a price that cannot be counted."""


@dataclass(frozen=True)
class Meter:
    """A thing that is measured."""

    id: str
    name: str
    unit: str = ""

    def document(self) -> dict[str, str]:
        """Return it as the API shows it."""
        return {"meterId": self.id, "name": self.name, "unit": self.unit}


@dataclass(frozen=True)
class MeterPage:
    """Some meters, and the token that asks for the next ones; None at the end."""

    items: tuple[Meter, ...]
    next_token: str | None = None


@dataclass(frozen=True, order=True)
class UsageRecord:
    """One measured value.

    Attributes
    ----------
    event_id : str
        The same id is the same record, however often it comes.
    at : datetime
        When it was used, in UTC; it decides the month.
    """

    event_id: str
    tenant_id: str
    metric: str
    value: Decimal
    at: datetime
    unit: str = ""

    @property
    def month(self) -> str:
        """The month it belongs to, such as `2026-01`."""
        return f"{self.at:%Y-%m}"

    @classmethod
    def parse(cls, event_id: str, detail: Mapping[str, Any]) -> Self:
        """Return the record in the detail of an `ingestUsage` event.

        Raises
        ------
        UsageError
            If something is missing or no number, or no time.
        """
        try:
            metric = detail["metric"]
            moment = datetime.fromisoformat(str(detail["timestamp"]))
            return cls(
                event_id,
                str(detail["tenantId"]),
                str(metric["name"]),
                number(metric["value"]),
                # A time without a zone is UTC, as everything on the bus.
                moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC),
                str(metric.get("unit", "")),
            )
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise UsageError(f"usage {event_id}: {error!r}") from None
        except ValueError as error:
            raise UsageError(f"usage {event_id}: {error}") from None


@dataclass(frozen=True)
class Price:
    """What one unit of a metric costs.

    Attributes
    ----------
    since : datetime, optional
        What is used from then on costs this; by default whatever was used before another price.
    """

    metric: str
    amount: Decimal
    since: datetime | None = None

    @classmethod
    def parse(cls, price: Mapping[str, Any]) -> Self | None:
        """Return one of a tenant's `prices`; None if it is another billing's (it has no amount)."""
        if "amount" not in price:
            return None
        since = price.get("since")
        return cls(
            str(price["metricName"]),
            number(price["amount"]),
            datetime.fromisoformat(since) if since else None,
        )


@dataclass(frozen=True)
class Line:
    """One metric of a statement."""

    metric: str
    unit: str
    quantity: Decimal
    price: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Statement:
    """What a tenant used in a month, and what that costs.

    Attributes
    ----------
    total : Decimal
        To the cent: the sum of the lines, each rounded once.
    """

    tenant_id: str
    month: str
    lines: tuple[Line, ...]
    total: Decimal

    def document(self) -> dict[str, Any]:
        """Return it for JSON: numbers as strings, because a float would not be exact."""
        return {
            "tenantId": self.tenant_id,
            "month": self.month,
            "total": str(self.total),
            "lines": [
                {
                    "metricName": line.metric,
                    "unit": line.unit,
                    "quantity": plain(line.quantity),
                    "price": plain(line.price),
                    "amount": str(line.amount),
                }
                for line in self.lines
            ],
        }


def number(value: object) -> Decimal:
    """Return a number exactly as it was written.

    Raises
    ------
    UsageError
        If it is none, is infinite, or has more digits than are counted exactly (18 before the
        point, 12 after it).
    """
    if isinstance(value, bool):
        raise UsageError(f"{value!r} is no number")
    try:
        parsed = Decimal(str(value))
    except InvalidOperation:
        raise UsageError(f"{value!r} is no number") from None
    if not parsed.is_finite():
        raise UsageError(f"{value!r} is no number")
    exponent = parsed.as_tuple().exponent
    if parsed.adjusted() > 17 or (isinstance(exponent, int) and exponent < -12):
        raise UsageError(f"{value!r}: at most 18 digits before the point and 12 after it")
    return parsed


def plain(value: Decimal) -> str:
    """Return a number without exponent and without zeros that say nothing."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

"""The built-in metering: nothing is summed before it is asked for, so nothing can drift."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from services.metering.interfaces import Ledger
from services.metering.model import Price, Statement, UsageRecord
from services.metering.statement import statement


class ExactMetering:
    """Counts each usage event once and makes statements from the records themselves.

    A record that comes late goes into the month it was used in, and that month's statement, made
    again, has it. Making a statement again without new records gives the same figures.

    Parameters
    ----------
    ledger : Ledger
        Where records are kept.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def ingest(self, event_id: str, detail: Mapping[str, Any]) -> bool:
        """Count the detail of an `ingestUsage` event; False if it had been counted.

        Raises
        ------
        UsageError
            If it cannot be counted exactly.
        """
        return self._ledger.add(UsageRecord.parse(event_id, detail))

    def put_usage(self, event_id: str, detail: Mapping[str, Any]) -> bool:
        """Put usage on a tenant's account: the billing interface's name for `ingest`."""
        return self.ingest(event_id, detail)

    def statement(
        self, tenant_id: str, month: str, prices: Iterable[Mapping[str, Any]]
    ) -> Statement:
        """Return a tenant's statement of a month.

        Parameters
        ----------
        month : str
            Such as `2026-01`, in UTC.
        prices : Iterable of Mapping
            The tenant's `prices`; those with an `amount` (per unit, a string) are ours.
        """
        ours = [found for price in prices if (found := Price.parse(price))]
        return statement(tenant_id, month, self._ledger.records(tenant_id, month), ours)

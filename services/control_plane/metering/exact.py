"""The built-in metering: nothing is summed before it is asked for, so nothing can drift."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.control_plane.metering.interfaces import Ledger, Meters
from services.control_plane.metering.model import (
    Meter,
    MeterPage,
    Price,
    Statement,
    UsageRecord,
    plain,
)
from services.control_plane.metering.statement import statement


class ExactMetering:
    """Counts each usage event once and makes statements from the records themselves.

    A record that comes late goes into the month it was used in, and that month's statement, made
    again, has it. Making a statement again without new records gives the same figures.

    Parameters
    ----------
    ledger : Ledger
        Where records are kept.
    meters : Meters
        Where meters are kept. Usage is counted whether there is a meter for it or not.
    new_id : callable, optional
        Returns a new meter's id; a uuid4 by default.
    """

    def __init__(
        self,
        ledger: Ledger,
        meters: Meters,
        *,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._ledger = ledger
        self._meters = meters
        self._new_id = new_id

    def create_meter(self, name: str, unit: str) -> Meter:
        """Begin to measure something.

        Raises
        ------
        MeterExistsError
            If there is a meter of that name.
        """
        meter = Meter(self._new_id(), name, unit)
        self._meters.put_new(meter)
        return meter

    def meters(self, limit: int, token: str | None) -> MeterPage:
        """Return some meters, by name."""
        return self._meters.page(limit, token)

    def meter(self, meter_id: str) -> Meter:
        """Return one meter, or raise `MeterUnknownError`."""
        return self._meters.get(meter_id)

    def update_meter(self, meter_id: str, name: str | None, unit: str | None) -> Meter:
        """Change a meter's name or unit; what is None stays."""
        before = self._meters.get(meter_id)
        given = {"name": name, "unit": unit}
        after = replace(before, **{k: value for k, value in given.items() if value is not None})
        self._meters.replace(before, after)
        return after

    def delete_meter(self, meter_id: str) -> None:
        """Measure it no longer; what was used stays."""
        self._meters.remove(self._meters.get(meter_id))

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

    def cancel_usage(self, event_ids: Sequence[str]) -> tuple[str, ...]:
        """Take records back that were a mistake; return those that counted until now.

        They stay taken back when their events come again.
        """
        return tuple(given for given in dict.fromkeys(event_ids) if self._ledger.cancel(given))

    def usage(self, meter_id: str, tenant_id: str, month: str) -> str:
        """Return what a tenant used of a meter in a month; a meter without unit counts all."""
        meter = self._meters.get(meter_id)
        made = statement(tenant_id, month, self._ledger.records(tenant_id, month), ())
        quantities = [
            line.quantity
            for line in made.lines
            if line.metric == meter.name and meter.unit in ("", line.unit)
        ]
        return plain(sum(quantities[1:], quantities[0])) if quantities else "0"

    def statement(
        self, tenant_id: str, month: str, prices: Iterable[Mapping[str, Any]]
    ) -> Statement:
        """Return a tenant's statement of a month.

        Parameters
        ----------
        month : str
            Such as `2026-01`, in UTC.
        prices : Iterable of Mapping
            The tenant's `prices`; those with an `amount` (per unit, a string) are ours. One with
            `since` counts for what is used from then on.
        """
        ours = [found for price in prices if (found := Price.parse(price))]
        return statement(tenant_id, month, self._ledger.records(tenant_id, month), ours)

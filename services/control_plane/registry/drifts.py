"""What of tenants has drifted, as scans find it: one row each, closed when it is gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.control_plane.registry import items, keys
from services.control_plane.registry.queries import Queries
from services.control_plane.registry.records import AuditEntry, DriftRecord, Page
from services.control_plane.registry.table import Listing, Table
from services.control_plane.registry.transaction import Transaction, until_written
from services.control_plane.registry.ulid import ulid


class Drifts:
    """Notes and lists drift.

    Parameters
    ----------
    table : Table
    queries : Queries
    begin : callable
        Begins a transaction.
    clock : callable
        Returns the time, with its zone.
    """

    def __init__(
        self,
        table: Table,
        queries: Queries,
        begin: Callable[[], Transaction],
        clock: Callable[[], datetime],
    ) -> None:
        self._table = table
        self._queries = queries
        self._begin = begin
        self._clock = clock

    def of(self, tenant_id: str) -> DriftRecord:
        """Return what was found of a tenant last, or raise `TenantUnknownError`."""
        self._queries.tenant(tenant_id)
        return self._stored(tenant_id)

    def open(self, limit: int = 100, token: str | None = None) -> Page[DriftRecord]:
        """Return the drift that is not closed, what was found first at the beginning."""
        found, following = self._table.page(Listing(keys.DRIFT, "byName"), limit, token)
        return Page(tuple(map(items.drift_of, found)), following)

    def note(
        self,
        tenant_id: str,
        attributes: Sequence[tuple[str, str]],
        *,
        more: int = 0,
        actor: str,
    ) -> DriftRecord:
        """Record what a scan found; nothing found closes what was open.

        The audit has an entry for each change of what is found, and none for a scan that finds
        the same again.

        Raises
        ------
        TenantUnknownError
        """

        def once() -> DriftRecord:
            self._queries.tenant(tenant_id)
            before, at = self._stored(tenant_id), self._clock()
            found = replace(before, attributes=tuple(attributes), more=more, checked_at=at)
            if found.open:
                since = before.since if before.open else at
                found = replace(found, since=since, closed_at=None)
            elif before.open:
                found = replace(found, closed_at=at)
            write = self._begin()
            write.put(items.drift_item(found))
            if _shown(found) != _shown(before):
                shown = {"before": _shown(before), "after": _shown(found)}
                audit = AuditEntry(ulid(at), at, actor, "tenant.drift", tenant_id, **shown)
                write.put_new(items.audit_item(audit))
            write.commit()
            return found

        return until_written(once)

    def _stored(self, tenant_id: str) -> DriftRecord:
        found = self._table.get(keys.drift_key(tenant_id))
        return items.drift_of(found) if found else DriftRecord(tenant_id)


def _shown(record: DriftRecord) -> Mapping[str, Any]:
    """Return what the audit tells: the names, as the values may be secret."""
    return {"drifted": [" ".join(each).strip() for each in record.attributes], "more": record.more}

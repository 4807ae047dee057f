"""How operations end: what the application plane reports, recorded once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from services.control_plane.registry import changes, items, keys
from services.control_plane.registry.changes import Change
from services.control_plane.registry.queries import Queries
from services.control_plane.registry.records import TenantRecord
from services.control_plane.registry.transaction import (
    CancelledError,
    Transaction,
    Why,
    until_written,
)
from services.tenancy.operation import Operation
from services.tenancy.operations import OperationKind, State

_EVENT_LIFE: Final = timedelta(days=35)
_JOB: Final = "application-plane"


class Results:
    """Records how operations ended.

    Parameters
    ----------
    queries : Queries
    begin : callable
        Begins a transaction.
    clock : callable
        Returns the time, with its zone.
    """

    def __init__(
        self, queries: Queries, begin: Callable[[], Transaction], clock: Callable[[], datetime]
    ) -> None:
        self._queries = queries
        self._begin = begin
        self._clock = clock

    def succeed(
        self,
        registration_id: str,
        *,
        event_id: str,
        operation_id: str | None = None,
        kinds: Collection[OperationKind] | None = None,
        tenant_data: Mapping[str, Any] | None = None,
        registration_data: Mapping[str, Any] | None = None,
    ) -> bool:
        """Record that an operation ended well, with what its job gave back.

        Parameters
        ----------
        operation_id : str, optional
            The tenant's running operation by default (a toolkit's job does not know it).
        kinds : Collection of OperationKind, optional
            The kinds that the event can be about. Any by default.

        Returns
        -------
        bool
            False if nothing changed: the event came before, or is about an operation that does
            not run (any more).

        Raises
        ------
        RegistrationUnknownError
        """
        outputs = {"tenant_data": tenant_data, "registration_data": registration_data}
        return self._end(registration_id, event_id, operation_id, kinds, outputs)

    def fail(
        self,
        registration_id: str,
        *,
        event_id: str,
        reason: str,
        log_url: str | None = None,
        operation_id: str | None = None,
        kinds: Collection[OperationKind] | None = None,
    ) -> bool:
        """Record that an operation failed, why, and where its log is; see `succeed`."""
        failure = {"reason": reason or "no reason was given", "log_url": log_url}
        return self._end(registration_id, event_id, operation_id, kinds, failure)

    def _end(
        self,
        registration_id: str,
        event_id: str,
        operation_id: str | None,
        kinds: Collection[OperationKind] | None,
        how: Mapping[str, Any],
    ) -> bool:
        def once() -> bool:
            registration = self._queries.registration(registration_id)
            tenant = self._queries.tenant(registration.tenant_id)
            at = self._clock()
            write = self._begin()
            consumed = items.item(keys.event_key(event_id), expiresAt=keys.epoch(at + _EVENT_LIFE))
            write.put_new(consumed, Why.EVENT_SEEN)
            operation = self._running(tenant, operation_id)
            applies = operation is not None and (kinds is None or operation.kind in kinds)
            if operation is not None and applies:
                queued = (
                    self._queries.operation(tenant.id, tenant.queued) if tenant.queued else None
                )
                change = changes.ending(
                    tenant, registration, operation, at=at, queued=queued, **how
                )
                if change.tenant.status is State.DELETED:
                    write.free_name(tenant.name, tenant.id)
                action = f"{operation.kind}.{change.operations[0].status.lower()}"
                before = Change(tenant, registration)
                write.change(change, before, action=action, actor=_JOB)
            write.commit()
            return applies

        try:
            return until_written(once)
        except CancelledError as cancelled:
            if cancelled.why is Why.EVENT_SEEN:
                return False
            raise

    def _running(self, tenant: TenantRecord, operation_id: str | None) -> Operation | None:
        """Return the operation that runs on the tenant, unless it is not the one meant."""
        if tenant.running is None or operation_id not in (None, tenant.running):
            return None
        return self._queries.operation(tenant.id, tenant.running)

"""How operations end: what the application plane reports, recorded once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, Final

from services.control_plane.registry import changes, items
from services.control_plane.registry.changes import Change
from services.control_plane.registry.recording import Recording
from services.control_plane.registry.records import Tenant
from services.control_plane.registry.writing import CancelledError, Why
from services.tenancy.lifecycle import OperationKind, State
from services.tenancy.operation import Operation

_EVENT_LIFE: Final = timedelta(days=35)
_JOB: Final = "application-plane"


class Ending(Recording):
    """The half of a registry that hears how operations ended."""

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
            registration = self.registration(registration_id)
            tenant = self.tenant(registration.tenant_id)
            at = self._clock()
            write = self._transaction()
            consumed = items.item(
                items.event_key(event_id), expiresAt=items.epoch(at + _EVENT_LIFE)
            )
            write.put_new(consumed, Why.EVENT_SEEN)
            operation = self._running(tenant, operation_id)
            applies = operation is not None and (kinds is None or operation.kind in kinds)
            if operation is not None and applies:
                queued = self.operation(tenant.id, tenant.queued) if tenant.queued else None
                change = changes.ending(
                    tenant, registration, operation, at=at, queued=queued, **how
                )
                if change.tenant.status is State.DELETED:
                    write.free_name(tenant.name, tenant.id)
                action = f"{operation.kind}.{change.operations[0].status.lower()}"
                before = Change(tenant, registration)
                self._put_change(write, change, before, action=action, actor=_JOB)
            write.commit()
            return applies

        try:
            return self._until_written(once)
        except CancelledError as cancelled:
            if cancelled.why is Why.EVENT_SEEN:
                return False
            raise

    def _running(self, tenant: Tenant, operation_id: str | None) -> Operation | None:
        """Return the operation that runs on the tenant, unless it is not the one meant."""
        if tenant.running is None or operation_id not in (None, tenant.running):
            return None
        return self.operation(tenant.id, tenant.running)

"""What callers ask of the registry: each request is one transaction, whatever it writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.control_plane.registry import changes, items, keys, validation
from services.control_plane.registry.changes import Change
from services.control_plane.registry.errors import (
    NameTakenError,
    OperationRunningError,
    RegistrationUnknownError,
    VersionConflictError,
)
from services.control_plane.registry.idempotency import Asked, IdempotencyKeys
from services.control_plane.registry.queries import Queries
from services.control_plane.registry.records import RegistrationRecord, TenantRecord
from services.control_plane.registry.transaction import (
    CancelledError,
    Transaction,
    Why,
    until_written,
)
from services.control_plane.registry.ulid import ulid
from services.tenancy.lifecycle import TransitionRefusedError, corrects
from services.tenancy.operation import Operation, OperationStatus
from services.tenancy.operations import SPECS, OperationKind, State


class Commands:
    """Registers tenants, changes rows, and asks for operations.

    Parameters
    ----------
    queries : Queries
    idempotency : IdempotencyKeys
    begin : callable
        Begins a transaction.
    clock : callable
        Returns the time, with its zone.
    new_id : callable
        Returns a new id for a tenant or a registration.
    release : str
        The release of a tenant that asks for none.
    """

    def __init__(
        self,
        queries: Queries,
        idempotency: IdempotencyKeys,
        begin: Callable[[], Transaction],
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        release: str,
    ) -> None:
        self._queries = queries
        self._keys = idempotency
        self._begin = begin
        self._clock = clock
        self._new_id = new_id
        self._release = release

    def register(
        self,
        tenant_data: Mapping[str, Any],
        registration_data: Mapping[str, Any] | None = None,
        *,
        actor: str,
        idempotency_key: str | None = None,
    ) -> RegistrationRecord:
        """Register a tenant and ask for its onboarding.

        Parameters
        ----------
        tenant_data : Mapping
            `tenantName`, `email`, `tier`; optionally `release`, `overrides`, `federation`; whatever
            else the caller wants to keep.
        registration_data : Mapping, optional
            What the caller wants to keep of the registration, `registrationStatus` for instance.
        idempotency_key : str, optional
            The same actor's same request under the same key is answered with the same
            registration for a day.

        Raises
        ------
        TenantDocumentError
            With every problem of `tenant_data`.
        FieldRefusedError
            If the caller sets system fields.
        NameTakenError
            If another tenant has the name.
        IdempotencyMismatchError
            If the key came with another request before.
        """
        kept = validation.registration_fields(registration_data or {})
        asked = Asked(actor, idempotency_key, validation.fingerprint("register", tenant_data, kept))

        def once() -> RegistrationRecord:
            if answered := self._keys.answered(asked):
                return self._queries.registration(answered)
            at, tenant_id, registration_id = self._clock(), self._new_id(), self._new_id()
            tenant = validation.tenant_from(
                tenant_data, tenant_id, registration_id, self._release, at
            )
            registration = RegistrationRecord(registration_id, tenant_id, kept, at, at)
            validation.require_carried(tenant, registration)
            operation = self._operation(
                tenant, OperationKind.ONBOARD, actor, at, key=idempotency_key
            )
            change = changes.onboarding(tenant, registration, operation)
            write = self._begin()
            name = items.item(keys.name_key(tenant.name), tenantId=tenant.id)
            write.put_new(name, Why.NAME_TAKEN)
            self._keys.put(write, asked, registration_id)
            write.change(change, None, action="tenant.register", actor=actor)
            write.commit()
            return change.registration

        try:
            return until_written(once)
        except CancelledError as cancelled:
            if cancelled.why is Why.NAME_TAKEN:
                raise NameTakenError(str(tenant_data.get("tenantName"))) from None
            raise

    def update_registration(
        self,
        registration_id: str,
        *,
        registration_data: Mapping[str, Any] | None = None,
        tenant_data: Mapping[str, Any] | None = None,
        actor: str,
        version: int | None = None,
    ) -> tuple[RegistrationRecord, TenantRecord | None]:
        """Change the caller's own fields of a registration, its tenant's, or both.

        Returns
        -------
        tuple of RegistrationRecord and TenantRecord
            The tenant is None if `tenant_data` is.

        Raises
        ------
        RegistrationUnknownError
            If there is none, or it is offboarded.
        FieldRefusedError
            Also for name, tier and release: operations change them.
        VersionConflictError
            If `version` is given and is not the registration's any more.
        """

        def once() -> tuple[RegistrationRecord, TenantRecord | None]:
            registration = self._queries.registration(registration_id)
            if not registration.active:
                raise RegistrationUnknownError(registration_id)
            if version not in (None, registration.version):
                raise VersionConflictError(f"registration {registration_id}", version)
            tenant = self._queries.tenant(registration.tenant_id)
            at = self._clock()
            before = Change(tenant, registration)
            if registration_data is not None:
                given = validation.registration_fields(registration_data)
                data = {**registration.data, **given}
                registration = replace(
                    registration, data=data, updated_at=at, version=registration.version + 1
                )
            if tenant_data is not None:
                email, data = validation.changed_tenant(tenant, tenant_data)
                tenant = replace(tenant, email=email, data=data)
            tenant = replace(tenant, updated_at=at, version=tenant.version + 1)
            validation.require_carried(tenant, registration)
            change = Change(tenant, registration)
            write = self._begin()
            write.change(change, before, action="registration.update", actor=actor)
            write.commit()
            return registration, tenant if tenant_data is not None else None

        return until_written(once)

    def deregister(
        self, registration_id: str, *, actor: str, idempotency_key: str | None = None
    ) -> Operation:
        """Ask for a registration's tenant to be offboarded; twice is one offboarding.

        While another operation runs the offboarding is QUEUED, and begins when that has ended.

        Raises
        ------
        RegistrationUnknownError, IdempotencyMismatchError
        """
        tenant_id = self._queries.registration(registration_id).tenant_id
        return self.request(tenant_id, OperationKind.OFFBOARD, actor=actor, key=idempotency_key)

    def request(
        self,
        tenant_id: str,
        kind: OperationKind,
        *,
        actor: str,
        key: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Operation:
        """Ask for an operation on a tenant: update, move, suspend, resume, reconcile, offboard.

        After an update that failed, another one corrects it and a reconciliation gives it up; a
        move that failed is given up by `{"rollback": True}`.

        Parameters
        ----------
        key : str, optional
            Idempotency key.
        parameters : Mapping, optional
            `{"tier": ...}` to move, `{"confirm": True}` to drop what the last move has kept,
            `{"rollback": True}` to move back to it; `{"release": ..., "overrides": {...},
            "federation": [...]}` to update.

        Raises
        ------
        TenantUnknownError, IdempotencyMismatchError
        TransitionRefusedError
            If the tenant's state does not allow it.
        OperationRunningError
            If another operation has not ended (an offboarding waits for it instead).
        MoveUnconfirmedError
            If the tenant is to move on before its last move is confirmed.
        NothingKeptError
            If there is no move to confirm or to roll back.
        FieldRefusedError, TenantDocumentError
            If the tenant would not be one with these parameters.
        """
        asked = Asked(actor, key, validation.fingerprint(tenant_id, kind, parameters or {}))

        def once() -> Operation:
            if answered := self._keys.answered(asked):
                return self._queries.operation(tenant_id, answered)
            tenant = self._queries.tenant(tenant_id)
            queues = SPECS[kind].queues
            if queues and (known := self._asked_before(tenant, kind)):
                return known
            if tenant.running and not queues:
                raise OperationRunningError(tenant.id, tenant.running, kind)
            at = self._clock()
            failed = None if tenant.running else self._corrected(tenant, kind, parameters or {})
            given_up = failed if kind is OperationKind.MOVE else None
            checked = validation.checked_parameters(tenant, kind, parameters or {}, given_up)
            operation = self._operation(tenant, kind, actor, at, key=key, parameters=checked)
            registration = self._queries.registration(tenant.registration_id)
            if kind is OperationKind.UPDATE:
                wanted = changes.fulfilled(tenant, operation)
                validation.require_carried(wanted, registration, checked)
            change = (
                changes.queueing(tenant, registration, operation)
                if tenant.running
                else changes.beginning(
                    changes.giving_up(tenant, given_up), registration, operation, failed
                )
            )
            return self._write(change, Change(tenant, registration), asked)

        return until_written(once)

    def retry(self, tenant_id: str, *, actor: str, key: str | None = None) -> Operation:
        """Ask for the operation that failed to be repeated.

        Raises
        ------
        TenantUnknownError, IdempotencyMismatchError, TransitionRefusedError, OperationRunningError
        """
        asked = Asked(actor, key, validation.fingerprint(tenant_id, "retry"))

        def once() -> Operation:
            if answered := self._keys.answered(asked):
                return self._queries.operation(tenant_id, answered)
            tenant = self._queries.tenant(tenant_id)
            if tenant.running:
                raise OperationRunningError(tenant.id, tenant.running, "retry")
            if tenant.status is not State.FAILED or tenant.last_operation is None:
                raise TransitionRefusedError(tenant.status, "retry", (State.FAILED,))
            failed = self._queries.operation(tenant.id, tenant.last_operation)
            # What the failed one has done is no longer to be planned: its plan cannot be the same.
            again = {name: value for name, value in failed.parameters.items() if name != "plan"}
            operation = self._operation(
                tenant, failed.kind, actor, self._clock(), key=key, parameters=again
            )
            operation = replace(operation, attempt=failed.attempt + 1, retry_of=failed.id)
            registration = self._queries.registration(tenant.registration_id)
            change = changes.beginning(tenant, registration, operation, failed)
            return self._write(change, Change(tenant, registration), asked)

        return until_written(once)

    def _corrected(
        self, tenant: TenantRecord, kind: OperationKind, parameters: Mapping[str, Any]
    ) -> Operation | None:
        """Return the operation that failed and that one of `kind` takes the place of."""
        if tenant.status is not State.FAILED or tenant.last_operation is None:
            return None
        failed = self._queries.operation(tenant.id, tenant.last_operation)
        gives_up = kind is failed.kind and "rollback" in parameters and "tier" in failed.parameters
        return failed if gives_up or corrects(kind, failed.kind) else None

    def _asked_before(self, tenant: TenantRecord, kind: OperationKind) -> Operation | None:
        """Return the operation of `kind` that is queued, runs, or has made the tenant's end."""
        if tenant.queued:
            return self._queries.operation(tenant.id, tenant.queued)
        if tenant.last_operation and tenant.status in (SPECS[kind].running, SPECS[kind].done):
            return self._queries.operation(tenant.id, tenant.last_operation)
        return None

    def _write(self, change: Change, before: Change, asked: Asked) -> Operation:
        operation = change.operations[0]
        write = self._begin()
        self._keys.put(write, asked, operation.id)
        action = f"tenant.{'retry' if operation.retry_of else operation.kind}"
        write.change(change, before, action=action, actor=asked.actor)
        write.commit()
        return operation

    def _operation(
        self,
        tenant: TenantRecord,
        kind: OperationKind,
        actor: str,
        at: datetime,
        *,
        key: str | None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Operation:
        return Operation(
            id=ulid(at),
            tenant_id=tenant.id,
            registration_id=tenant.registration_id,
            kind=kind,
            status=OperationStatus.QUEUED,
            actor=actor,
            requested_at=at,
            key=key,
            parameters=parameters or {},
        )

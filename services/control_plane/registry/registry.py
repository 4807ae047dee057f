"""The registry of tenants: every write is one transaction, every list is a query of an index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from services.control_plane.registry import changes, demands, items
from services.control_plane.registry.changes import Change
from services.control_plane.registry.ending import Ending
from services.control_plane.registry.errors import (
    NameTakenError,
    OperationRunningError,
    RegistrationUnknownError,
    VersionConflictError,
)
from services.control_plane.registry.recording import Asked
from services.control_plane.registry.records import Registration, Tenant
from services.control_plane.registry.ulid import ulid
from services.control_plane.registry.writing import CancelledError, Why
from services.tenancy.lifecycle import MoveRefusedError, OperationKind, State, corrects
from services.tenancy.operation import Operation, OperationStatus

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class Registry(Ending):
    """What tenants there should be, what is being done to them, and all that was.

    Parameters
    ----------
    client : DynamoDBClient
    table : str
        The registry table's name.
    clock : callable
        Returns the time, with its zone.
    new_id : callable
        Returns a new id for a tenant or a registration (a uuid4).
    release : str, default "latest"
        The release of a tenant that asks for none.
    retention : timedelta, default 90 days
        How long an offboarded tenant's tombstone is kept.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        release: str = "latest",
        retention: timedelta = timedelta(days=90),
    ) -> None:
        super().__init__(client, table, clock=clock, retention=retention)
        self._new_id = new_id
        self._release = release

    def register(
        self,
        tenant_data: Mapping[str, Any],
        registration_data: Mapping[str, Any] | None = None,
        *,
        actor: str,
        idempotency_key: str | None = None,
    ) -> Registration:
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
        kept = demands.registration_fields(registration_data or {})
        asked = Asked(actor, idempotency_key, demands.fingerprint("register", tenant_data, kept))

        def once() -> Registration:
            if answered := self._answered(asked):
                return self.registration(answered)
            at, tenant_id, registration_id = self._clock(), self._new_id(), self._new_id()
            tenant = demands.tenant_from(tenant_data, tenant_id, registration_id, self._release, at)
            registration = Registration(registration_id, tenant_id, kept, at, at)
            demands.require_carried(tenant, registration)
            operation = self._operation(
                tenant, OperationKind.ONBOARD, actor, at, key=idempotency_key
            )
            change = changes.onboarding(tenant, registration, operation)
            write = self._transaction()
            name = items.item(items.name_key(tenant.name), tenantId=tenant.id)
            write.put_new(name, Why.NAME_TAKEN)
            self._put_key(write, asked, registration_id)
            self._put_change(write, change, None, action="tenant.register", actor=actor)
            write.commit()
            return change.registration

        try:
            return self._until_written(once)
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
    ) -> tuple[Registration, Tenant | None]:
        """Change the caller's own fields of a registration, its tenant's, or both.

        Returns
        -------
        tuple of Registration and Tenant
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

        def once() -> tuple[Registration, Tenant | None]:
            registration = self.registration(registration_id)
            if not registration.active:
                raise RegistrationUnknownError(registration_id)
            if version not in (None, registration.version):
                raise VersionConflictError(f"registration {registration_id}", version)
            tenant = self.tenant(registration.tenant_id)
            at = self._clock()
            before = Change(tenant, registration)
            if registration_data is not None:
                given = demands.registration_fields(registration_data)
                data = {**registration.data, **given}
                registration = replace(
                    registration, data=data, updated_at=at, version=registration.version + 1
                )
            if tenant_data is not None:
                email, data = demands.changed_tenant(tenant, tenant_data)
                tenant = replace(tenant, email=email, data=data)
            tenant = replace(tenant, updated_at=at, version=tenant.version + 1)
            demands.require_carried(tenant, registration)
            change = Change(tenant, registration)
            write = self._transaction()
            self._put_change(write, change, before, action="registration.update", actor=actor)
            write.commit()
            return registration, tenant if tenant_data is not None else None

        return self._until_written(once)

    def deregister(
        self, registration_id: str, *, actor: str, idempotency_key: str | None = None
    ) -> Operation:
        """Ask for a registration's tenant to be offboarded; twice is one offboarding.

        While another operation runs the offboarding is QUEUED, and begins when that has ended.

        Raises
        ------
        RegistrationUnknownError, IdempotencyMismatchError
        """
        tenant_id = self.registration(registration_id).tenant_id
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

        After an update that failed, another one corrects it and a reconciliation gives it up.

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
        MoveRefusedError
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
        asked = Asked(actor, key, demands.fingerprint(tenant_id, kind, parameters or {}))

        def once() -> Operation:
            if answered := self._answered(asked):
                return self.operation(tenant_id, answered)
            tenant = self.tenant(tenant_id)
            offboarding = kind is OperationKind.OFFBOARD
            if offboarding and (known := self._offboarding(tenant)):
                return known
            if tenant.running and not offboarding:
                raise OperationRunningError(tenant.id, tenant.running, kind)
            at = self._clock()
            checked = demands.checked_parameters(tenant, kind, parameters or {})
            operation = self._operation(tenant, kind, actor, at, key=key, parameters=checked)
            registration = self.registration(tenant.registration_id)
            if kind is OperationKind.UPDATE:
                wanted = changes.fulfilled(tenant, operation)
                demands.require_carried(wanted, registration, checked)
            change = (
                changes.queueing(tenant, registration, operation)
                if tenant.running
                else changes.beginning(
                    tenant, registration, operation, self._corrected(tenant, kind)
                )
            )
            return self._write_request(change, Change(tenant, registration), asked)

        return self._until_written(once)

    def retry(self, tenant_id: str, *, actor: str, key: str | None = None) -> Operation:
        """Ask for the operation that failed to be repeated.

        Raises
        ------
        TenantUnknownError, IdempotencyMismatchError, MoveRefusedError, OperationRunningError
        """
        asked = Asked(actor, key, demands.fingerprint(tenant_id, "retry"))

        def once() -> Operation:
            if answered := self._answered(asked):
                return self.operation(tenant_id, answered)
            tenant = self.tenant(tenant_id)
            if tenant.running:
                raise OperationRunningError(tenant.id, tenant.running, "retry")
            if tenant.status is not State.FAILED or tenant.last_operation is None:
                raise MoveRefusedError(tenant.status, "retry", (State.FAILED,))
            failed = self.operation(tenant.id, tenant.last_operation)
            operation = self._operation(
                tenant, failed.kind, actor, self._clock(), key=key, parameters=failed.parameters
            )
            operation = replace(operation, attempt=failed.attempt + 1, retry_of=failed.id)
            registration = self.registration(tenant.registration_id)
            change = changes.beginning(tenant, registration, operation, failed)
            return self._write_request(change, Change(tenant, registration), asked)

        return self._until_written(once)

    def _corrected(self, tenant: Tenant, kind: OperationKind) -> Operation | None:
        """Return the operation that failed and that one of `kind` takes the place of."""
        if tenant.status is not State.FAILED or tenant.last_operation is None:
            return None
        failed = self.operation(tenant.id, tenant.last_operation)
        return failed if corrects(kind, failed.kind) else None

    def _offboarding(self, tenant: Tenant) -> Operation | None:
        """Return the offboarding that is queued, runs, or is done."""
        if tenant.queued:
            return self.operation(tenant.id, tenant.queued)
        if tenant.last_operation and tenant.status in (State.DEPROVISIONING, State.DELETED):
            return self.operation(tenant.id, tenant.last_operation)
        return None

    def _operation(
        self,
        tenant: Tenant,
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

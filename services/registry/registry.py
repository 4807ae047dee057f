"""The registry of tenants: every write is one transaction, every list is a query of an index."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.registry.records import AuditEntry, Move, Page, Registration, Tenant
from services.tenancy import Tier
from services.tenancy.lifecycle import OperationKind, State
from services.tenancy.operation import Operation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class Registry:
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
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        release: str = "latest",
    ) -> None:
        raise NotImplementedError

    # --- read ---------------------------------------------------------------------------------

    def registration(self, registration_id: str) -> Registration:
        """Return a registration (also an offboarded one's), or raise `RegistrationUnknown`."""
        raise NotImplementedError

    def registrations(self, limit: int = 10, token: str | None = None) -> Page[Registration]:
        """Return the registrations that are not offboarded, oldest first.

        Raises
        ------
        InvalidToken
            If `token` is not one that this list gave.
        """
        raise NotImplementedError

    def tenant(self, tenant_id: str) -> Tenant:
        """Return a tenant (also an offboarded one's tombstone), or raise `TenantUnknown`."""
        raise NotImplementedError

    def tenant_named(self, name: str) -> Tenant | None:
        """Return the tenant that has this name now, None if nobody has."""
        raise NotImplementedError

    def tenants(
        self,
        limit: int = 10,
        token: str | None = None,
        *,
        status: State | None = None,
        tier: Tier | None = None,
        release: str | None = None,
        sort: str = "name",
    ) -> Page[Tenant]:
        """Return tenants by name ("name" or "-name"), all that fulfil every filter given.

        Offboarded tenants are listed only if `status` asks for them.

        Raises
        ------
        InvalidToken, InvalidSort
        """
        raise NotImplementedError

    def operation(self, tenant_id: str, operation_id: str) -> Operation:
        """Return one operation, or raise `OperationUnknown`."""
        raise NotImplementedError

    def operations(
        self, tenant_id: str, limit: int = 10, token: str | None = None
    ) -> Page[Operation]:
        """Return a tenant's operations, newest first; raise `TenantUnknown`."""
        raise NotImplementedError

    def history(self, tenant_id: str, limit: int = 50, token: str | None = None) -> Page[Move]:
        """Return a tenant's moves from state to state, oldest first; raise `TenantUnknown`."""
        raise NotImplementedError

    def running_since(
        self, before: datetime, limit: int = 100, token: str | None = None
    ) -> Page[Operation]:
        """Return operations that began before `before` and still run, oldest first."""
        raise NotImplementedError

    def audit(self, day: str, limit: int = 50, token: str | None = None) -> Page[AuditEntry]:
        """Return what was written on a day ("2026-01-31", UTC), oldest first."""
        raise NotImplementedError

    # --- ask ----------------------------------------------------------------------------------

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
            `tenantName`, `email`, `tier`; optionally `release` and `overrides`; and whatever
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
        FieldRefused
            If the caller sets system fields.
        NameTaken
            If another tenant has the name.
        IdempotencyMismatch
            If the key came with another request before.
        services.events.InvalidDetail
            If the data is more than an event can carry.
        """
        raise NotImplementedError

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
        RegistrationUnknown, FieldRefused
            Name, tier and release are changed by operations, not here.
        VersionConflict
            If `version` is given and is not the registration's any more.
        """
        raise NotImplementedError

    def deregister(
        self, registration_id: str, *, actor: str, idempotency_key: str | None = None
    ) -> Operation:
        """Ask for a registration's tenant to be offboarded; twice is one offboarding.

        While another operation runs the offboarding is QUEUED, and begins when that has ended.

        Raises
        ------
        RegistrationUnknown
        """
        raise NotImplementedError

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

        Parameters
        ----------
        key : str, optional
            Idempotency key.
        parameters : Mapping, optional
            `{"tier": ...}` to move, `{"release": ..., "overrides": {...}}` to update.

        Raises
        ------
        TenantUnknown, IdempotencyMismatch
        MoveRefused
            If the tenant's state does not allow it.
        OperationRunning
            If another operation has not ended.
        TenantDocumentError
            If the tenant would not be one with these parameters.
        """
        raise NotImplementedError

    def retry(self, tenant_id: str, *, actor: str, key: str | None = None) -> Operation:
        """Ask for the operation that failed to be repeated.

        Raises
        ------
        TenantUnknown, IdempotencyMismatch, MoveRefused, OperationRunning
        """
        raise NotImplementedError

    # --- told by the application plane --------------------------------------------------------

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
        RegistrationUnknown
        """
        raise NotImplementedError

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
        raise NotImplementedError

    # --- the outbox and the audit log ---------------------------------------------------------

    def published(self, outbox_ids: Collection[tuple[str, str]]) -> None:
        """Note that these outbox entries (`OutboxEntry.key`) have reached the bus."""
        raise NotImplementedError

    def unpublished(
        self, before: datetime, limit: int = 100, token: str | None = None
    ) -> Page[Any]:
        """Return outbox entries written before `before` that nobody has noted as published."""
        raise NotImplementedError

    def record(
        self,
        *,
        actor: str,
        action: str,
        target: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> AuditEntry:
        """Write an audit entry for something done outside the registry (system users)."""
        raise NotImplementedError

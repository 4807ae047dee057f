"""What can be read of the registry: rows by key, lists by one query of an index each."""

from __future__ import annotations

from datetime import datetime

from services.contracts.registry_table import INDEXES, OPERATION, operation_key, tenant_key
from services.control_plane.registry import items, keys
from services.control_plane.registry.errors import (
    InvalidSortError,
    OperationUnknownError,
    RegistrationUnknownError,
    TenantUnknownError,
)
from services.control_plane.registry.records import (
    AuditEntry,
    Page,
    PriceChange,
    RegistrationRecord,
    TenantRecord,
    Transition,
)
from services.control_plane.registry.table import Listing, Table
from services.tenancy import Tier
from services.tenancy.lifecycle import serves
from services.tenancy.operation import Operation, OperationStatus
from services.tenancy.operations import State

_SORTS = ("name", "-name")


class Queries:
    """Reads rows and lists.

    Parameters
    ----------
    table : Table
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def registration(self, registration_id: str) -> RegistrationRecord:
        """Return a registration (also an offboarded one's), or raise `RegistrationUnknownError`."""
        found = self._table.get(keys.registration_key(registration_id))
        if found is None:
            raise RegistrationUnknownError(registration_id)
        return items.registration_of(found)

    def registrations(self, limit: int = 10, token: str | None = None) -> Page[RegistrationRecord]:
        """Return the registrations that are not offboarded, oldest first.

        Raises
        ------
        InvalidTokenError
            If `token` is not one that this list gave.
        """
        listing = Listing(keys.REGISTRATIONS, "byName")
        found, following = self._table.page(listing, limit, token)
        return Page(tuple(map(items.registration_of, found)), following)

    def tenant(self, tenant_id: str) -> TenantRecord:
        """Return a tenant (also an offboarded one's tombstone), or raise `TenantUnknownError`."""
        found = self._table.get(tenant_key(tenant_id))
        if found is None:
            raise TenantUnknownError(tenant_id)
        return items.tenant_of(found)

    def tenant_named(self, name: str) -> TenantRecord | None:
        """Return the tenant that has this name now, None if nobody has."""
        holder = self._table.get(keys.name_key(name))
        if holder is None:
            return None
        found = self._table.get(tenant_key(holder["tenantId"]["S"]))
        return items.tenant_of(found) if found else None

    def serves(self, tenant: TenantRecord) -> bool:
        """Return whether a tenant's users are let in, whatever is being done to it."""
        if tenant.status not in (State.UPDATING, State.FAILED) or tenant.last_operation is None:
            return tenant.status is State.ACTIVE
        last = self.operation(tenant.id, tenant.last_operation)
        return serves(tenant.status, last.kind, last.origin)

    def tenants(
        self,
        limit: int = 10,
        token: str | None = None,
        *,
        status: State | None = None,
        tier: Tier | None = None,
        release: str | None = None,
        sort: str = "name",
    ) -> Page[TenantRecord]:
        """Return tenants by name ("name" or "-name"), all that fulfil every filter given.

        Offboarded tenants are listed only if `status` asks for them. With more than one filter a
        page may be short although more follow: the token says so.

        Raises
        ------
        InvalidTokenError, InvalidSortError
        """
        if sort not in _SORTS:
            raise InvalidSortError(sort, _SORTS)
        wanted: dict[str, str] = {}
        if status is not None:
            wanted["byStatus"] = keys.status_key(status)
        if release is not None:
            wanted["byRelease"] = release
        if tier is not None:
            wanted["byTier"] = tier.value
        index = next(iter(wanted), "byName")
        partition = wanted.pop(index, keys.TENANTS)
        filters = {INDEXES[name][0]: value for name, value in wanted.items()}
        listing = Listing(partition, index, forward=sort == "name", filters=filters)
        found, following = self._table.page(listing, limit, token)
        return Page(tuple(map(items.tenant_of, found)), following)

    def operation(self, tenant_id: str, operation_id: str) -> Operation:
        """Return one operation, or raise `OperationUnknownError`."""
        found = self._table.get(operation_key(tenant_id, operation_id))
        if found is None:
            raise OperationUnknownError(tenant_id, operation_id)
        return items.operation_of(found)

    def operations(
        self, tenant_id: str, limit: int = 10, token: str | None = None
    ) -> Page[Operation]:
        """Return a tenant's operations, newest first; raise `TenantUnknownError`."""
        found, following = self._of_tenant(tenant_id, OPERATION, limit, token, False)
        return Page(tuple(map(items.operation_of, found)), following)

    def history(
        self, tenant_id: str, limit: int = 50, token: str | None = None
    ) -> Page[Transition]:
        """Return a tenant's transitions, oldest first; raise `TenantUnknownError`."""
        found, following = self._of_tenant(tenant_id, keys.TRANSITION, limit, token, True)
        return Page(tuple(map(items.transition_of, found)), following)

    def price_changes(self, tenant_id: str) -> tuple[PriceChange, ...]:
        """Return when a tenant's prices became other ones, oldest first; none if they never did."""
        listing = Listing.of_prefix(tenant_key(tenant_id)[0], keys.PRICES)
        changes: list[PriceChange] = []
        token: str | None = None
        while True:
            found, token = self._table.page(listing, 1000, token)
            changes += map(items.prices_of, found)
            if token is None:
                return tuple(changes)

    def running_since(
        self, before: datetime, limit: int = 100, token: str | None = None
    ) -> Page[Operation]:
        """Return operations that began before `before` and still run, oldest first."""
        partition = keys.operation_status_key(OperationStatus.RUNNING)
        listing = Listing(partition, "byStatus", sort_to=keys.stamp(before))
        found, following = self._table.page(listing, limit, token)
        return Page(tuple(map(items.operation_of, found)), following)

    def audit(self, day: str, limit: int = 50, token: str | None = None) -> Page[AuditEntry]:
        """Return what was written on a day ("2026-01-31", UTC), oldest first."""
        found, following = self._table.page(Listing(f"AUDIT#{day}"), limit, token)
        return Page(tuple(map(items.audit_of, found)), following)

    def _of_tenant(
        self, tenant_id: str, prefix: str, limit: int, token: str | None, forward: bool
    ) -> tuple[list[items.Item], str | None]:
        listing = Listing.of_prefix(tenant_key(tenant_id)[0], prefix, forward=forward)
        found, following = self._table.page(listing, limit, token)
        if not found:
            self.tenant(tenant_id)
        return found, following

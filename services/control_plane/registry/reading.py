"""What can be read of the registry: rows by key, lists by one query of an index each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.contracts.registry_table import INDEXES, PARTITION_KEY, SORT_KEY
from services.control_plane.registry import items, tokens
from services.control_plane.registry.errors import (
    InvalidSortError,
    InvalidTokenError,
    OperationUnknownError,
    RegistrationUnknownError,
    TenantUnknownError,
)
from services.control_plane.registry.outbox import OutboxEntry, entry_of
from services.control_plane.registry.records import (
    AuditEntry,
    Intent,
    Move,
    Page,
    PriceChange,
    Registration,
    Tenant,
)
from services.tenancy import Tier
from services.tenancy.lifecycle import State, serves
from services.tenancy.operation import Operation, OperationStatus

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

_SORTS = ("name", "-name")
_ROUNDS = 10  # queries for one page, if filters leave little of each
_FILTERED_READ = 250
_LONGEST_KEY = 1024  # bytes; what the registry writes is far shorter


@dataclass(frozen=True)
class _Listing:
    """One query: what it lists is also what its tokens are good for."""

    partition: str
    index: str | None = None
    sort_from: str | None = None
    sort_to: str | None = None
    forward: bool = True
    filters: Mapping[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        return repr((self.partition, self.index, self.forward, sorted(self.filters.items())))

    @property
    def attributes(self) -> tuple[str, str]:
        return INDEXES[self.index] if self.index else (PARTITION_KEY, SORT_KEY)

    @property
    def position(self) -> frozenset[str]:
        """The attributes of a position that are not the request's own."""
        known = {PARTITION_KEY, SORT_KEY, self.attributes[1]}
        return frozenset(known - {self.attributes[0]})

    def after(self, position: Mapping[str, str]) -> dict[str, Any]:
        """Return the key that a query goes on after."""
        return {
            name: {"S": value}
            for name, value in {**position, self.attributes[0]: self.partition}.items()
        }


class Reading:
    """The reading half of a registry."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def registration(self, registration_id: str) -> Registration:
        """Return a registration (also an offboarded one's), or raise `RegistrationUnknownError`."""
        found = self._get(items.registration_key(registration_id))
        if found is None:
            raise RegistrationUnknownError(registration_id)
        return items.registration_of(found)

    def registrations(self, limit: int = 10, token: str | None = None) -> Page[Registration]:
        """Return the registrations that are not offboarded, oldest first.

        Raises
        ------
        InvalidTokenError
            If `token` is not one that this list gave.
        """
        listing = _Listing(items.REGISTRATIONS, "byName")
        found, following = self._list(listing, limit, token)
        return Page(tuple(map(items.registration_of, found)), following)

    def tenant(self, tenant_id: str) -> Tenant:
        """Return a tenant (also an offboarded one's tombstone), or raise `TenantUnknownError`."""
        found = self._get(items.tenant_key(tenant_id))
        if found is None:
            raise TenantUnknownError(tenant_id)
        return items.tenant_of(found)

    def tenant_named(self, name: str) -> Tenant | None:
        """Return the tenant that has this name now, None if nobody has."""
        holder = self._get(items.name_key(name))
        if holder is None:
            return None
        found = self._get(items.tenant_key(holder["tenantId"]["S"]))
        return items.tenant_of(found) if found else None

    def serves(self, tenant: Tenant) -> bool:
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
    ) -> Page[Tenant]:
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
            wanted["byStatus"] = items.status_key(status)
        if release is not None:
            wanted["byRelease"] = release
        if tier is not None:
            wanted["byTier"] = tier.value
        index = next(iter(wanted), "byName")
        partition = wanted.pop(index, items.TENANTS)
        filters = {INDEXES[name][0]: value for name, value in wanted.items()}
        listing = _Listing(partition, index, forward=sort == "name", filters=filters)
        found, following = self._list(listing, limit, token)
        return Page(tuple(map(items.tenant_of, found)), following)

    def operation(self, tenant_id: str, operation_id: str) -> Operation:
        """Return one operation, or raise `OperationUnknownError`."""
        found = self._get(items.operation_key(tenant_id, operation_id))
        if found is None:
            raise OperationUnknownError(tenant_id, operation_id)
        return items.operation_of(found)

    def operations(
        self, tenant_id: str, limit: int = 10, token: str | None = None
    ) -> Page[Operation]:
        """Return a tenant's operations, newest first; raise `TenantUnknownError`."""
        found, following = self._of_tenant(tenant_id, items.OPERATION, limit, token, False)
        return Page(tuple(map(items.operation_of, found)), following)

    def history(self, tenant_id: str, limit: int = 50, token: str | None = None) -> Page[Move]:
        """Return a tenant's moves from state to state, oldest first; raise `TenantUnknownError`."""
        found, following = self._of_tenant(tenant_id, items.MOVE, limit, token, True)
        return Page(tuple(map(items.move_of, found)), following)

    def price_changes(self, tenant_id: str) -> tuple[PriceChange, ...]:
        """Return when a tenant's prices became other ones, oldest first; none if they never did."""
        partition, start = items.tenant_key(tenant_id)[0], items.PRICES
        listing = _Listing(partition, sort_from=start, sort_to=start[:-1] + "$")
        changes: list[PriceChange] = []
        token: str | None = None
        while True:
            found, token = self._list(listing, 1000, token)
            changes += map(items.prices_of, found)
            if token is None:
                return tuple(changes)

    def running_since(
        self, before: datetime, limit: int = 100, token: str | None = None
    ) -> Page[Operation]:
        """Return operations that began before `before` and still run, oldest first."""
        partition = items.operation_status_key(OperationStatus.RUNNING)
        listing = _Listing(partition, "byStatus", sort_to=items.stamp(before))
        found, following = self._list(listing, limit, token)
        return Page(tuple(map(items.operation_of, found)), following)

    def unpublished(
        self, before: datetime, limit: int = 100, token: str | None = None
    ) -> Page[OutboxEntry]:
        """Return outbox entries written before `before` that are not noted as published."""
        listing = _Listing(items.PENDING, "byStatus", sort_to=items.stamp(before))
        found, following = self._list(listing, limit, token)
        return Page(tuple(map(entry_of, found)), following)

    def intents(self, before: datetime, limit: int = 100, token: str | None = None) -> Page[Intent]:
        """Return what was intended before `before` and neither recorded nor given up."""
        listing = _Listing(items.INTENDED, "byStatus", sort_to=items.stamp(before))
        found, following = self._list(listing, limit, token)
        return Page(tuple(map(items.intent_of, found)), following)

    def intents_about(self, target: str) -> tuple[Intent, ...]:
        """Return what is intended with one target, oldest first."""
        start = items.INTENT
        listing = _Listing(items.notice_key(target), sort_from=start, sort_to=start[:-1] + "$")
        found, _ = self._list(listing, 100, None)
        return tuple(map(items.intent_of, found))

    def last_published(self, tenant_id: str) -> datetime | None:
        """Return when the tenant's latest request reached the bus; None if it has not."""
        found, _ = self._of_tenant(tenant_id, items.OUTBOX, 1, None, False)
        stamped = items.plain(found[0]).get("publishedAt") if found else None
        return datetime.fromisoformat(stamped) if stamped else None

    def audit(self, day: str, limit: int = 50, token: str | None = None) -> Page[AuditEntry]:
        """Return what was written on a day ("2026-01-31", UTC), oldest first."""
        found, following = self._list(_Listing(f"AUDIT#{day}"), limit, token)
        return Page(tuple(map(items.audit_of, found)), following)

    def _of_tenant(
        self, tenant_id: str, prefix: str, limit: int, token: str | None, forward: bool
    ) -> tuple[list[items.Item], str | None]:
        partition = items.tenant_key(tenant_id)[0]
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        listing = _Listing(partition, sort_from=prefix, sort_to=end, forward=forward)
        found, following = self._list(listing, limit, token)
        if not found:
            self.tenant(tenant_id)
        return found, following

    def _get(self, of: tuple[str, str]) -> items.Item | None:
        if len(of[0].encode(errors="replace")) > _LONGEST_KEY:
            return None  # DynamoDB would call it an error, but it is only unknown
        answer = self._client.get_item(
            TableName=self._table, Key=items.key(of), ConsistentRead=True
        )
        return answer.get("Item")

    def _list(
        self, listing: _Listing, limit: int, token: str | None
    ) -> tuple[list[items.Item], str | None]:
        """Return a page, and the token if more may follow: one more item is asked for to know."""
        if limit < 1:
            raise ValueError(f"limit: got {limit}; allowed 1 or more")
        start = (
            listing.after(tokens.decode(listing.identity, token, listing.position))
            if token
            else None
        )
        found: list[items.Item] = []
        for _ in range(_ROUNDS):
            query = self._query(listing, limit + 1 - len(found))
            if start:
                query["ExclusiveStartKey"] = start
            try:
                answer = self._client.query(**query)
            except self._client.exceptions.ClientError as error:
                # A position outside the list: only a forged token has one.
                if token and error.response["Error"]["Code"] == "ValidationException":
                    raise InvalidTokenError from None
                raise
            found += answer["Items"]
            start = answer.get("LastEvaluatedKey")
            if len(found) > limit or start is None:
                break
        if len(found) > limit:
            start = found[limit - 1]
        if start is None:
            return found, None
        position = {name: start[name]["S"] for name in listing.position}
        return found[:limit], tokens.encode(listing.identity, position)

    def _query(self, listing: _Listing, wanted: int) -> QueryInputTypeDef:
        partition, sort = listing.attributes
        condition = "#partition = :partition"
        names = {"#partition": partition}
        values = {":partition": {"S": listing.partition}}
        if listing.sort_from or listing.sort_to:
            names["#sort"] = sort
        if listing.sort_from and listing.sort_to:
            condition += " AND #sort BETWEEN :from AND :to"
            values |= {":from": {"S": listing.sort_from}, ":to": {"S": listing.sort_to}}
        elif listing.sort_to:
            condition += " AND #sort < :to"
            values[":to"] = {"S": listing.sort_to}
        query: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": listing.forward,
            "Limit": max(wanted, _FILTERED_READ) if listing.filters else wanted,
        }
        if listing.index:
            query["IndexName"] = listing.index
        else:
            query["ConsistentRead"] = True
        if listing.filters:
            query["FilterExpression"] = " AND ".join(
                f"{name} = :{name}" for name in listing.filters
            )
            values |= {f":{name}": {"S": value} for name, value in listing.filters.items()}
        return query

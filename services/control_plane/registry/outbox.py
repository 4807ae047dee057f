"""The outbox: events written down with the change they tell of, and sent from the table's stream.

An event's id is made from its item's key, so that it has the same id however often it is sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from services.contracts.registry_table import LIST_KEY, Key, tenant_key, typed_key
from services.control_plane.registry import items, keys
from services.control_plane.registry.changes import Change
from services.control_plane.registry.records import TENANT_COLUMNS, Page
from services.control_plane.registry.table import Listing, Table
from services.tenancy import operation_events
from services.tenancy.events import Detail, Event, EventName
from services.tenancy.events.envelope import bus_entry
from services.tenancy.operation import Operation

EVENT_NAMESPACE: Final = uuid.UUID("6d5c7d2e-30d4-5a5f-9c6b-3f3f0c6f8f11")
BATCH: Final = 10
"""Entries that one PutEvents call takes."""
BATCH_BYTES: Final = 240_000
"""Bytes that one PutEvents call takes, with some room for the envelopes."""

_SENT_LIFE: Final = timedelta(days=35)

MakeEvent = Callable[[str], Event[Detail]]
"""Makes an event of its id."""


@dataclass(frozen=True)
class OutboxEntry:
    """An event that is written down and not sent yet.

    It was parsed when it was written, and is sent as it is.

    Attributes
    ----------
    key : tuple of str
        PK and SK of its item.
    detail : str
        The JSON that travels.
    written : datetime
        When it was written down.
    sequence : str
        The stream record's sequence number: what a partial batch failure names.
    """

    key: Key
    name: EventName
    detail: str
    written: datetime
    sequence: str = ""

    @property
    def tenant(self) -> str:
        """The partition within which entries are sent in order."""
        return self.key[0]

    def entry(self, bus: str) -> dict[str, str]:
        """Return the entry of a PutEvents call."""
        return bus_entry(self.name, self.detail, bus)


def event_id(key: Key) -> str:
    """Return the id of the event in the outbox item `key`."""
    return str(uuid.uuid5(EVENT_NAMESPACE, "/".join(key)))


def request_event(change: Change, operation: Operation, identity: str) -> Event[Detail]:
    """Return the event that asks for the job of an operation that begins with `change`."""
    # What a tenant leaves out must not be its registration's to say.
    registration = {
        name: value
        for name, value in change.registration.fields().items()
        if name not in TENANT_COLUMNS
    }
    return operation_events.request(
        operation,
        registration,
        change.tenant.fields(),
        event_id=identity,
        at=change.tenant.updated_at,
    )


def outbox_item(change: Change, operation: Operation, number: int) -> items.Item:
    """Return the outbox item of an operation that begins with `change`.

    Raises
    ------
    services.tenancy.events.InvalidDetailError
        If no event can carry it: better now than when nobody can be told any more.
    """
    tenant = change.tenant
    key = (tenant_key(tenant.id)[0], keys.serial(keys.OUTBOX, tenant.version, number))
    return _pending(key, request_event(change, operation, event_id(key)), tenant.updated_at)


def notice_item(about: str, serial: str, at: datetime, make: MakeEvent) -> items.Item:
    """Return the outbox item of an event that is about no tenant, such as one of a system user.

    Parameters
    ----------
    about : str
        What it is about: such events are sent in order.
    serial : str
        Sorts after those written before.
    make : callable
        Returns the event, given its id.

    Raises
    ------
    services.tenancy.events.InvalidDetailError
    """
    key = (about, keys.OUTBOX + serial)
    return _pending(key, make(event_id(key)), at)


def _pending(key: Key, event: Event[Detail], at: datetime) -> items.Item:
    return items.item(
        key,
        eventName=event.name.value,
        detail=event.text(),
        statusKey=keys.PENDING,
        **{LIST_KEY: f"{keys.stamp(at)}#{key[0]}#{key[1]}"},
    )


def entry_of(item: items.Item, sequence: str = "") -> OutboxEntry:
    """Return the outbox entry in an item."""
    row = items.plain(item)
    written = datetime.fromisoformat(row[LIST_KEY].partition("#")[0])
    key = row["PK"], row["SK"]
    return OutboxEntry(key, EventName(row["eventName"]), row["detail"], written, sequence)


def entries(records: Iterable[Mapping[str, Any]]) -> list[OutboxEntry]:
    """Return the outbox entries that stream records insert, in order; other records are skipped.

    Parameters
    ----------
    records : Iterable of Mapping
        The `Records` of a DynamoDB stream's Lambda event.
    """
    return [
        entry_of(change["NewImage"], change.get("SequenceNumber", ""))
        for record in records
        if record.get("eventName") == "INSERT"
        for change in [record["dynamodb"]]
        if change["Keys"]["SK"]["S"].startswith(keys.OUTBOX)
    ]


def batches(entries: Iterable[OutboxEntry]) -> list[list[OutboxEntry]]:
    """Return entries as the calls that send them, each within the bus's limits.

    One call holds one entry of a tenant at most: the bus may refuse some entries of a call and
    take others, and a later event must not overtake the one before it.
    """
    calls: list[list[OutboxEntry]] = []
    size = 0
    for entry in entries:
        weight = len(entry.detail.encode())
        if (
            not calls
            or len(calls[-1]) == BATCH
            or size + weight > BATCH_BYTES
            or entry.tenant in {other.tenant for other in calls[-1]}
        ):
            calls.append([])
            size = 0
        calls[-1].append(entry)
        size += weight
    return calls


class Outbox:
    """What waits for the bus, and what has reached it.

    Parameters
    ----------
    table : Table
    clock : callable
        Returns the time, with its zone.
    """

    def __init__(self, table: Table, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    def unpublished(
        self, before: datetime, limit: int = 100, token: str | None = None
    ) -> Page[OutboxEntry]:
        """Return outbox entries written before `before` that are not noted as published."""
        listing = Listing(keys.PENDING, "byStatus", sort_to=keys.stamp(before))
        found, following = self._table.page(listing, limit, token)
        return Page(tuple(map(entry_of, found)), following)

    def published(self, entries: Collection[Key]) -> None:
        """Note that these outbox entries (`OutboxEntry.key`) have reached the bus."""
        at = self._clock()
        for key in entries:
            self._table.client.update_item(
                TableName=self._table.name,
                Key=typed_key(key),
                UpdateExpression=(
                    f"SET publishedAt = :at, expiresAt = :end REMOVE statusKey, {LIST_KEY}"
                ),
                ExpressionAttributeValues={
                    ":at": {"S": keys.stamp(at)},
                    ":end": {"N": str(keys.epoch(at + _SENT_LIFE))},
                },
            )

    def last_published(self, tenant_id: str) -> datetime | None:
        """Return when the tenant's latest request reached the bus; None if it has not."""
        listing = Listing.of_prefix(tenant_key(tenant_id)[0], keys.OUTBOX, forward=False)
        found, _ = self._table.page(listing, 1, None)
        stamped = items.plain(found[0]).get("publishedAt") if found else None
        return datetime.fromisoformat(stamped) if stamped else None

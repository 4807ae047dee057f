"""The outbox: events written down with the change they tell of, and sent from the table's stream.

An event's id is made from its item's key, so that it has the same id however often it is sent.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.contracts.registry_table import LIST_KEY
from services.control_plane.registry import items
from services.control_plane.registry.changes import Change
from services.control_plane.registry.records import TENANT_COLUMNS
from services.tenancy.events import (
    Event,
    EventName,
    activate_request,
    deactivate_request,
    offboarding_request,
    onboarding_request,
    tenant_update_request,
)
from services.tenancy.lifecycle import OperationKind
from services.tenancy.operation import Operation

EVENT_NAMESPACE: Final = uuid.UUID("6d5c7d2e-30d4-5a5f-9c6b-3f3f0c6f8f11")
BATCH: Final = 10
"""Entries that one PutEvents call takes."""
BATCH_BYTES: Final = 240_000
"""Bytes that one PutEvents call takes, with some room for the envelopes."""

MakeEvent = Callable[[str], Event]
"""Makes an event of its id."""

_REQUESTS = {
    OperationKind.ONBOARD: onboarding_request,
    OperationKind.OFFBOARD: offboarding_request,
    OperationKind.SUSPEND: deactivate_request,
    OperationKind.RESUME: activate_request,
}


@dataclass(frozen=True)
class OutboxEntry:
    """An event that is written down and not sent yet.

    Attributes
    ----------
    key : tuple of str
        PK and SK of its item.
    sequence : str
        The stream record's sequence number: what a partial batch failure names.
    """

    key: tuple[str, str]
    event: Event
    sequence: str = ""

    @property
    def tenant(self) -> str:
        """The partition within which entries are sent in order."""
        return self.key[0]


def event_id(key: tuple[str, str]) -> str:
    """Return the id of the event in the outbox item `key`."""
    return str(uuid.uuid5(EVENT_NAMESPACE, "/".join(key)))


def request_event(change: Change, operation: Operation, identity: str) -> Event:
    """Return the event that asks for the job of an operation that begins with `change`."""
    # What a tenant leaves out must not be its registration's to say.
    registration = {
        name: value
        for name, value in change.registration.fields().items()
        if name not in TENANT_COLUMNS
    }
    tenant = change.tenant.fields()
    at = change.tenant.updated_at
    build = _REQUESTS.get(operation.kind)
    if build is not None:
        return build(registration, tenant, event_id=identity, operation_id=operation.id, at=at)
    return tenant_update_request(
        registration,
        tenant,
        kind=operation.kind.value,
        parameters=operation.parameters,
        event_id=identity,
        operation_id=operation.id,
        at=at,
    )


def outbox_item(change: Change, operation: Operation, number: int) -> items.Item:
    """Return the outbox item of an operation that begins with `change`.

    Raises
    ------
    services.tenancy.events.InvalidDetailError
        If no event can carry it: better now than when nobody can be told any more.
    """
    tenant = change.tenant
    key = (items.tenant_key(tenant.id)[0], items.serial(items.OUTBOX, tenant.version, number))
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
    key = (about, items.OUTBOX + serial)
    return _pending(key, make(event_id(key)), at)


def _pending(key: tuple[str, str], event: Event, at: datetime) -> items.Item:
    return items.item(
        key,
        eventName=event.name.value,
        detail=event.entry("")["Detail"],
        statusKey=items.PENDING,
        **{LIST_KEY: f"{items.stamp(at)}#{key[0]}#{key[1]}"},
    )


def entry_of(item: items.Item, sequence: str = "") -> OutboxEntry:
    """Return the outbox entry in an item."""
    row = items.plain(item)
    event = Event(EventName(row["eventName"]), json.loads(row["detail"]))
    return OutboxEntry((row["PK"], row["SK"]), event, sequence)


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
        if change["Keys"]["SK"]["S"].startswith(items.OUTBOX)
    ]


def batches(entries: Iterable[OutboxEntry]) -> list[list[OutboxEntry]]:
    """Return entries as the calls that send them, each within the bus's limits.

    One call holds one entry of a tenant at most: the bus may refuse some entries of a call and
    take others, and a later event must not overtake the one before it.
    """
    calls: list[list[OutboxEntry]] = []
    size = 0
    for entry in entries:
        weight = len(json.dumps(entry.event.detail, default=str).encode())
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

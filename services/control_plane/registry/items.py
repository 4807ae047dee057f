"""Rows to DynamoDB items and back.

The caller's own fields are kept as JSON text: as DynamoDB numbers, 1.0 would come back as 1, and
some numbers not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.contracts.registry_table import (
    LIST_KEY,
    Key,
    operation_key,
    tenant_key,
    typed_key,
)
from services.control_plane.registry import keys
from services.control_plane.registry.keys import epoch, stamp
from services.control_plane.registry.records import (
    AuditEntry,
    DriftRecord,
    Intent,
    PriceChange,
    RegistrationRecord,
    TenantRecord,
    Transition,
)
from services.tenancy import Tier
from services.tenancy.operation import Operation, OperationStatus
from services.tenancy.operations import OperationKind, State

Item = dict[str, Any]
"""An item in DynamoDB's typed form."""

_DEEPEST = 100


def tenant_item(tenant: TenantRecord, retention: timedelta) -> Item:
    """Return a tenant's row. A tombstone is in no list but that of its status, and expires."""
    gone = tenant.status is State.DELETED
    listed = (
        {"expiresAt": epoch(tenant.updated_at + retention)}
        if gone
        else {
            "entity": keys.TENANTS,
            "tierKey": tenant.tier.value,
            "releaseKey": tenant.release,
        }
    )
    return item(
        tenant_key(tenant.id),
        tenantId=tenant.id,
        registrationId=tenant.registration_id,
        name=tenant.name,
        tier=tenant.tier.value,
        email=tenant.email,
        status=tenant.status.value,
        release=tenant.release,
        version=tenant.version,
        createdAt=stamp(tenant.created_at),
        updatedAt=stamp(tenant.updated_at),
        data=text(tenant.data),
        overrides=text(tenant.overrides),
        federation=_json(list(tenant.federation) or None),
        running=tenant.running,
        queued=tenant.queued,
        lastOperation=tenant.last_operation,
        reason=tenant.reason,
        logUrl=tenant.log_url,
        previousTier=tenant.previous_tier,
        previousPlacement=_json(tenant.previous_placement),
        statusKey=keys.status_key(tenant.status),
        **{LIST_KEY: f"{tenant.name}#{tenant.id}"},
        **listed,
    )


def tenant_of(found: Item) -> TenantRecord:
    """Return the tenant in an item."""
    row = plain(found)
    return TenantRecord(
        id=row["tenantId"],
        registration_id=row["registrationId"],
        name=row["name"],
        tier=Tier(row["tier"]),
        email=row["email"],
        status=State(row["status"]),
        release=row["release"],
        created_at=datetime.fromisoformat(row["createdAt"]),
        updated_at=datetime.fromisoformat(row["updatedAt"]),
        data=json.loads(row["data"]),
        overrides=json.loads(row["overrides"]),
        federation=tuple(json.loads(row.get("federation", "[]"))),
        version=row["version"],
        running=row.get("running"),
        queued=row.get("queued"),
        last_operation=row.get("lastOperation"),
        reason=row.get("reason"),
        log_url=row.get("logUrl"),
        previous_tier=Tier(row["previousTier"]) if "previousTier" in row else None,
        previous_placement=json.loads(row.get("previousPlacement", "null")),
    )


def registration_item(registration: RegistrationRecord, retention: timedelta) -> Item:
    """Return a registration's row."""
    listed: dict[str, str | int] = (
        {
            "entity": keys.REGISTRATIONS,
            LIST_KEY: f"{stamp(registration.created_at)}#{registration.id}",
        }
        if registration.active
        else {"expiresAt": epoch(registration.updated_at + retention)}
    )
    return item(
        keys.registration_key(registration.id),
        registrationId=registration.id,
        tenantId=registration.tenant_id,
        version=registration.version,
        createdAt=stamp(registration.created_at),
        updatedAt=stamp(registration.updated_at),
        active=int(registration.active),
        data=text(registration.data),
        **listed,
    )


def registration_of(found: Item) -> RegistrationRecord:
    """Return the registration in an item."""
    row = plain(found)
    return RegistrationRecord(
        id=row["registrationId"],
        tenant_id=row["tenantId"],
        data=json.loads(row["data"]),
        created_at=datetime.fromisoformat(row["createdAt"]),
        updated_at=datetime.fromisoformat(row["updatedAt"]),
        active=bool(row["active"]),
        version=row["version"],
    )


def operation_item(operation: Operation) -> Item:
    """Return an operation's row; while it has not ended the status index finds it."""
    began = operation.started_at or operation.requested_at
    listed = (
        {}
        if operation.status.ended
        else {
            "statusKey": keys.operation_status_key(operation.status),
            LIST_KEY: f"{stamp(began)}#{operation.id}",
        }
    )
    return item(
        operation_key(operation.tenant_id, operation.id),
        operationId=operation.id,
        tenantId=operation.tenant_id,
        registrationId=operation.registration_id,
        kind=operation.kind.value,
        status=operation.status.value,
        actor=operation.actor,
        requestedAt=stamp(operation.requested_at),
        startedAt=_stamp(operation.started_at),
        endedAt=_stamp(operation.ended_at),
        origin=operation.origin,
        key=operation.key,
        parameters=text(operation.parameters),
        attempt=operation.attempt,
        retryOf=operation.retry_of,
        result=text(operation.result),
        reason=operation.reason,
        logUrl=operation.log_url,
        **listed,
    )


def operation_of(found: Item) -> Operation:
    """Return the operation in an item."""
    row = plain(found)
    return Operation(
        id=row["operationId"],
        tenant_id=row["tenantId"],
        registration_id=row["registrationId"],
        kind=OperationKind(row["kind"]),
        status=OperationStatus(row["status"]),
        actor=row["actor"],
        requested_at=datetime.fromisoformat(row["requestedAt"]),
        origin=State(row["origin"]) if "origin" in row else None,
        key=row.get("key"),
        parameters=json.loads(row["parameters"]),
        attempt=row["attempt"],
        retry_of=row.get("retryOf"),
        started_at=_time(row.get("startedAt")),
        ended_at=_time(row.get("endedAt")),
        result=json.loads(row["result"]),
        reason=row.get("reason"),
        log_url=row.get("logUrl"),
    )


def transition_item(tenant: TenantRecord, number: int, transition: Transition) -> Item:
    """Return one entry of a tenant's history."""
    return item(
        (tenant_key(tenant.id)[0], keys.serial(keys.TRANSITION, tenant.version, number)),
        at=stamp(transition.at),
        before=transition.before,
        after=transition.after.value,
        operationId=transition.operation_id,
        kind=transition.kind,
        actor=transition.actor,
        reason=transition.reason,
    )


def transition_of(found: Item) -> Transition:
    """Return the history entry in an item."""
    row = plain(found)
    return Transition(
        at=datetime.fromisoformat(row["at"]),
        before=State(row["before"]) if "before" in row else None,
        after=State(row["after"]),
        operation_id=row.get("operationId"),
        kind=OperationKind(row["kind"]) if "kind" in row else None,
        actor=row["actor"],
        reason=row.get("reason"),
    )


def prices_item(before: TenantRecord, after: TenantRecord) -> Item | None:
    """Return the item of a change of a tenant's prices; None if they stay."""
    was, now = before.data.get("prices"), after.data.get("prices")
    if was == now:
        return None
    return item(
        (tenant_key(after.id)[0], keys.serial(keys.PRICES, after.version, 0)),
        at=stamp(after.updated_at),
        before=_json(was or []),
        after=_json(now or []),
    )


def prices_of(found: Item) -> PriceChange:
    """Return the change of prices in an item."""
    row = plain(found)
    at = datetime.fromisoformat(row["at"])
    return PriceChange(at, tuple(json.loads(row["before"])), tuple(json.loads(row["after"])))


def audit_item(entry: AuditEntry) -> Item:
    """Return an audit entry's item, in its day's partition."""
    return item(
        (f"AUDIT#{stamp(entry.at)[:10]}", entry.id),
        at=stamp(entry.at),
        actor=entry.actor,
        action=entry.action,
        target=entry.target,
        before=text(entry.before),
        after=text(entry.after),
    )


def audit_of(found: Item) -> AuditEntry:
    """Return the audit entry in an item."""
    row = plain(found)
    return AuditEntry(
        id=row["SK"],
        at=datetime.fromisoformat(row["at"]),
        actor=row["actor"],
        action=row["action"],
        target=row["target"],
        before=json.loads(row["before"]),
        after=json.loads(row["after"]),
    )


def intent_item(intent: Intent) -> Item:
    """Return an intent's item; it is there until what was intended is recorded or given up."""
    return item(
        keys.intent_key(intent),
        at=stamp(intent.at),
        actor=intent.actor,
        action=intent.action,
        target=intent.target,
        before=text(intent.before),
        wanted=text(intent.wanted),
        statusKey=keys.INTENDED,
        **{LIST_KEY: f"{stamp(intent.at)}#{intent.id}"},
    )


def intent_of(found: Item) -> Intent:
    """Return the intent in an item."""
    row = plain(found)
    return Intent(
        id=row["SK"].removeprefix(keys.INTENT),
        at=datetime.fromisoformat(row["at"]),
        actor=row["actor"],
        action=row["action"],
        target=row["target"],
        before=json.loads(row["before"]),
        wanted=json.loads(row["wanted"]),
    )


def drift_item(record: DriftRecord) -> Item:
    """Return the row of what a scan found of a tenant; a closed one is in no list."""
    since = _stamp(record.since)
    return item(
        keys.drift_key(record.tenant_id),
        tenantId=record.tenant_id,
        attributes=json.dumps(record.attributes),
        more=record.more,
        checkedAt=_stamp(record.checked_at),
        since=since,
        closedAt=_stamp(record.closed_at),
        entity=keys.DRIFT if record.open else None,
        **{LIST_KEY: f"{since or ''}#{record.tenant_id}"},
    )


def drift_of(found: Item) -> DriftRecord:
    """Return what a scan found of a tenant."""
    row = plain(found)
    return DriftRecord(
        row["tenantId"],
        tuple((address, path) for address, path in json.loads(row["attributes"])),
        row["more"],
        _time(row.get("checkedAt")),
        _time(row.get("since")),
        _time(row.get("closedAt")),
    )


def item(of: Key, **attributes: str | int | None) -> Item:
    """Return an item in DynamoDB's form; attributes that are None are left out."""
    typed = {
        name: {"N": str(value)} if isinstance(value, int) else {"S": str(value)}
        for name, value in attributes.items()
        if value is not None
    }
    return {**typed_key(of), **typed}


def plain(found: Item) -> dict[str, Any]:
    """Return an item's attributes as text and whole numbers."""
    return {name: int(value["N"]) if "N" in value else value["S"] for name, value in found.items()}


def text(data: Mapping[str, Any]) -> str:
    """Return data as JSON text, the same text for the same data.

    Raises
    ------
    ValueError
        If it is not plain JSON, or nested deeper than any reader of ours follows.
    """
    _require_shallow(data)
    return json.dumps(
        data, separators=(",", ":"), sort_keys=True, ensure_ascii=False, allow_nan=False
    )


def _require_shallow(data: Any) -> None:
    """Raise ValueError beyond the limit; how deep json itself goes is the interpreter's affair."""
    level = [data]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, Mapping | list | tuple)
            for inner in (each.values() if isinstance(each, Mapping) else each)
        ]
        if not level:
            return
    raise ValueError(f"nested deeper than {_DEEPEST} levels")


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def _stamp(at: datetime | None) -> str | None:
    return stamp(at) if at else None


def _time(stamped: str | None) -> datetime | None:
    return datetime.fromisoformat(stamped) if stamped else None

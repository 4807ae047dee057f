"""From stream records to the bus: in order, and the same event by the same id."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.registry_table import ROW
from services.control_plane.registry import (
    RegistrationRecord,
    TenantRecord,
    changes,
    entries,
    outbox,
)
from services.tenancy import Operation, OperationKind, OperationStatus, State, Tier
from services.tenancy.events import EventName
from services.tenancy.events.catalogue import TenantUpdateRequest

AT = datetime(2026, 1, 31, tzinfo=UTC)
UPDATE_REQUEST = EventName.TENANT_UPDATE_REQUEST


def change(tenant_id: str, kind: OperationKind = OperationKind.ONBOARD) -> changes.Change:
    state = State.REGISTERED if kind is OperationKind.ONBOARD else State.ACTIVE
    if kind is OperationKind.RESUME:
        state = State.SUSPENDED
    tenant = TenantRecord(
        tenant_id, f"r-{tenant_id}", "acme", Tier.BASIC, "a@b.io", state, "1", AT, AT
    )
    registration = RegistrationRecord(f"r-{tenant_id}", tenant_id, {}, AT, AT)
    operation = Operation(
        f"op-{tenant_id}", tenant_id, f"r-{tenant_id}", kind, OperationStatus.QUEUED, "alice", AT
    )
    return changes.beginning(tenant, registration, operation)


def record(tenant_id: str, number: int = 1, name: str = "INSERT") -> dict[str, Any]:
    made = change(tenant_id)
    image = outbox.outbox_item(made, made.begun[0], number)
    return {
        "eventName": name,
        "dynamodb": {
            "Keys": {key: image[key] for key in ("PK", "SK")},
            "NewImage": image,
            "SequenceNumber": str(number),
        },
    }


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (OperationKind.ONBOARD, EventName.ONBOARDING_REQUEST),
        (OperationKind.OFFBOARD, EventName.OFFBOARDING_REQUEST),
        (OperationKind.SUSPEND, EventName.DEACTIVATE_REQUEST),
        (OperationKind.RESUME, EventName.ACTIVATE_REQUEST),
        (OperationKind.UPDATE, EventName.TENANT_UPDATE_REQUEST),
        (OperationKind.MOVE, EventName.TENANT_UPDATE_REQUEST),
        (OperationKind.RECONCILE, EventName.TENANT_UPDATE_REQUEST),
    ],
)
def test_each_operation_asks_by_its_event(kind: OperationKind, name: EventName) -> None:
    made = change("t1", kind)
    event = outbox.request_event(made, made.begun[0], "e1")
    assert event.name is name
    assert event.detail.operation_id == "op-t1"
    if isinstance(event.detail, TenantUpdateRequest):
        assert event.detail.operation_kind == kind.value
    assert isinstance(event.detail, TenantUpdateRequest) is (name is UPDATE_REQUEST)


def test_the_same_record_is_the_same_event() -> None:
    [first], [second] = entries([record("t1")]), entries([record("t1")])
    assert first == second
    [other] = entries([record("t1", 2)])
    assert json.loads(other.detail)["eventId"] != json.loads(first.detail)["eventId"]
    assert first.written == AT


def test_only_new_outbox_entries_are_events() -> None:
    row = record("t1")
    row["dynamodb"]["Keys"]["SK"] = {"S": ROW}
    expired: dict[str, Any] = {"eventName": "REMOVE", "dynamodb": {"Keys": {}}}
    assert entries([record("t1", 1, "MODIFY"), expired, row]) == []


@given(st.lists(st.sampled_from(["t1", "t2", "t3", "t4"]), max_size=30))
def test_a_call_holds_one_entry_of_a_tenant(tenants: list[str]) -> None:
    found = entries([record(tenant, number) for number, tenant in enumerate(tenants)])
    calls = outbox.batches(found)
    assert [entry for call in calls for entry in call] == found
    for call in calls:
        assert 0 < len(call) <= outbox.BATCH
        assert len({entry.tenant for entry in call}) == len(call)

"""From stream records to the bus: in order, and the same event by the same id."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.control_plane.registry import Registration, Tenant, changes, entries, items, outbox
from services.tenancy import Operation, OperationKind, OperationStatus, State, Tier
from services.tenancy.events import EventName

AT = datetime(2026, 1, 31, tzinfo=UTC)


def change(tenant_id: str, kind: OperationKind = OperationKind.ONBOARD) -> changes.Change:
    state = State.REGISTERED if kind is OperationKind.ONBOARD else State.ACTIVE
    if kind is OperationKind.RESUME:
        state = State.SUSPENDED
    tenant = Tenant(tenant_id, f"r-{tenant_id}", "acme", Tier.BASIC, "a@b.io", state, "1", AT, AT)
    registration = Registration(f"r-{tenant_id}", tenant_id, {}, AT, AT)
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
    event = outbox.request_event(made, made.begun[0], "e1").validated()
    assert event.name is name
    assert event.detail["operationId"] == "op-t1"
    if name is EventName.TENANT_UPDATE_REQUEST:
        assert event.detail["operationKind"] == kind.value


def test_the_same_record_is_the_same_event() -> None:
    [first], [second] = entries([record("t1")]), entries([record("t1")])
    assert first.event.event_id == second.event.event_id
    [other] = entries([record("t1", 2)])
    assert other.event.event_id != first.event.event_id


def test_only_new_outbox_entries_are_events() -> None:
    row = record("t1")
    row["dynamodb"]["Keys"]["SK"] = {"S": items.ROW}
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

"""The outbox keeps the order and loses nothing; what the application plane says is written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.control_plane.consumers import application_events, billing_events
from services.control_plane.consumers.application_events import ParkedError
from services.control_plane.outbox import publish
from services.control_plane.registry.outbox import OutboxEntry, batches
from services.tenancy.events import Detail, Event, EventName
from services.tenancy.operation_events import failure, success
from services.tenancy.operations import DEPROVISION, PROVISION, OperationKind
from tests.unit.control_plane.requests import AT, NotingRegistry, use


class Bus:
    """Takes what it is not told to refuse."""

    def __init__(self, refuses: set[int]) -> None:
        self.refuses = refuses
        self.taken: list[str] = []
        self.seen = 0

    def put_events(self, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        assert len(Entries) <= 10
        results: list[dict[str, str]] = []
        for entry in Entries:
            if self.seen in self.refuses:
                results.append({"ErrorCode": "ThrottlingException"})
            else:
                self.taken.append(entry["Detail"])
                results.append({"EventId": "x"})
            self.seen += 1
        return {"Entries": results}


def entry(tenant: int, number: int) -> OutboxEntry:
    event = success(PROVISION, f"t{tenant}", event_id=str(number), operation_id="o")
    key = f"TENANT#{tenant}", f"OUT#{number:04}"
    return OutboxEntry(key, event.name, event.text(), AT, str(number))


@given(st.lists(st.integers(0, 4), max_size=40), st.sets(st.integers(0, 60), max_size=6))
def test_every_entry_reaches_the_bus_and_each_tenants_in_order(
    tenants: list[int], refuses: set[int]
) -> None:
    waiting = [entry(tenant, number) for number, tenant in enumerate(tenants)]
    bus = Bus(refuses)
    arrived: list[OutboxEntry] = []
    rounds = 0
    todo = waiting
    while todo:  # as the stream does: again from the first that failed
        sent, failed = publish(bus, "bus", todo)
        arrived += sent
        todo = todo[todo.index(failed) :] if failed else []
        rounds += 1
        assert rounds <= len(refuses) + 1
    assert {e.sequence for e in arrived} == {e.sequence for e in waiting}
    for tenant in set(tenants):
        mine = [int(e.sequence) for e in arrived if e.key[0] == f"TENANT#{tenant}"]
        firsts = list(dict.fromkeys(mine))
        assert firsts == sorted(firsts)


def test_one_call_holds_one_event_of_a_tenant() -> None:
    written = [entry(1, 1), entry(2, 2), entry(1, 3), *(entry(n, n) for n in range(10, 25))]
    assert [len(call) for call in batches(written)] == [2, 10, 6]


def envelope(event: Event[Detail]) -> dict[str, Any]:
    return {
        "id": "b1",
        "source": event.name.source.value,
        "detail-type": event.name.detail_type,
        "detail": dict(event.document),
    }


def test_success_and_failure_are_written(registry: NotingRegistry) -> None:
    good = success(
        PROVISION,
        "r1",
        event_id="e1",
        operation_id="o1",
        tenant_data={"tenantConfig": "{}"},
        registration_data={"registrationStatus": "created"},
    )
    bad = failure(
        DEPROVISION,
        "r1",
        event_id="e2",
        operation_id="o1",
        reason="quota",
        log_url="https://l",
    )
    assert application_events.handler(envelope(good), None) == {"eventId": "e1", "changed": True}
    application_events.handler(envelope(bad), None)
    (_, (_, succeeded)), (_, (_, failed)) = registry.asked
    assert succeeded == {
        "event_id": "e1",
        "operation_id": "o1",
        "kinds": (OperationKind.ONBOARD,),
        "tenant_data": {"tenantConfig": "{}"},
        "registration_data": {"registrationStatus": "created"},
    }
    assert (failed["reason"], failed["log_url"]) == ("quota", "https://l")
    assert failed["kinds"] == (OperationKind.OFFBOARD,)


def test_a_failure_of_a_foreign_job_has_a_reason_too(registry: NotingRegistry) -> None:
    detail = {
        "tenantRegistrationId": "r1",
        "jobOutput": {"tenantStatus": "Failed to provision tenant."},
    }
    application_events.handler(envelope(Event.of(EventName.PROVISION_FAILURE, detail)), None)
    _, (_, failed) = registry.asked[0]
    assert (failed["reason"], failed["event_id"]) == ("Failed to provision tenant.", "b1")


@pytest.mark.parametrize(
    "broken",
    [
        {"detail": {"tenantRegistrationId": "unknown", "jobOutput": {}}},
        {"detail": {}},
        {"detail-type": "sbt_aws_other"},
    ],
)
def test_what_cannot_be_written_is_parked(registry: NotingRegistry, broken: dict[str, Any]) -> None:
    good = success(PROVISION, "r1", event_id="e", operation_id="o")
    with pytest.raises(ParkedError):
        application_events.handler({**envelope(good), **broken}, None)


def test_usage_goes_to_the_metering() -> None:
    class Metering:
        def ingest(self, event_id: str, detail: Any) -> bool:
            return bool(event_id == "b1" and detail["tenantId"] == "t1")

    use(NotingRegistry(), metering=Metering())
    detail = {
        "tenantId": "t1",
        "metric": {"name": "calls", "unit": "", "value": 1},
        "timestamp": "2026-01-01T00:00:00Z",
    }
    taken = application_events.handler(envelope(Event.of(EventName.INGEST_USAGE, detail)), None)
    assert taken["changed"] is True
    nobodys = Event.of(EventName.INGEST_USAGE, {**detail, "tenantId": "unknown"})
    with pytest.raises(ParkedError, match="Tenant not found for id unknown"):
        application_events.handler(envelope(nobodys), None)


class Billing:
    """A plug-in that notes what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        def noted(*values: Any) -> bool:
            self.heard.append((name, *values))
            return True

        return noted


REQUEST = {
    "tenantRegistrationId": "r1",
    "tenantId": "t1",
    "eventId": "e1",
    "operationId": "o1",
    "occurredAt": "2026-01-01T00:00:00+00:00",
    "billingAccount": 7,
}
USED = {
    "tenantId": "t1",
    "metric": {"name": "calls", "unit": "", "value": 0.1},
    "timestamp": "2026-01-01T00:00:00Z",
}


@pytest.mark.parametrize(
    ("name", "detail", "heard"),
    [
        (EventName.ONBOARDING_REQUEST, REQUEST, ("create_customer", "t1", REQUEST)),
        (EventName.OFFBOARDING_REQUEST, REQUEST, ("delete_customer", "t1")),
        (EventName.TENANT_USER_CREATED, {"userName": "ann"}, ("create_user", "", "ann")),
        (
            EventName.TENANT_USER_DELETED,
            {"userName": "ann", "tenantId": "t1"},
            ("delete_user", "t1", "ann"),
        ),
        (EventName.INGEST_USAGE, USED, ("put_usage", "b1", USED)),
        (EventName.DEACTIVATE_REQUEST, REQUEST, None),
        (EventName.BILLING_SUCCESS, {}, None),
    ],
)
def test_billing_hears_of_tenants_users_and_usage_as_they_were_said(
    name: EventName, detail: dict[str, Any], heard: tuple[Any, ...] | None
) -> None:
    billing = Billing()
    use(NotingRegistry(), billing=billing)
    done = billing_events.handler(envelope(Event.of(name, detail)), None)
    assert billing.heard == ([heard] if heard else [])
    assert done["billed"] is bool(heard)

"""The registry on the local AWS: nothing twice, nothing lost, nothing in between."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.control_plane.registry import (
    FieldRefusedError,
    IdempotencyMismatchError,
    InvalidTokenError,
    MoveUnconfirmedError,
    NameTakenError,
    NothingKeptError,
    OperationRunningError,
    RegistrationRecord,
    RegistrationUnknownError,
    Registry,
    TenantUnknownError,
    VersionConflictError,
    entries,
)
from services.control_plane.registry.transaction import Transaction
from services.tenancy import (
    Operation,
    OperationKind,
    OperationStatus,
    State,
    TenantDocumentError,
    Tier,
    TransitionRefusedError,
)
from services.tenancy.events import EventName, InvalidDetailError

pytestmark = pytest.mark.local_aws

LATER = timedelta(minutes=1)


def asked(name: str = "acme", tier: str = "basic", **more: Any) -> dict[str, Any]:
    return {"tenantName": name, "email": f"admin@{name}.example", "tier": tier, **more}


def onboarded(registry: Registry, name: str = "acme", tier: str = "basic") -> RegistrationRecord:
    registration = registry.register(asked(name, tier), actor="alice")
    assert ended(registry, registration)
    return registration


def ended(registry: Registry, registration: RegistrationRecord, **more: Any) -> bool:
    return registry.succeed(registration.id, event_id=str(uuid.uuid4()), **more)


def failed(registry: Registry, registration: RegistrationRecord) -> bool:
    return registry.fail(registration.id, event_id=str(uuid.uuid4()), reason="no luck")


def outbox(registry: Registry) -> list[tuple[EventName, dict[str, Any]]]:
    page = registry.unpublished(datetime.now(UTC) + LATER)
    return [(entry.name, json.loads(entry.detail)) for entry in page.items]


def at_once(count: int, call: Callable[[int], Any]) -> list[Any]:
    """Return the results of calls made at once, or their exceptions."""

    def caught(number: int) -> Any:
        try:
            return call(number)
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(caught, range(count)))


def test_registering_asks_for_an_onboarding(registry: Registry) -> None:
    registration = registry.register(
        asked(prices=[{"id": "p1", "metricName": "calls"}]),
        {"registrationStatus": "In progress", "note": 1.0},
        actor="alice",
    )
    assert registry.registration(registration.id) == registration
    assert registration.data == {"registrationStatus": "In progress", "note": 1.0}
    tenant = registry.tenant(registration.tenant_id)
    assert tenant.status is State.PROVISIONING
    assert registry.tenant_named("acme") == tenant
    assert tenant.running is not None
    operation = registry.operation(tenant.id, tenant.running)
    assert operation.kind is OperationKind.ONBOARD
    assert operation.status is OperationStatus.RUNNING
    [(name, detail)] = outbox(registry)
    assert name is EventName.ONBOARDING_REQUEST
    assert detail["operationId"] == operation.id
    assert detail["prices"] == [{"id": "p1", "metricName": "calls"}]
    assert detail["note"] == 1.0


def test_a_life(registry: Registry) -> None:
    registration = onboarded(registry, tier="advanced")
    tenant_id = registration.tenant_id
    moved = registry.request(
        tenant_id, OperationKind.MOVE, actor="bob", parameters={"tier": "premium"}
    )
    with pytest.raises(OperationRunningError, match=moved.id):
        registry.request(tenant_id, OperationKind.SUSPEND, actor="bob")
    assert ended(registry, registration, tenant_data={"tenantConfig": "{}", "tenantId": "evil"})
    tenant = registry.tenant(tenant_id)
    assert (tenant.tier, tenant.status, tenant.id) == (Tier.PREMIUM, State.ACTIVE, tenant_id)
    assert tenant.fields()["tenantConfig"] == "{}"
    registry.request(tenant_id, OperationKind.SUSPEND, actor="bob")
    assert ended(registry, registration)
    assert registry.tenant(tenant_id).status is State.SUSPENDED
    with pytest.raises(TransitionRefusedError, match="suspend: the tenant is SUSPENDED"):
        registry.request(tenant_id, OperationKind.SUSPEND, actor="bob")
    offboarding = registry.deregister(registration.id, actor="bob")
    assert ended(registry, registration, registration_data={"registrationStatus": "deleted"})
    assert registry.tenant(tenant_id).status is State.DELETED
    assert registry.deregister(registration.id, actor="bob").id == offboarding.id
    assert registry.tenant_named("acme") is None
    assert not registry.registrations().items
    assert not registry.tenants().items
    assert not registry.tenants(tier=Tier.PREMIUM).items
    assert [gone.id for gone in registry.tenants(status=State.DELETED).items] == [tenant_id]
    assert [move.after for move in registry.history(tenant_id).items] == [
        State.REGISTERED,
        State.PROVISIONING,
        State.ACTIVE,
        State.UPDATING,
        State.ACTIVE,
        State.SUSPENDED,
        State.DEPROVISIONING,
        State.DELETED,
    ]
    kinds = [operation.kind for operation in registry.operations(tenant_id).items]
    assert sorted(kinds) == ["move", "offboard", "onboard", "suspend"]
    onboarded(registry)  # the name is free again


def test_a_failed_move_is_given_up_and_what_it_made_can_be_removed(registry: Registry) -> None:
    registration = onboarded(registry, tier="basic")
    tenant_id = registration.tenant_id

    def move(**parameters: Any) -> Operation:
        return registry.request(tenant_id, OperationKind.MOVE, actor="bob", parameters=parameters)

    with pytest.raises(NothingKeptError):
        move(rollback=True)
    for _ in range(2):  # the second time, giving it up has failed
        if registry.tenant(tenant_id).status is State.ACTIVE:
            move(tier="premium")
            assert failed(registry, registration)
        with pytest.raises((TransitionRefusedError, MoveUnconfirmedError)):
            move(tier="advanced")
        assert move(rollback=True).parameters == {"tier": "basic", "rollback": True}
        assert failed(registry, registration)
    registry.retry(tenant_id, actor="bob")
    assert ended(registry, registration)
    tenant = registry.tenant(tenant_id)
    assert (tenant.tier, tenant.status) == (Tier.BASIC, State.ACTIVE)
    assert tenant.previous_tier is Tier.PREMIUM
    move(confirm=True)
    assert ended(registry, registration)
    assert registry.tenant(tenant_id).previous_tier is None


def test_thirty_registrations_at_once(registry: Registry) -> None:
    results = at_once(30, lambda n: registry.register(asked(f"tenant-{n}"), actor="alice"))
    assert {type(result) for result in results} == {RegistrationRecord}
    assert len({result.tenant_id for result in results}) == 30
    assert len(outbox(registry)) == 30


def test_one_name_is_given_once(registry: Registry) -> None:
    results = at_once(8, lambda _: registry.register(asked(), actor="alice"))
    assert sorted(type(result).__name__ for result in results) == [
        *["NameTakenError"] * 7,
        "RegistrationRecord",
    ]
    assert len(outbox(registry)) == 1
    with pytest.raises(NameTakenError, match="acme"):
        registry.register(asked(), actor="bob")


def test_one_key_is_one_registration(registry: Registry) -> None:
    results = at_once(8, lambda _: registry.register(asked(), actor="alice", idempotency_key="k1"))
    assert len({result.id for result in results}) == 1
    assert len(outbox(registry)) == 1
    with pytest.raises(IdempotencyMismatchError, match="k1"):
        registry.register(asked("other"), actor="alice", idempotency_key="k1")
    # Another actor's key of the same name is another key.
    assert registry.register(asked("other"), actor="bob", idempotency_key="k1")


def test_an_old_key_may_be_used_again(client: Any, table: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    registry = Registry(client, table, clock=lambda: now, new_id=lambda: str(uuid.uuid4()))
    registry.register(asked(), actor="alice", idempotency_key="k1")
    now += timedelta(days=2)
    registry.register(asked("other"), actor="alice", idempotency_key="k1")


def test_deletes_at_once_are_one_offboarding(registry: Registry) -> None:
    registration = onboarded(registry)
    before = len(outbox(registry))
    results = at_once(6, lambda _: registry.deregister(registration.id, actor="alice"))
    assert len({result.id for result in results}) == 1
    assert len(outbox(registry)) == before + 1


def test_one_operation_at_once(registry: Registry) -> None:
    registration = onboarded(registry)
    results = at_once(
        6,
        lambda _: registry.request(registration.tenant_id, OperationKind.RECONCILE, actor="alice"),
    )
    assert sorted(type(result).__name__ for result in results) == [
        "Operation",
        *["OperationRunningError"] * 5,
    ]


def test_no_update_is_lost(registry: Registry) -> None:
    registration = onboarded(registry)
    results = at_once(
        8,
        lambda n: registry.update_registration(
            registration.id, tenant_data={f"field{n}": n}, actor="alice"
        ),
    )
    assert not [result for result in results if isinstance(result, Exception)]
    data = registry.tenant(registration.tenant_id).data
    assert data == {f"field{n}": n for n in range(8)}


def test_a_stale_version_is_refused(registry: Registry) -> None:
    registration = onboarded(registry)
    seen = registry.registration(registration.id).version
    results = at_once(
        4,
        lambda n: registry.update_registration(
            registration.id, registration_data={"n": n}, actor="alice", version=seen
        ),
    )
    assert sum(isinstance(result, VersionConflictError) for result in results) == 3


def test_an_event_that_comes_twice_changes_nothing(registry: Registry) -> None:
    registration = registry.register(asked(), actor="alice")
    results = at_once(5, lambda _: registry.succeed(registration.id, event_id="e1"))
    assert sorted(results) == [False, False, False, False, True]
    assert len(registry.history(registration.tenant_id).items) == 3
    # Late news of an operation that has ended, and of another kind than the one that runs.
    registry.deregister(registration.id, actor="alice")
    onboard = frozenset({OperationKind.ONBOARD})
    assert not registry.fail(registration.id, event_id="e2", reason="late", kinds=onboard)
    assert not registry.fail(registration.id, event_id="e3", reason="late", operation_id="x")
    assert registry.tenant(registration.tenant_id).status is State.DEPROVISIONING


def test_a_failure_is_recorded_and_can_be_retried(registry: Registry) -> None:
    registration = registry.register(asked(), actor="alice")
    tenant_id = registration.tenant_id
    with pytest.raises(OperationRunningError):
        registry.retry(tenant_id, actor="alice")
    assert registry.fail(registration.id, event_id="e1", reason="no quota", log_url="https://l")
    tenant = registry.tenant(tenant_id)
    assert (tenant.status, tenant.reason, tenant.log_url) == (
        State.FAILED,
        "no quota",
        "https://l",
    )
    assert registry.registration(registration.id).data["registrationStatus"] == "failed"
    [failed] = registry.operations(tenant_id).items
    assert (failed.status, failed.reason) == (OperationStatus.FAILED, "no quota")
    again = registry.retry(tenant_id, actor="bob", key="r1")
    assert registry.retry(tenant_id, actor="bob", key="r1").id == again.id
    assert (again.kind, again.attempt, again.retry_of) == (OperationKind.ONBOARD, 2, failed.id)
    assert ended(registry, registration, operation_id=again.id)
    tenant = registry.tenant(tenant_id)
    assert (tenant.status, tenant.reason) == (State.ACTIVE, None)
    with pytest.raises(
        TransitionRefusedError, match="retry: the tenant is ACTIVE; it must be FAILED"
    ):
        registry.retry(tenant_id, actor="bob")


@pytest.mark.parametrize("ok", [True, False])
def test_a_delete_during_onboarding_waits_for_its_end(registry: Registry, ok: bool) -> None:
    registration = registry.register(asked(), actor="alice")
    waiting = registry.deregister(registration.id, actor="alice")
    assert waiting.status is OperationStatus.QUEUED
    assert registry.deregister(registration.id, actor="alice").id == waiting.id
    assert len(outbox(registry)) == 1
    if ok:
        registry.succeed(registration.id, event_id="e1")
    else:
        registry.fail(registration.id, event_id="e1", reason="no quota")
    tenant = registry.tenant(registration.tenant_id)
    assert (tenant.status, tenant.running, tenant.queued) == (
        State.DEPROVISIONING,
        waiting.id,
        None,
    )
    names = [name for name, _ in outbox(registry)]
    assert names == [EventName.ONBOARDING_REQUEST, EventName.OFFBOARDING_REQUEST]
    assert ended(registry, registration, operation_id=waiting.id)
    assert registry.tenant(registration.tenant_id).status is State.DELETED


def test_a_crash_before_the_event_is_sent_loses_nothing(registry: Registry) -> None:
    registry.register(asked(), actor="alice")
    [entry] = registry.unpublished(datetime.now(UTC) + LATER).items
    assert not registry.unpublished(datetime.now(UTC) - LATER).items
    [same] = registry.unpublished(datetime.now(UTC) + LATER).items
    assert same == entry
    registry.published([entry.key])
    assert not registry.unpublished(datetime.now(UTC) + LATER).items


def test_a_refused_transaction_writes_nothing(
    registry: Registry, client: Any, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(self: Transaction) -> None:
        raise ConnectionError("the machine is gone")

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "commit", crash)
        with pytest.raises(ConnectionError):
            registry.register(asked(), actor="alice")
    assert client.scan(TableName=table)["Count"] == 0


def test_the_stream_carries_the_outbox(
    registry: Registry, connect: Callable[[str], Any], client: Any, table: str
) -> None:
    registration = onboarded(registry)
    registry.deregister(registration.id, actor="alice")
    streams = connect("dynamodbstreams")
    arn = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    records: list[Any] = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records += streams.get_records(ShardIterator=iterator)["Records"]
    found = entries(records)
    assert [entry.name for entry in found] == [
        EventName.ONBOARDING_REQUEST,
        EventName.OFFBOARDING_REQUEST,
    ]
    assert [json.loads(entry.detail)["eventId"] for entry in found] == [
        detail["eventId"] for _, detail in outbox(registry)
    ]


def test_pages_hold_every_tenant_once(registry: Registry) -> None:
    for number in range(11):
        tier = "basic" if number % 2 else "premium"
        registry.register(asked(f"t{number:02}", tier), actor="alice")
    assert names(registry, limit=4) == [f"t{n:02}" for n in range(11)]
    assert names(registry, limit=11) == [f"t{n:02}" for n in range(11)]
    assert names(registry, limit=5, sort="-name") == [f"t{n:02}" for n in range(10, -1, -1)]
    odd = [f"t{n:02}" for n in range(1, 11, 2)]
    assert names(registry, limit=2, tier=Tier.BASIC) == odd
    both = {"status": State.PROVISIONING, "tier": Tier.BASIC, "release": "latest"}
    assert names(registry, limit=2, **both) == odd
    first = registry.registrations(6)
    rest = registry.registrations(6, first.next_token)
    assert len({row.id for row in (*first.items, *rest.items)}) == 11
    assert rest.next_token is None
    token = registry.tenants(2).next_token
    for wrong in ("garbage", "e30", f"{token}x", token[::-1] if token else ""):
        with pytest.raises(InvalidTokenError):
            registry.tenants(2, wrong)
    with pytest.raises(InvalidTokenError):
        registry.tenants(2, token, tier=Tier.BASIC)


def names(registry: Registry, limit: int, **filters: Any) -> list[str]:
    found: list[str] = []
    token: str | None = ""
    while token is not None:
        page = registry.tenants(limit, token, **filters)
        assert len(page.items) <= limit
        found += [tenant.name for tenant in page.items]
        token = page.next_token
    return found


def test_callers_choose_no_system_fields(registry: Registry) -> None:
    with pytest.raises(FieldRefusedError, match="operationId, tenantId: set by the system"):
        registry.register(asked(tenantId="x", operationId="y"), actor="alice")
    with pytest.raises(FieldRefusedError, match="tenantStatus"):
        registry.register(asked(), {"tenantStatus": "ACTIVE"}, actor="alice")
    with pytest.raises(TenantDocumentError, match="3 problems"):
        registry.register({"tenantName": "A", "tier": "gold"}, actor="alice")
    with pytest.raises((FieldRefusedError, InvalidDetailError)):
        registry.register(asked(blob="x" * 300_000), actor="alice")
    registration = onboarded(registry)
    with pytest.raises(FieldRefusedError, match="tier: changed by an operation"):
        registry.update_registration(
            registration.id, tenant_data={"tier": "premium"}, actor="alice"
        )
    with pytest.raises(FieldRefusedError, match="the tenant is basic already"):
        registry.request(
            registration.tenant_id,
            OperationKind.MOVE,
            actor="alice",
            parameters={"tier": "basic"},
        )


def test_every_write_is_audited(registry: Registry) -> None:
    registration = onboarded(registry)
    registry.update_registration(
        registration.id, tenant_data={"email": "b@acme.example"}, actor="bob"
    )
    registry.record(actor="bob", action="user.create", target="carol")
    day = datetime.now(UTC).date().isoformat()
    entries = {entry.action: entry for entry in registry.audit(day).items}
    assert set(entries) == {
        "tenant.register",
        "onboard.succeeded",
        "registration.update",
        "user.create",
    }
    update = entries["registration.update"]
    assert (update.actor, update.target) == ("bob", registration.tenant_id)
    assert update.before["email"] == "admin@acme.example"
    assert update.after["email"] == "b@acme.example"


def test_what_is_unknown_says_so(registry: Registry) -> None:
    with pytest.raises(TenantUnknownError, match="Tenant not found for id t"):
        registry.tenant("t")
    with pytest.raises(TenantUnknownError):
        registry.operations("t")
    with pytest.raises(RegistrationUnknownError, match="Tenant registration not found for id r"):
        registry.deregister("r", actor="alice")


def test_odd_input_is_refused_and_never_an_error_of_ours(registry: Registry) -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    for odd in (float("nan"), "\ud800", deep):
        with pytest.raises(FieldRefusedError, match="not plain JSON"):
            registry.register(asked(odd=odd), actor="alice")
    with pytest.raises(FieldRefusedError, match="Idempotency-Key"):
        registry.register(asked(), actor="alice", idempotency_key="k" * 3000)
    with pytest.raises(RegistrationUnknownError):
        registry.registration("r" * 3000)
    with pytest.raises(TenantUnknownError):
        registry.tenant("t" * 3000)


def test_what_runs_too_long_is_found(registry: Registry) -> None:
    registration = registry.register(asked(), actor="alice")
    [stuck] = registry.running_since(datetime.now(UTC) + LATER).items
    assert stuck.tenant_id == registration.tenant_id
    assert ended(registry, registration)
    assert not registry.running_since(datetime.now(UTC) + LATER).items

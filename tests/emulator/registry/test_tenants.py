"""What becomes of a tenant's data, its prices and its failed updates; on the local AWS."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from services.control_plane.registry import FieldRefusedError, Registry, TenantUnknownError
from services.tenancy import OperationKind, State, TransitionRefusedError
from tests.emulator.registry.test_registry import asked, ended, onboarded

pytestmark = pytest.mark.local_aws


def test_what_no_request_could_carry_is_refused(registry: Registry) -> None:
    half = {"note": "x" * 95_000}
    with pytest.raises(FieldRefusedError, match="allowed 100000"):
        registry.register(asked(**half), half, actor="alice")
    registration = onboarded(registry, tier="premium")
    with pytest.raises(FieldRefusedError, match="allowed 100000"):
        registry.update_registration(registration.id, registration_data=half, actor="alice")
    metadata = {"name": "Corp", "kind": "saml", "metadata_xml": "<m a='b'/>" * 9_000}
    with pytest.raises(FieldRefusedError, match=r"federation: .* allowed 100000"):
        registry.request(
            registration.tenant_id,
            OperationKind.UPDATE,
            actor="alice",
            parameters={"federation": [metadata]},
        )
    assert registry.tenant(registration.tenant_id).status is State.ACTIVE


def test_a_failed_update_is_corrected_and_the_tenant_served_meanwhile(registry: Registry) -> None:
    registration = onboarded(registry, tier="premium")
    tenant_id = registration.tenant_id

    def failed(**parameters: Any) -> None:
        kind = OperationKind.UPDATE if parameters else OperationKind.RECONCILE
        registry.request(tenant_id, kind, actor="ann", parameters=parameters)
        registry.fail(registration.id, event_id=str(uuid.uuid4()), reason="no such image")

    def served() -> bool:
        return registry.serves(registry.tenant(tenant_id))

    failed(release="wrong")
    assert (registry.tenant(tenant_id).status, served()) == (State.FAILED, True)
    failed(release="wrong-too")
    right = registry.request(
        tenant_id, OperationKind.UPDATE, actor="ann", parameters={"release": "v2"}
    )
    assert (right.attempt, right.origin, served()) == (1, State.ACTIVE, True)
    assert ended(registry, registration)
    tenant = registry.tenant(tenant_id)
    assert (tenant.status, tenant.release, tenant.reason) == (State.ACTIVE, "v2", None)
    failed(release="wrong")
    registry.request(tenant_id, OperationKind.RECONCILE, actor="ann")  # what the registry says
    assert ended(registry, registration)
    assert registry.tenant(tenant_id).release == "v2"

    registry.request(tenant_id, OperationKind.SUSPEND, actor="ann")
    assert ended(registry, registration)
    failed(release="wrong")
    assert not served()
    registry.request(tenant_id, OperationKind.UPDATE, actor="ann", parameters={"release": "v3"})
    assert not served()
    assert ended(registry, registration)
    assert registry.tenant(tenant_id).status is State.SUSPENDED

    registry.request(tenant_id, OperationKind.OFFBOARD, actor="ann")
    registry.fail(registration.id, event_id=str(uuid.uuid4()), reason="quota")
    with pytest.raises(TransitionRefusedError, match="update: the tenant is FAILED"):
        registry.request(tenant_id, OperationKind.UPDATE, actor="ann", parameters={"release": "4"})


def test_prices_keep_when_they_were_set(registry: Registry) -> None:
    old, new = [{"id": "1", "metricName": "m", "amount": "1"}], [{"id": "1", "metricName": "n"}]
    registration = registry.register(asked(prices=old), actor="ann")
    tenant_id = registration.tenant_id

    def change(**data: Any) -> None:
        registry.update_registration(registration.id, tenant_data=data, actor="ann")

    change(note=1)
    assert registry.price_changes(tenant_id) == ()
    change(prices=new)
    change(prices=new, note=2)
    assert ended(registry, registration)
    change(prices=old)
    first, second = registry.price_changes(tenant_id)
    assert (list(first.before), list(first.after)) == (old, new)
    assert (list(second.before), list(second.after)) == (new, old)
    assert first.at < second.at == registry.tenant(tenant_id).updated_at


def test_drift_is_noted_once_and_closed_when_it_is_gone(registry: Registry) -> None:
    first, second = onboarded(registry, "one").tenant_id, onboarded(registry, "two").tenant_id
    assert registry.drift(first).checked_at is None
    found = [("aws_x.a", "tags.x"), ("aws_x.b", "")]
    noted = registry.note_drift(first, found, more=3, actor="ann")
    assert (noted.attributes, noted.more, noted.open) == (tuple(found), 3, True)
    again = registry.note_drift(first, found, more=3, actor="ann")
    assert again.since == noted.since == noted.checked_at
    assert again.checked_at and noted.checked_at and again.checked_at > noted.checked_at
    registry.note_drift(second, [], actor="ann")
    assert [each.tenant_id for each in registry.drifts().items] == [first]

    closed = registry.note_drift(first, [], actor="ann")
    assert (closed.open, closed.closed_at) == (False, closed.checked_at)
    assert registry.drift(first) == closed
    assert registry.drifts().items == ()
    day = closed.closed_at and closed.closed_at.date().isoformat()
    audited = [
        (each.target, each.after) for each in registry.audit(day or "").items
        if each.action == "tenant.drift"
    ]  # fmt: skip
    shown = {"drifted": ["aws_x.a tags.x", "aws_x.b"], "more": 3}
    assert audited == [(first, shown), (first, {"drifted": [], "more": 0})]
    with pytest.raises(TenantUnknownError):
        registry.note_drift("nobody", [], actor="ann")


def test_an_update_names_its_plan_and_a_retry_does_not(registry: Registry) -> None:
    registration = onboarded(registry)
    asked_for = {"release": "v2", "plan": "0" * 64}
    operation = registry.request(
        registration.tenant_id, OperationKind.UPDATE, actor="ann", parameters=asked_for
    )
    assert operation.parameters == asked_for
    registry.fail(registration.id, event_id=str(uuid.uuid4()), reason="no such image")
    again = registry.retry(registration.tenant_id, actor="ann")
    assert again.parameters == {"release": "v2"}

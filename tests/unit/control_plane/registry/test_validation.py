"""What callers may keep: nothing that steers a job, and nothing that no request could carry."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.control_plane.registry import (
    FieldRefusedError,
    RegistrationRecord,
    TenantRecord,
    changes,
    outbox,
    validation,
)
from services.control_plane.registry.records import SYSTEM_FIELDS, TENANT_COLUMNS
from services.provisioning.jobs import job, operations, starter
from services.provisioning.jobs.operations import Done
from services.tenancy import Operation, OperationKind, OperationStatus, State, Tier
from services.tenancy.events import Event, InvalidDetailError
from services.tenancy.events.catalogue import Parameters, TenantRequest, TenantUpdateRequest
from services.tenancy.events.weight import ROWS_LIMIT, ROWS_WITH_OUTPUT_LIMIT
from services.tenancy.operations import failures

AT = datetime(2026, 1, 1, tzinfo=UTC)
TENANT = TenantRecord("t1", "r1", "acme", Tier.PREMIUM, "a@b.io", State.ACTIVE, "v1", AT, AT)
REGISTRATION = RegistrationRecord("r1", "t1", {}, AT, AT)


def asked(kind: OperationKind, **parameters: Any) -> Operation:
    status = OperationStatus.QUEUED
    return Operation("01J", "t1", "r1", kind, status, "ann", AT, parameters=parameters)


def request(
    kind: OperationKind, tenant: TenantRecord, registration: RegistrationRecord, **parameters: Any
) -> dict[str, str]:
    change = changes.beginning(tenant, registration, asked(kind, **parameters))
    return outbox.request_event(change, change.begun[0], "e" * 36).entry("b" * 64)


def mentioned() -> set[str]:
    """Every name that the code which reads requests knows of."""
    trees = [ast.parse(Path(str(each.__file__)).read_text()) for each in (job, operations, starter)]
    constants = (
        node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)
    )
    said = {str(node.value) for node in constants if str(node.value).isidentifier()}
    fields = TenantUpdateRequest.model_fields | Parameters.model_fields
    return said | {str(field.alias) for field in fields.values()}


def steered(entry: dict[str, str]) -> tuple[object, ...]:
    """Return everything that a request makes of its fields, but the text it is handed on as."""
    envelope = {"detail-type": entry["DetailType"], "source": entry["Source"]}
    envelope |= {"detail": json.loads(entry["Detail"])}
    event = Event.parse(envelope).narrowed(TenantRequest)
    made = starter.execution_input(envelope, failures())
    del made["operation"]
    done = job.carry_out(event, Noting()).event_id
    document = operations.document_of(event.detail, "v1")
    key = starter.key_of(event.document)
    return operations.kind_of(event), document, made, done, key


class Noting:
    def carry_out(self, request: Event[TenantRequest]) -> Done:
        return Done()


def test_no_free_field_steers_a_job() -> None:
    assert {"overrides", "federation", "parameters", "operationKind"} <= mentioned()
    usual = steered(request(OperationKind.MOVE, TENANT, REGISTRATION, tier="advanced"))
    for name in sorted(mentioned() | {"attempt"}):
        values: tuple[Any, ...] = (2, {"services": {"orders": {"min": 9}}}, [], "premium")
        for value in values:
            for check, where in (
                (validation.own_fields, "tenant"),
                (validation.registration_fields, "registration"),
            ):
                try:
                    free = check({name: value})
                except FieldRefusedError:
                    continue
                if where == "tenant" and name in TENANT_COLUMNS:
                    continue  # not free: it is the tenant's own
                tenant = replace(TENANT, data=free) if where == "tenant" else TENANT
                kept = replace(REGISTRATION, data=free) if where != "tenant" else REGISTRATION
                try:
                    entry = request(OperationKind.MOVE, tenant, kept, tier="advanced")
                except InvalidDetailError:
                    continue  # such as prices that are none: refused when it is asked for
                assert steered(entry) == usual, (where, name, value)


@pytest.mark.parametrize("field", sorted(TENANT_COLUMNS))
def test_a_registration_says_nothing_about_its_tenant(field: str) -> None:
    with pytest.raises(FieldRefusedError, match=field) as refused:
        validation.registration_fields({"note": 1, field: {}})
    assert refused.value.fields == (field,)
    kept_before = replace(REGISTRATION, data={field: {"services": {}}, "note": 1})
    detail = json.loads(request(OperationKind.OFFBOARD, TENANT, kept_before)["Detail"])
    assert detail.get(field) == TENANT.fields().get(field)
    assert detail["note"] == 1


@given(st.sampled_from(sorted(SYSTEM_FIELDS)), st.sampled_from(["tenant", "registration"]))
def test_system_fields_are_nobodys(field: str, whose: str) -> None:
    check = validation.own_fields if whose == "tenant" else validation.registration_fields
    with pytest.raises(FieldRefusedError, match=field):
        check({field: "x"})


def largest(fits: Callable[[int], bool]) -> int:
    """Return the largest number that fits."""
    low, high = 0, 1 << 18
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def carried(tenant: TenantRecord, registration: RegistrationRecord) -> bool:
    try:
        validation.require_carried(tenant, registration)
    except FieldRefusedError:
        return False
    return True


def arrives(entry: dict[str, str]) -> bool:
    """Whether a request passes everything on its way: the sizes are those of the services."""
    event = {"detail-type": entry["DetailType"], "source": entry["Source"]}
    made = starter.execution_input({**event, "detail": json.loads(entry["Detail"])}, failures())
    build = {"EnvironmentVariables": [{"Name": "OPERATION", "Value": made["operation"]}]}
    failed = {**made, "failure": {"Error": "e", "Cause": json.dumps(build) + " " * 8_000}}
    return (
        sum(map(len, entry.values())) <= 256 * 1024  # an entry of PutEvents
        and len(f"OPERATION={made['operation']}\0".encode()) <= 128 * 1024  # MAX_ARG_STRLEN
        and len(json.dumps(made)) <= 262_144  # an execution's input
        and len(json.dumps(failed)) <= 262_144  # a state, with the cause of a failed build
    )


@settings(max_examples=12, deadline=None)
@given(st.text(min_size=1, max_size=4))
@example('"')
@example("\\")
@example("\u0001")
@example("é")
@example("😀")
def test_whatever_is_accepted_can_be_onboarded_updated_and_offboarded(text: str) -> None:
    def free(count: int) -> RegistrationRecord:
        return replace(REGISTRATION, data={"note": text * count})

    most = largest(lambda count: carried(TENANT, free(count)))
    full = free(most)
    assert not carried(TENANT, free(most + 1))
    wanted = replace(TENANT, status=State.REGISTERED)
    assert arrives(request(OperationKind.ONBOARD, wanted, full))
    # What jobs give back comes on top, and an update says once more what it changes.
    more = largest(lambda count: within(replace(TENANT, data={"out": text * count}), full))
    grown = replace(TENANT, data={"out": text * more})
    assert arrives(request(OperationKind.OFFBOARD, grown, full))
    providers = [{"name": text * most}]
    assert arrives(request(OperationKind.UPDATE, grown, full, federation=providers))


def within(tenant: TenantRecord, registration: RegistrationRecord) -> bool:
    return validation.rows_weight(tenant, registration) <= ROWS_WITH_OUTPUT_LIMIT


def test_a_refusal_says_how_much_is_allowed() -> None:
    with pytest.raises(FieldRefusedError, match=f"allowed {ROWS_LIMIT}"):
        validation.require_carried(replace(TENANT, data={"a": "x" * ROWS_LIMIT}), REGISTRATION)


def test_a_job_that_gives_back_too_much_has_failed() -> None:
    begun = changes.beginning(TENANT, REGISTRATION, asked(OperationKind.UPDATE))
    change = changes.ending(
        begun.tenant,
        begun.registration,
        begun.operations[0],
        at=AT,
        tenant_data={"tenantConfig": "x" * ROWS_WITH_OUTPUT_LIMIT},
    )
    assert change.tenant.status is State.FAILED
    assert "gave back too much" in str(change.tenant.reason)
    assert "tenantConfig" not in change.tenant.data

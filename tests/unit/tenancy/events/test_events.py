"""Names, shapes and round trips of events; the schema files agree with the models."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft202012Validator

from services.tenancy import Operation, OperationKind, OperationStatus
from services.tenancy.events import (
    Detail,
    Event,
    EventName,
    InvalidDetailError,
    Source,
    UnknownEventError,
    user_created,
    user_deleted,
)
from services.tenancy.events.catalogue import TenantRequest
from services.tenancy.events.registered import registered_name, registered_schema
from services.tenancy.events.schema_files import FOLDER, files
from services.tenancy.operation_events import failure, request, success
from services.tenancy.operations import DEPROVISION, PROVISION

AT = datetime(2026, 1, 2, tzinfo=UTC)
REGISTRATION = {"tenantRegistrationId": "r1", "tenantId": "t1", "registrationStatus": "In progress"}
TENANT = {"tenantId": "t1", "tenantName": "acme", "email": "a@b.io", "tier": "basic", "free": 1}
OURS: dict[str, Any] = {"event_id": "e1", "operation_id": "o1"}


def asked(kind: OperationKind, registration: dict[str, Any] = REGISTRATION) -> Event[Detail]:
    """Return the event that asks for an operation of `kind`."""
    operation = Operation("o1", "t1", "r1", kind, OperationStatus.RUNNING, "ann", AT)
    return request(operation, registration, TENANT, event_id="e1", at=AT)


EVENTS = [
    *(asked(kind) for kind in OperationKind),
    success(PROVISION, "r1", tenant_data={"tenantConfig": "{}"}, **OURS),
    success(DEPROVISION, "r1", **OURS),
    failure(PROVISION, "r1", reason="no", log_url="https://l", **OURS),
    failure(DEPROVISION, "r1", reason="no", **OURS),
    user_created("u", email="u@b.io", event_id="e1", at=AT),
    user_deleted("u", event_id="e1", at=AT),
]


def validator(name: EventName) -> Draft202012Validator:
    return Draft202012Validator(json.loads((FOLDER / f"{name.value}.json").read_text()))


def envelope(event: Event[Detail]) -> dict[str, Any]:
    entry = event.entry("bus")
    return {
        "id": "b1",
        "source": entry["Source"],
        "detail-type": entry["DetailType"],
        "detail": json.loads(entry["Detail"]),
    }


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name.value)
def test_what_we_send_is_what_we_read_and_keeps_the_schema(event: Event[Detail]) -> None:
    sent = envelope(event)
    validator(event.name).validate(sent["detail"])
    read = Event.parse(sent)
    assert (read.name, read.detail, read.event_id) == (event.name, event.detail, "e1")
    assert read.document == event.document


def test_requests_are_flattened_and_the_tenant_wins() -> None:
    event = asked(OperationKind.ONBOARD, {**REGISTRATION, "tier": "x"}).narrowed(TenantRequest)
    assert event.detail.tier == event.document["tier"] == "basic"
    assert event.detail.tenant_registration_id == "r1"


def test_what_nobody_declared_travels_on() -> None:
    event = asked(OperationKind.MOVE, {**REGISTRATION, "amount": 1.10, "nested": {"a": [None]}})
    sent = json.loads(event.entry("bus")["Detail"])
    assert (sent["free"], sent["amount"], sent["nested"]) == (1, 1.10, {"a": [None]})
    assert event.detail.model_extra == {
        "free": 1,
        "amount": 1.10,
        "nested": {"a": [None]},
    }


def test_an_event_of_another_kind_is_not_taken_for_one() -> None:
    with pytest.raises(UnknownEventError, match="sbt_aws_provisionSuccess: no TenantRequest"):
        success(PROVISION, "r1", **OURS).narrowed(TenantRequest)


def test_failures_carry_the_toolkits_output() -> None:
    event = failure(PROVISION, "r1", reason="no", **OURS)
    assert event.document["jobOutput"] == {"tenantStatus": "Failed to provision tenant."}


def test_an_event_of_a_foreign_job_needs_none_of_our_fields() -> None:
    event = Event.parse(
        {
            "id": "b1",
            "source": "sbt.application.plane",
            "detail-type": "sbt_aws_provisionSuccess",
            "detail": {"tenantRegistrationId": "r1", "jobOutput": {"tenantData": {"a": "b"}}},
        }
    )
    assert event.event_id == "b1"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"detail-type": "sbt_aws_nothing"}, UnknownEventError),
        ({"detail-type": "provisionSuccess"}, UnknownEventError),
        ({"source": "sbt.control.plane"}, UnknownEventError),
        ({"detail": {}}, InvalidDetailError),
        ({"detail": "text"}, InvalidDetailError),
        ({"detail": {"tenantRegistrationId": "r", "jobOutput": {"tenantData": {"a": 1}}}}, ...),
    ],
)
def test_foreign_envelopes_are_refused(change: dict[str, Any], error: Any) -> None:
    event = {**envelope(success(PROVISION, "r1", **OURS)), **change}
    with pytest.raises(InvalidDetailError if error is ... else error):
        Event.parse(event)


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(InvalidDetailError) as refused:
        Event.of(EventName.INGEST_USAGE, {})
    assert {problem.split(":")[0] for problem in refused.value.problems} == {
        "tenantId",
        "metric",
        "timestamp",
    }


def test_an_oversized_detail_is_refused_before_the_bus_does() -> None:
    with pytest.raises(InvalidDetailError, match="too many"):
        user_created("u" * 250_000, email="", event_id="e", at=AT).entry("bus")


def test_sources() -> None:
    assert EventName.BILLING_SUCCESS.source is Source.CONTROL_PLANE
    assert EventName.INGEST_USAGE.source is Source.APPLICATION_PLANE
    assert {name.source for name in EventName if name.value.endswith("Request")} == {
        Source.CONTROL_PLANE
    }


def test_the_schema_files_are_what_the_models_say() -> None:
    written = {path: path.read_text() for path in FOLDER.glob("*.json")}
    assert written == dict(files()), "run: python -m services.tenancy.events.schema_files"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda children: st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=6,
)


@given(
    st.sampled_from([EventName.PROVISION_SUCCESS, EventName.PROVISION_FAILURE]),
    st.fixed_dictionaries(
        {"tenantRegistrationId": st.text(max_size=4) | st.integers()},
        optional={"jobOutput": json_values, "reason": json_values},
    ),
)
def test_models_and_schemas_refuse_the_same(name: EventName, detail: dict[str, Any]) -> None:
    try:
        Event.of(name, detail)
        accepted = True
    except InvalidDetailError:
        accepted = False
    assert validator(name).is_valid(detail) is accepted
    # What is registered is of an older draft, and refuses the same.
    event = {"source": name.source.value, "detail-type": name.detail_type, "detail": detail}
    assert Draft4Validator(registered_schema(name)).is_valid(event) is accepted


@pytest.mark.parametrize("name", EventName)
def test_what_is_registered_is_of_the_draft_that_the_registry_takes(name: EventName) -> None:
    schema = registered_schema(name)
    Draft4Validator.check_schema(schema)
    text = json.dumps(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
    assert not [word for word in ('"$defs"', '"const"', "#/$defs/") if word in text]
    assert registered_name(name) == f"{name.source.value}@{name.detail_type}"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name.value)
def test_what_we_send_keeps_the_registered_schema_and_no_other_events(event: Event[Detail]) -> None:
    sent = envelope(event)
    Draft4Validator(registered_schema(event.name)).validate(sent)
    other = next(name for name in EventName if name is not event.name)
    assert not Draft4Validator(registered_schema(other)).is_valid(sent)

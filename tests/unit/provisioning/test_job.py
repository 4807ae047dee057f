"""A build's job: the request that it reads, and the event that says how it ended."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.provisioning.errors import ProvisionerError
from services.provisioning.jobs import job, starter
from services.provisioning.jobs.operations import (
    Done,
    JobError,
    document_of,
    kind_of,
    tenant_config,
)
from services.provisioning.jobs.operations import Operations as RealOperations
from services.tenancy import OperationKind, Tier
from services.tenancy.events import Detail, Event
from services.tenancy.events.catalogue import (
    JobFailure,
    JobSuccess,
    TenantRequest,
    TenantUpdateRequest,
)
from services.tenancy.operations import failures

DETAIL = {
    "tenantRegistrationId": "reg-1",
    "tenantId": "tenant-1",
    "tenantName": "acme",
    "tier": "basic",
    "email": "admin@example.com",
    "eventId": "event-1",
    "operationId": "01J",
    "occurredAt": "2026-11-23T12:00:00+00:00",
    "schemaVersion": "1",
}


class Operations:
    """Operations that only remember what was asked for."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[OperationKind] = []

    def carry_out(self, request: Event[TenantRequest]) -> Done:
        self.asked.append(kind_of(request))
        if self.error:
            raise self.error
        document_of(request.detail, "r1")
        return Done({"tenantConfig": "{}"}, {"registrationStatus": "created"})


def envelope(name: str, **changed: Any) -> dict[str, Any]:
    return {
        "detail-type": f"sbt_aws_{name}",
        "source": "sbt.control.plane",
        "detail": {**DETAIL, **changed},
    }


def run(operations: Operations, name: str, **changed: Any) -> Event[Detail]:
    request = Event.parse(envelope(name, **changed)).narrowed(TenantRequest)
    return job.carry_out(request, operations)


@pytest.mark.parametrize(
    ("name", "changed", "kind", "answer"),
    [
        ("onboardingRequest", {}, OperationKind.ONBOARD, "provisionSuccess"),
        ("offboardingRequest", {}, OperationKind.OFFBOARD, "deprovisionSuccess"),
        ("deactivateRequest", {}, OperationKind.SUSPEND, "deactivateSuccess"),
        ("activateRequest", {}, OperationKind.RESUME, "activateSuccess"),
        *(
            ("tenantUpdateRequest", {"operationKind": kind.value}, kind, "tenantUpdateSuccess")
            for kind in (OperationKind.UPDATE, OperationKind.MOVE, OperationKind.RECONCILE)
        ),
    ],
)
def test_each_request_is_one_kind_of_operation(
    name: str, changed: dict[str, Any], kind: OperationKind, answer: str
) -> None:
    operations = Operations()
    event = run(operations, name, **changed)
    assert operations.asked == [kind]
    assert event.name.value == answer
    assert isinstance(event.detail, JobSuccess)
    assert event.detail.operation_id == "01J"
    assert event.document["jobOutput"] == {
        "tenantData": {"tenantConfig": "{}"},
        "tenantRegistrationData": {"registrationStatus": "created"},
    }


def test_every_kind_has_a_job_of_its_own() -> None:
    class Named:
        """Has every method, which answers with its own name."""

        def __getattr__(self, name: str) -> Any:
            return lambda _request: name

    request = TenantRequest.model_validate(DETAIL)
    dispatch: Any = RealOperations._job
    jobs = {kind: dispatch(Named(), kind, request) for kind in OperationKind}
    assert len(set(jobs.values())) == len(OperationKind)
    assert all(callable(getattr(RealOperations, name)) for name in jobs.values())


@pytest.mark.parametrize(
    ("name", "changed", "error", "said"),
    [
        ("onboardingRequest", {}, ProvisionerError("quota"), "quota"),
        ("onboardingRequest", {}, KeyError("fault of ours"), "fault of ours"),
        ("onboardingRequest", {"tenantName": "$(reboot)"}, None, "tenant_name"),
        ("tenantUpdateRequest", {"operationKind": "paint"}, None, "allowed update, move"),
    ],
)
def test_what_cannot_be_done_is_answered_with_the_reason(
    name: str, changed: dict[str, Any], error: Exception | None, said: str
) -> None:
    answer = run(Operations(error), name, **changed)
    assert answer.name.detail_type.endswith("Failure")
    assert isinstance(answer.detail, JobFailure)
    assert said in str(answer.detail.reason)


def test_an_operation_changes_what_its_parameters_name() -> None:
    sizes = {"services": {"orders": {"min": 2, "max": 3}}}
    asked = {
        **DETAIL,
        "release": "r1",
        "operationKind": "update",
        "parameters": {"tier": "premium", "release": "r2", "overrides": sizes},
    }
    document = document_of(TenantUpdateRequest.model_validate(asked), "r0")
    assert (document.tier, document.release) == (Tier.PREMIUM, "r2")
    assert document.variables()["overrides"]["services"] == sizes["services"]
    assert document_of(TenantRequest.model_validate(DETAIL), "r0").release == "r0"


def test_the_applications_configuration_names_its_api() -> None:
    outputs = {
        "user_pool_id": "p",
        "app_client_id": "c",
        "api_url": "https://api/prod",
        "issuer": "https://issuer",
        "sign_in_url": "https://pages",
    }
    assert json.loads(tenant_config(outputs)) == {
        "userPoolId": "p",
        "appClientId": "c",
        "apiGatewayUrl": "https://api/prod",
        "authority": "https://issuer",
        "domain": "https://pages",
    }


def test_job_and_state_machine_report_a_failure_under_one_id() -> None:
    answer = run(Operations(ProvisionerError("quota")), "onboardingRequest")
    made = starter.execution_input(envelope("onboardingRequest"), failures())
    assert answer.event_id == made["failureEventId"]
    assert answer.name.detail_type == made["failureDetailType"]
    assert answer.document["jobOutput"]["tenantStatus"] == made["failureStatus"]


def test_a_bus_that_refuses_is_an_error() -> None:
    answer = run(Operations(), "offboardingRequest")
    with pytest.raises(JobError, match="refused"):
        job.put(answer, "bus", lambda **_: {"FailedEntryCount": 1, "Entries": ["full"]})

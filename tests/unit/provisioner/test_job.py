"""A build's job: the request that it reads, and the event that says how it ended."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from services.events import Event
from services.provisioner import job, starter
from services.provisioner.errors import ProvisionerError

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


class Tenants:
    """Tenants that only remember what was asked for."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.calls: list[tuple[str, str]] = []

    def apply(self, document: Any) -> Any:
        self._note("apply", document.tenant_id)
        outputs = {"user_pool_id": "p", "app_client_id": "c", "load_balancer_dns_name": "alb"}
        return None, SimpleNamespace(outputs=outputs)

    def destroy(self, tenant_id: str) -> None:
        self._note("destroy", tenant_id)

    def _note(self, what: str, tenant_id: str) -> None:
        self.calls.append((what, tenant_id))
        if self.error:
            raise self.error


def envelope(name: str, **changed: Any) -> dict[str, Any]:
    return {
        "detail-type": f"sbt_aws_{name}",
        "source": "sbt.control.plane",
        "detail": {**DETAIL, **changed},
    }


def run(tenants: Tenants, name: str, **changed: Any) -> Event:
    request = Event.parse(envelope(name, **changed))
    return job.carry_out(request, tenants, release="r1").validated()  # type: ignore[arg-type]


def test_onboarding_answers_with_the_tenants_configuration() -> None:
    tenants = Tenants()
    answer = run(tenants, "onboardingRequest")
    assert tenants.calls == [("apply", "tenant-1")]
    assert answer.name.detail_type == "sbt_aws_provisionSuccess"
    output = answer.detail["jobOutput"]
    assert json.loads(output["tenantData"]["tenantConfig"]) == {
        "userPoolId": "p",
        "appClientId": "c",
        "apiGatewayUrl": "http://alb",
    }
    assert output["tenantRegistrationData"] == {"registrationStatus": "created"}
    assert answer.detail["operationId"] == "01J"


def test_offboarding_answers_that_it_is_deleted() -> None:
    tenants = Tenants()
    answer = run(tenants, "offboardingRequest")
    assert tenants.calls == [("destroy", "tenant-1")]
    assert answer.name.detail_type == "sbt_aws_deprovisionSuccess"
    assert answer.detail["jobOutput"]["tenantRegistrationData"] == {"registrationStatus": "deleted"}


@pytest.mark.parametrize(
    ("name", "changed", "error", "said"),
    [
        ("onboardingRequest", {}, ProvisionerError("quota"), "quota"),
        ("onboardingRequest", {"tenantName": "$(reboot)"}, None, "tenant_name"),
        ("activateRequest", {}, None, "not carried out"),
    ],
)
def test_what_cannot_be_done_is_answered_with_the_reason(
    name: str, changed: dict[str, Any], error: Exception | None, said: str
) -> None:
    answer = run(Tenants(error), name, **changed)
    assert answer.name.detail_type.endswith("Failure")
    assert said in answer.detail["reason"]


def test_job_and_state_machine_report_a_failure_under_one_id() -> None:
    answer = run(Tenants(ProvisionerError("quota")), "onboardingRequest", attempt=2)
    made = starter.execution_input(envelope("onboardingRequest", attempt=2))
    assert answer.event_id == made["failureEventId"]
    assert answer.name.detail_type == made["failureDetailType"]
    assert answer.detail["jobOutput"]["tenantStatus"] == made["failureStatus"]


def test_an_operation_has_one_execution_for_each_attempt() -> None:
    assert starter.execution_name({"operationId": "01J"}) == "01J"
    assert starter.execution_name({"operationId": "01J", "attempt": 1}) == "01J"
    assert starter.execution_name({"operationId": "01J", "attempt": 2}) == "01J-2"
    assert (
        json.loads(starter.execution_input(envelope("onboardingRequest"))["operation"])["detail"]
        == DETAIL
    )


def test_a_bus_that_refuses_is_an_error() -> None:
    answer = run(Tenants(), "offboardingRequest")
    with pytest.raises(job.JobError, match="refused"):
        job.put(answer, "bus", lambda **_: {"FailedEntryCount": 1, "Entries": ["full"]})

"""The starter begins what the registry says runs, and nothing else."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from services.contracts.registry_table import operation_key
from services.control_plane.registry import OutboxEntry, Registry
from services.provisioning.jobs import starter
from services.tenancy import OperationKind
from services.tenancy.operations import failures
from tests.emulator.registry.test_registry import asked, onboarded

pytestmark = pytest.mark.local_aws


class Machine:
    """A state machine that notes its executions."""

    class _KnownError(Exception):
        pass

    exceptions = SimpleNamespace(ExecutionAlreadyExists=_KnownError)

    def __init__(self) -> None:
        self.executions: dict[str, str] = {}

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:  # noqa: A002, N803
        assert stateMachineArn == "arn:machine"
        if name in self.executions:
            raise self._KnownError
        self.executions[name] = input


@pytest.fixture
def machine(client: Any, table: str, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setenv("STATE_MACHINE", "arn:machine")
    monkeypatch.setenv("REGISTRY_TABLE", table)
    monkeypatch.setenv("FAILURES", json.dumps(failures()))
    clients = {"dynamodb": client, "stepfunctions": made}
    monkeypatch.setattr(boto3, "client", clients.__getitem__)
    return made


def requests(registry: Registry) -> list[dict[str, Any]]:
    def envelope(entry: OutboxEntry) -> dict[str, Any]:
        sent = entry.entry("bus")
        detail = json.loads(sent["Detail"])
        return {"detail-type": sent["DetailType"], "source": sent["Source"], "detail": detail}

    return [envelope(each) for each in registry.unpublished(datetime.now(UTC) + ONE_HOUR).items]


ONE_HOUR = timedelta(hours=1)


def test_a_request_starts_its_operation_once(registry: Registry, machine: Machine) -> None:
    tenant = registry.tenant(registry.register(asked(), actor="ann").tenant_id)
    [request] = requests(registry)
    assert starter.key_of(request["detail"]) == operation_key(tenant.id, str(tenant.running))
    told = [starter.handler(request, None)["started"] for _ in range(3)]
    assert told == ["now", "before", "before"]
    assert list(machine.executions) == [tenant.running]


def test_a_late_request_builds_nothing(registry: Registry, machine: Machine) -> None:
    registration = registry.register(asked(), actor="ann")
    [first] = requests(registry)
    registry.fail(registration.id, event_id=str(uuid.uuid4()), reason="lost")
    again = registry.retry(registration.tenant_id, actor="ann")
    assert starter.handler(first, None)["started"] == "no"
    [second] = [each for each in requests(registry) if each != first]
    assert starter.handler(second, None)["started"] == "now"
    assert list(machine.executions) == [again.id]


def test_a_request_after_the_tenants_end_builds_nothing(
    registry: Registry, machine: Machine
) -> None:
    registration = onboarded(registry)
    registry.request(registration.tenant_id, OperationKind.OFFBOARD, actor="ann")
    registry.succeed(registration.id, event_id=str(uuid.uuid4()))
    told = [starter.handler(request, None)["started"] for request in requests(registry)]
    assert told == ["no", "no"]
    assert machine.executions == {}


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ({"tenantId": "t1", "tenantName": "acme"}, "no operationId"),
        ({}, "no tenantId and no operationId"),
        ({"tenantId": "t1", "operationId": "01J"}, "has no operation TENANT#t1 OP#01J"),
    ],
)
def test_what_the_registry_does_not_know_is_refused_with_the_reason(
    machine: Machine, detail: dict[str, str], said: str
) -> None:
    request = {"detail-type": "sbt_aws_onboardingRequest", "source": "sbt.control.plane"}
    with pytest.raises(starter.RequestRefusedError, match=said):
        starter.handler({**request, "detail": {**detail, "tenantRegistrationId": "r1"}}, None)
    assert machine.executions == {}

"""What goes wrong ends in a recorded state with a reason, and the next attempt puts it right."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from services.client import Operation, OperationFailedError
from services.local_aws.layout import ACCOUNT_ID
from services.tenancy.events import Event
from services.tenancy.operation_events import success
from services.tenancy.operations import PROVISION
from tests.conformance.bus import APPLICATION_PLANE, CONTROL_PLANE
from tests.e2e.builds import Build, executions, request_of
from tests.e2e.crashing_outbox import crashing_outbox
from tests.e2e.system import DEMO, PREFIX, System, Tenant
from tests.e2e.traces import traces
from tests.waiting import eventually

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]


def register(system: System, tenant: Tenant) -> Operation:
    with system.control_plane() as api:
        return api.register(tenant.name, tier=tenant.tier, email=tenant.email)


def end_of(system: System, operation: Operation) -> Operation:
    with system.control_plane() as api:
        return api.wait(operation, seconds=300)


def failure_of(system: System, operation: Operation) -> str:
    """The reason in which an operation ended, on the tenant as on the operation."""
    with pytest.raises(OperationFailedError):
        end_of(system, operation)
    with system.control_plane() as api:
        tenant = api.tenant(operation.tenant_id)
        (ended,) = (o for o in api.operations(operation.tenant_id) if o.id == operation.id)
    assert tenant["tenantStatus"] == "FAILED"
    assert tenant["reason"] == ended.reason
    assert ended.log_url
    return str(ended.reason)


def retried(system: System, operation: Operation) -> None:
    with system.control_plane() as api:
        api.wait(api.request(operation.tenant_id, "retry"), seconds=300)
        assert api.tenant(operation.tenant_id)["tenantStatus"] == "ACTIVE"


@contextlib.contextmanager
def impatient_sweep(system: System) -> Iterator[Callable[[], None]]:
    """The sweep, to be called, that takes everything older than a second for lost."""
    functions, name = system.client("lambda"), f"{PREFIX}-cp-sweep"
    kept = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    eager = {"OUTBOX_AGE_SECONDS": "1", "RESULT_GRACE_SECONDS": "1"}
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {**kept, **eager}}
    )
    try:
        yield lambda: functions.invoke(FunctionName=name, Payload=b"{}")
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": kept})


@dataclass(frozen=True)
class Loss:
    """An onboarding whose build ends in the middle, and what is asked for then."""

    tenant: Tenant
    end: Callable[[Build], None]
    reason: str
    given_up: bool = False


KILLED = Loss(Tenant("build-killed", "advanced"), Build.kill, "exit status")
STOPPED = Loss(Tenant("build-stopped", "advanced"), Build.stop, "was stopped before it ended")
GIVEN_UP = Loss(Tenant("given-up", "advanced"), Build.kill, "exit status", given_up=True)


@pytest.fixture(scope="module")
def recoveries(system: System) -> Iterator[dict[Loss, Future[None]]]:
    """All losses at once: one's recovery is none of another's business."""
    losses = (KILLED, STOPPED, GIVEN_UP)
    with ThreadPoolExecutor(len(losses)) as at_once:
        yield {loss: at_once.submit(lost_and_recovered, system, loss) for loss in losses}


def lost_and_recovered(system: System, loss: Loss) -> None:
    tenant = loss.tenant
    operation = register(system, tenant)
    build = Build.of(system, operation)
    build.said(": create aws_ecs_task_definition")
    loss.end(build)

    assert loss.reason in failure_of(system, operation)
    build.forget(operation.tenant_id)
    if not loss.given_up:
        retried(system, operation)
        assert tenant.plan(system) == 0
    with system.control_plane() as api:
        api.wait(api.delete(api.tenant(tenant.name)), seconds=300)
        assert api.tenant(operation.tenant_id)["tenantStatus"] == "DELETED"
    assert traces(system, operation.tenant_id) == {}


@pytest.mark.parametrize("loss", [KILLED, STOPPED], ids=["killed", "stopped"])
def test_a_build_that_ends_in_the_middle(recoveries: dict[Loss, Future[None]], loss: Loss) -> None:
    recoveries[loss].result()


def test_a_tenant_whose_build_was_killed_can_be_deleted(
    recoveries: dict[Loss, Future[None]],
) -> None:
    recoveries[GIVEN_UP].result()


def test_terraform_that_fails_halfway(system: System) -> None:
    pools = system.client("cognito-idp")
    pool = system.contract("tier-basic")["user_pool_id"]
    pools.admin_create_user(UserPoolId=pool, Username="halfway-admin")
    with system.bus() as listening:
        operation = register(system, Tenant("halfway", "basic"))
        reason = failure_of(system, operation)
        with system.control_plane() as api:
            registration = api.tenant(operation.tenant_id)["tenantRegistrationId"]
        told, *again = listening.heard("provisionFailure", about=registration)
    assert "UsernameExists" in reason
    assert told["source"] == APPLICATION_PLANE
    assert told["detail"]["jobOutput"] == {"tenantStatus": "Failed to provision tenant."}
    assert told["detail"]["reason"] == reason
    # The state machine tells of a failed build too, by the same id: it counts once.
    assert {each["detail"]["eventId"] for each in again} <= {told["detail"]["eventId"]}
    pools.admin_delete_user(UserPoolId=pool, Username="halfway-admin")
    assert "onboard SUCCEEDED" in system.run("tenant", "retry", "halfway", "--wait").out


def test_a_bus_that_refuses_events(system: System) -> None:
    roles = system.client("iam")
    role, name = f"{PREFIX}-cp-outbox-role", "refused"
    denied = {"Effect": "Deny", "Action": "events:PutEvents", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    roles.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
    before = len(system.denials())
    operation = register(system, Tenant("unheard", "basic"))
    eventually(lambda: any("events:PutEvents" in each for each in system.denials()[before:]))
    assert operation.id not in {execution["name"] for execution in executions(system)}
    roles.delete_role_policy(RoleName=role, PolicyName=name)

    with impatient_sweep(system) as sweep:
        sweep()
    assert end_of(system, operation).status == "SUCCEEDED"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_outbox_that_dies_at_the_bus(system: System, after: bool) -> None:
    with system.control_plane() as api:
        row = api.tenant(DEMO[0].name)
    tenant, registration = row["tenantId"], row["tenantRegistrationId"]
    with system.bus() as listening:
        with crashing_outbox(system, after=after) as crashed, system.control_plane() as api:
            operation = api.request(tenant, "reconcile")
            eventually(crashed.exists)
            if after:
                listening.heard("tenantUpdateRequest", about=tenant)
            else:
                assert listening.everything(tenant) == []
        # Its record was not done with: the stream gives it again, to one that lives.
        heard = listening.heard("tenantUpdateRequest", about=tenant, count=1 + after)
        assert end_of(system, operation).status == "SUCCEEDED"
        answers = listening.heard("tenantUpdateSuccess", about=registration)

    assert {each["detail"]["operationId"] for each in heard} == {operation.id}
    assert len({each["detail"]["eventId"] for each in heard}) == 1
    assert len(answers) == 1
    assert [each["name"] for each in executions(system)].count(operation.id) == 1


def test_every_event_five_times(system: System) -> None:
    tenant = DEMO[0]
    with system.control_plane() as api:
        before = api.tenant(tenant.name)
        operation = api.operations(before["tenantId"])[-1]
    request = request_of(system, operation)
    answer = success(
        PROVISION,
        before["tenantRegistrationId"],
        event_id=f"{operation.id}-succeeded",
        operation_id=operation.id,
        tenant_data={"tenantConfig": "{}"},
        registration_data={},
    )
    started = len(executions(system))
    bus = system.contract("control-plane")["event_bus_name"]
    entries = [Event.parse(request).entry(bus), answer.entry(bus)] * 5
    with system.bus() as listening:
        system.client("events").put_events(Entries=entries)
        listening.heard("onboardingRequest", about=before["tenantId"], count=5)
        listening.heard("provisionSuccess", about=before["tenantRegistrationId"], count=5)
        time.sleep(2)  # for what must not happen: there is nothing else to wait for

    assert len(executions(system)) == started
    with system.control_plane() as api:
        assert api.tenant(tenant.name) == before


def test_a_deletion_during_the_onboarding(system: System) -> None:
    tenant = Tenant("short-lived", "advanced")
    with system.bus() as listening, system.control_plane() as api:
        operation = register(system, tenant)
        offboarding = api.delete(api.tenant(tenant.name))
        assert api.delete(api.tenant(tenant.name)).id == offboarding.id
        api.wait(offboarding, seconds=300)
        assert api.tenant(operation.tenant_id)["tenantStatus"] == "DELETED"
        requests = [
            each["detail-type"]
            for each in listening.everything(operation.tenant_id)
            if each["source"] == CONTROL_PLANE
        ]
    assert requests == ["sbt_aws_onboardingRequest", "sbt_aws_offboardingRequest"]
    assert system.tagged(TenantId=operation.tenant_id) == []


@contextlib.contextmanager
def locked(system: System, tenant_id: str) -> Iterator[None]:
    """Hold the lock of a basic tenant's state, as a Terraform elsewhere does."""
    locks, table = system.client("dynamodb"), f"{PREFIX}-tflock"
    path = f"{PREFIX}-tfstate-{ACCOUNT_ID}/workspaces/tenant-basic/{tenant_id}/tenant-basic.tfstate"
    info = {"ID": "1", "Operation": "OperationTypeApply", "Who": "someone@else", "Path": path}
    info |= {"Version": "1.11.4", "Created": "2026-01-01T00:00:00Z", "Info": ""}
    item = {"LockID": {"S": path}, "Info": {"S": json.dumps(info)}}
    locks.put_item(TableName=table, Item=item)
    try:
        yield
    finally:
        locks.delete_item(TableName=table, Key={"LockID": {"S": path}})


def test_a_lock_that_another_holds(system: System) -> None:
    tenant = DEMO[0].id(system)
    with locked(system, tenant):
        with system.control_plane() as api:
            operation = api.request(tenant, "reconcile")
        Build.of(system, operation).said("someone@else")

    assert end_of(system, operation).status == "SUCCEEDED"


@contextlib.contextmanager
def builds_of_at_most(system: System, minutes: int) -> Iterator[None]:
    """Give the builds that begin in the block so much time.

    CodeBuild takes five minutes and more; a minute of a build is short in this system.
    """
    builds = system.client("codebuild")
    name = f"{PREFIX}-provisioner"
    (project,) = builds.batch_get_projects(names=[name])["projects"]
    builds.update_project(name=name, timeoutInMinutes=minutes)
    try:
        yield
    finally:
        builds.update_project(name=name, timeoutInMinutes=project["timeoutInMinutes"])


def test_a_build_that_takes_too_long(system: System) -> None:
    tenant = DEMO[0].id(system)
    with locked(system, tenant), builds_of_at_most(system, minutes=5):
        with system.control_plane() as api:
            operation = api.request(tenant, "reconcile")
        reason = failure_of(system, operation)

    assert "took longer than the 5 minutes" in reason
    assert Build.of(system, operation).status() == "TIMED_OUT"
    retried(system, operation)
    assert DEMO[0].plan(system) == 0


def test_a_local_aws_that_is_killed_in_the_middle(system: System) -> None:
    operation = register(system, Tenant("interrupted", "basic"))
    Build.of(system, operation).said("apply")
    pid = system.local.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    system.local.up()

    with impatient_sweep(system) as sweep:

        def ended() -> dict[str, Any] | None:
            sweep()
            with system.control_plane() as api:
                tenant = api.tenant(operation.tenant_id)
            return tenant if tenant["tenantStatus"] in ("ACTIVE", "FAILED") else None

        tenant = eventually(ended, 120)
    if tenant["tenantStatus"] == "FAILED":
        assert tenant["reason"]
        retried(system, operation)

"""The operations of a tenant's life after its onboarding, as a build's job carries them out."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.naming import ADDRESS_TAG
from services.configuration import load
from services.contracts.stacks import CELL_NOT_MADE, contract_path
from services.local_aws.layout import ACCOUNT_ID
from services.local_aws.machine import LocalAws
from services.provisioning.cells import make_next, make_room
from services.provisioning.deployment import Deployment
from services.provisioning.jobs import job
from services.provisioning.jobs.operations import Operations, document_of
from services.provisioning.records.mapping import Reason
from services.provisioning.records.move_log import Step
from services.provisioning.records.published import published_cells
from services.provisioning.tenants.tenant_copy import require_copy
from services.provisioning.tenants.tenants import Tenants
from services.provisioning.terraform.locks import Begun
from services.provisioning.terraform.progress import Silent
from services.tenancy import Cell, Tier
from services.tenancy.events import Detail, Event
from services.tenancy.events.catalogue import TenantRequest
from tests.emulator.provisioning.conftest import Project, create_table, make_project
from tests.emulator.provisioning.copies import CLAIMS, write_cell, write_copies
from tests.waiting import eventually

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws, pytest.mark.long]

ITEMS = 60
EMAIL = "admin@example.com"


@dataclass(frozen=True)
class System:
    """A deployment whose tenants hold data."""

    project: Project
    deployment: Deployment
    pool: str

    @property
    def dynamodb(self) -> Any:
        return self.project.client("dynamodb")

    @property
    def cognito(self) -> Any:
        return self.project.client("cognito-idp")

    @property
    def mapping(self) -> str:
        return f"{self.project.prefix}-tenant-mapping"

    @property
    def exports(self) -> str:
        return f"{self.project.prefix}-exports-{ACCOUNT_ID}"

    def of(self, tenant: str, tier: str) -> Copy:
        """Return one tenant as it is in one tier."""
        return Copy(self, tenant, tier)

    def names_in_pool(self) -> set[str]:
        found = self.cognito.list_users(UserPoolId=self.pool)["Users"]
        return {user["Username"] for user in found}


@dataclass(frozen=True)
class Copy:
    """One tenant in one tier, and the job that works on it."""

    system: System
    id: str
    tier: str

    def request(self, name: str, **more: Any) -> Event[TenantRequest]:
        return Event.parse(self.envelope(name, **more)).narrowed(TenantRequest)

    def ask(self, name: str, **more: Any) -> Event[Detail]:
        """Carry out one request; return the event that answers it."""
        request = self.request(name, **more)
        return job.carry_out(request, Operations(self.system.deployment))

    def update(self, kind: str, parameters: dict[str, Any], **more: Any) -> Event[Detail]:
        return self.ask("tenantUpdateRequest", operationKind=kind, parameters=parameters, **more)

    def move(self, target: str, **more: Any) -> Event[Detail]:
        return self.update("move", {"tier": target}, **more)

    def envelope(self, name: str, **more: Any) -> dict[str, Any]:
        detail = {
            "tenantRegistrationId": f"reg-{self.id}",
            "tenantId": self.id,
            "tenantName": f"acme-{self.id}",
            "tier": self.tier,
            "email": EMAIL,
            "eventId": "event",
            "operationId": "01J",
            "occurredAt": "2026-11-23T12:00:00+00:00",
            "schemaVersion": "1",
            **more,
        }
        return {"detail-type": f"sbt_aws_{name}", "source": "sbt.control.plane", "detail": detail}

    def outputs(self) -> Any:
        state = self.system.deployment.state.read(f"tenant-{self.tier}", self.id)
        assert state is not None
        return state.outputs

    def table(self) -> str:
        return str(self.outputs()["tables"]["orders"])

    def items(self, table: str | None = None) -> list[Any]:
        answer = self.system.dynamodb.query(
            TableName=table or self.table(),
            KeyConditionExpression="tenantId = :t",
            ExpressionAttributeValues={":t": {"S": self.id}},
        )
        items: list[Any] = answer["Items"]
        return items

    def users(self) -> dict[str, bool]:
        copy = require_copy(self.system.deployment, self.id, Tier(self.tier))
        return {user.name: user.enabled for user in copy.users}

    def row(self) -> dict[str, Any]:
        found = self.system.dynamodb.get_item(
            TableName=self.system.mapping, Key={"tenantId": {"S": self.id}}
        )
        row: dict[str, Any] = found.get("Item", {})
        return row

    def planned(self, release: str) -> list[Any]:
        document = document_of(self.request("onboardingRequest").detail, release)
        return list(Tenants(self.system.deployment).plan(document).changes)

    def fill(self) -> None:
        """Give the tenant items, two more users, and one of them disabled by hand."""
        outputs, cognito, dynamodb = self.outputs(), self.system.cognito, self.system.dynamodb
        for number in range(ITEMS):
            dynamodb.put_item(
                TableName=outputs["tables"]["orders"],
                Item={
                    "tenantId": {"S": self.id},
                    "orderId": {"S": f"o-{number:03}"},
                    "tags": {"SS": ["b", "a"]},
                    "total": {"N": f"{number}.50"},
                },
            )
        pool = outputs["user_pool_id"]
        for name in ("bob", "eve"):
            cognito.admin_create_user(
                UserPoolId=pool,
                Username=name,
                UserAttributes=[
                    {"Name": "email", "Value": f"{name}@example.com"},
                    {"Name": "custom:tenantId", "Value": self.id},
                    {"Name": "custom:userRole", "Value": "TenantUser"},
                    {"Name": "custom:tenantTier", "Value": self.tier},
                ],
            )
            if self.tier == "basic":
                cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=self.id)
        cognito.admin_disable_user(UserPoolId=pool, Username="eve")


@pytest.fixture(scope="module")
def system(
    shared_local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """A deployment with the pool, the mapping and the exports that tenants share.

    The tests share it, because each root module is initialised once: each has tenants of its own.
    """
    project = make_project(shared_local_aws, tmp_path_factory.mktemp("operations"))
    with make_system(project) as made:
        yield made


@contextlib.contextmanager
def make_system(
    project: Project, data_tasks: Mapping[str, Mapping[str, str]] | None = None
) -> Iterator[System]:
    """Make what the tenants of a project share, and their modules."""
    dynamodb = project.client("dynamodb")
    create_table(dynamodb, f"{project.prefix}-tenant-mapping", tenantId="S")
    create_table(dynamodb, f"{project.prefix}-basic-orders", tenantId="S", orderId="S")
    project.client("s3").create_bucket(Bucket=f"{project.prefix}-exports-{ACCOUNT_ID}")
    schema = [{"Name": claim, "AttributeDataType": "String", "Mutable": True} for claim in CLAIMS]
    pool = project.client("cognito-idp").create_user_pool(
        PoolName=f"{project.prefix}-basic", Schema=schema
    )["UserPool"]["Id"]
    tables = {"orders": f"{project.prefix}-basic-orders"}
    project.client("ssm").put_parameter(
        Name=contract_path(project.name, "dev", "tier-basic"),
        Type="String",
        Value=json.dumps({"user_pool_id": pool, "tables": tables, "data_task": {}}),
    )
    stacks = project.path / "cdktf.out/stacks"
    write_copies(stacks, project.name, pool, data_tasks)
    write_cell(stacks, project.name)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        for name, value in project.local.environment().items():
            patch.setenv(name, value)
        deployment = Deployment(
            load(project.path / "saas.tfvars"),
            workdir=project.path / ".ecs-saas",
            modules=stacks,
            target="local",
            environment=dict(os.environ),
            refusal_seconds=0,
        )
        yield System(project, deployment, pool)


def succeeded(answer: Event[Detail]) -> Any:
    assert answer.name.value.endswith("Success"), answer.document.get("reason")
    return answer.document["jobOutput"]["tenantRegistrationData"]


def test_a_silo_tenant_through_all_that_can_happen_to_it(system: System) -> None:
    silo = system.of("s1", "advanced")
    succeeded(silo.ask("onboardingRequest", release="r1"))
    silo.fill()
    _suspend_and_resume(silo)
    current = _update_and_reconcile(silo)
    _fail_to_move(silo)
    _kill_a_move(silo, current)

    moved = system.of("s1", "premium")
    slots = {system.deployment.placements.find("s1", t) for t in (Tier.ADVANCED, Tier.PREMIUM)}
    assert len(slots) == 2
    assert moved.items() == silo.items()
    assert moved.users() == silo.users() == {"acme-s1-admin": True, "bob": True, "eve": False}
    refused = moved.move("basic")
    assert "confirm it before it moves to tier basic" in refused.document["reason"]

    told = succeeded(moved.ask("offboardingRequest"))
    assert told["exportLocation"] == f"s3://{system.exports}/s1/"
    assert system.deployment.state.tiers_of("s1") == [], "both copies are gone"
    assert system.deployment.moves.find("s1") is None
    assert not slots & set(system.deployment.placements.taken())


def _suspend_and_resume(silo: Copy) -> None:
    before = silo.row()
    for _ in range(2):  # an event that comes twice
        told = succeeded(silo.ask("deactivateRequest"))
    assert silo.row()["suspendedAt"] == {"S": told["suspendedAt"]}
    assert set(silo.users().values()) == {False}
    assert silo.planned("r1") == [], "a suspension is no drift"
    assert len(silo.items()) == ITEMS

    # A job that was killed among the users is resumed by the next one.
    pool = silo.outputs()["user_pool_id"]
    silo.system.cognito.admin_enable_user(UserPoolId=pool, Username="bob")
    for _ in range(2):
        succeeded(silo.ask("activateRequest"))
    assert silo.row() == before
    assert silo.users() == {"acme-s1-admin": True, "bob": True, "eve": False}


def _update_and_reconcile(silo: Copy) -> dict[str, Any]:
    """Return what the registry says of the tenant then."""
    sizes = {"services": {"orders": {"min": 2, "max": 3}}}
    current = {"release": "r2", "overrides": sizes}
    succeeded(silo.update("update", current, release="r1"))
    outputs = silo.outputs()
    assert (outputs["release"], outputs["overrides"]["services"]) == ("r2", sizes["services"])

    silo.system.dynamodb.delete_item(
        TableName=silo.system.mapping, Key={"tenantId": {"S": silo.id}}
    )
    told = succeeded(silo.update("reconcile", {}, **current))
    assert told == {"reconciled": "create aws_dynamodb_table_item.mapping[0]"}
    told = succeeded(silo.update("reconcile", {}, **current))
    assert told == {"reconciled": "nothing had drifted"}
    return current


def _fail_to_move(silo: Copy) -> None:
    failed = silo.move("premium", release="broken")
    assert "This release is broken" in failed.document["reason"]
    assert silo.row()["tier"] == {"S": "advanced"}
    assert "suspendedAt" not in silo.row()


def _kill_a_move(silo: Copy, current: dict[str, Any]) -> None:
    request = silo.envelope(
        "tenantUpdateRequest", operationKind="move", parameters={"tier": "premium"}, **current
    )
    process = start_job(silo.system, request, refusal_seconds=60)
    eventually(lambda: silo.row().get("suspendedReason") == {"S": Reason.MOVING}, 120)
    process.kill()
    process.wait()
    move = silo.system.deployment.moves.find(silo.id)
    assert move is not None
    assert move.step is Step.COPYING

    back = silo.update("move", {"tier": "advanced", "rollback": True}, **current)
    assert succeeded(back)["moveKept"] == "premium"
    assert silo.row()["tier"] == {"S": "advanced"}
    assert "suspendedAt" not in silo.row(), "its users are let in again"

    told = succeeded(silo.move("premium", **current))
    assert json.loads(told["moveCopied"]) == {"orders": ITEMS, "users": 3}
    assert silo.row()["tier"] == {"S": "premium"}
    assert "suspendedAt" not in silo.row()


def start_job(
    system: System, request: Mapping[str, Any], *, refusal_seconds: int
) -> subprocess.Popen[bytes]:
    """Carry out a request in a process of its own, as a build does."""
    return subprocess.Popen(
        [sys.executable, "-m", "services.provisioning.jobs.job"],
        cwd=system.project.path,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "OPERATION": json.dumps(request),
            "EVENT_BUS": "default",
            "ECS_SAAS_TARGET": "local",
            "ECS_SAAS_REFUSAL_SECONDS": str(refusal_seconds),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_a_pooled_tenant_moves_out_and_back_and_leaves_its_neighbours_alone(
    system: System,
) -> None:
    pooled, neighbour = system.of("m1", "basic"), system.of("m2", "basic")
    for tenant in (pooled, neighbour):
        succeeded(tenant.ask("onboardingRequest"))
    pooled.fill()
    system.dynamodb.put_item(
        TableName=neighbour.table(), Item={"tenantId": {"S": "m2"}, "orderId": {"S": "o"}}
    )
    shared, copied = pooled.table(), pooled.items()
    _move_out(pooled, system.of("m1", "advanced"))
    _move_back(pooled, system.of("m1", "advanced"))
    assert pooled.items() == copied[:1]

    succeeded(pooled.ask("deactivateRequest"))
    assert neighbour.users() == {"acme-m2-admin": True}
    assert "suspendedAt" not in neighbour.row()
    told = succeeded(pooled.ask("offboardingRequest"))
    assert told == {
        "registrationStatus": "deleted",
        "exportLocation": f"s3://{system.exports}/m1/",
    }
    _check_export(system)
    assert pooled.items(shared) == []
    assert len(neighbour.items()) == 1
    assert system.names_in_pool() == {"acme-m2-admin"}
    assert succeeded(pooled.ask("offboardingRequest")) == told, "a retry tells the same"


def _move_out(old: Copy, new: Copy) -> None:
    copied = old.items()
    told = succeeded(old.move("advanced"))
    assert told["moveKept"] == "basic"
    assert new.items() == copied == old.items()
    assert new.row()["tier"] == {"S": "advanced"}
    assert new.users() == {"acme-m1-admin": True, "bob": True, "eve": False}
    tenants = Tenants(old.system.deployment)
    assert [e.tier for e in tenants.list() if e.tenant_id == old.id] == [Tier.ADVANCED]
    assert succeeded(old.move("advanced"))["moveKept"] == "basic"  # the event comes again


def _move_back(old: Copy, new: Copy) -> None:
    # What was written since is in the new copy, and goes along.
    system, table = old.system, new.table()
    for item in new.items()[1:]:
        key = {name: item[name] for name in ("tenantId", "orderId")}
        system.dynamodb.delete_item(TableName=table, Key=key)
    # A user who was made since has the name of another tenant's user in the pool.
    pool = new.outputs()["user_pool_id"]
    system.cognito.admin_create_user(UserPoolId=pool, Username="acme-m2-admin")
    collided = new.move("basic")
    assert (
        "users acme-m2-admin: other tenants have users of these names"
        in (collided.document["reason"])
    )
    assert new.row()["tier"] == {"S": "advanced"}
    assert "suspendedAt" not in new.row()
    system.cognito.admin_delete_user(UserPoolId=pool, Username="acme-m2-admin")
    succeeded(new.move("basic"))
    assert old.row()["tier"] == {"S": "basic"}

    confirmed = succeeded(old.update("move", {"confirm": True}))
    assert confirmed["moveConfirmed"] == "advanced"
    assert system.deployment.state.tiers_of("m1") == [Tier.BASIC]
    assert system.deployment.placements.find("m1", Tier.ADVANCED) is None
    assert succeeded(old.update("move", {"confirm": True}))["moveConfirmed"] == ""


def _check_export(system: System) -> None:
    s3 = system.project.client("s3")

    def content(name: str) -> bytes:
        body: bytes = s3.get_object(Bucket=system.exports, Key=f"m1/{name}")["Body"].read()
        return body

    manifest = json.loads(content("manifest.json"))
    counts = {each["name"]: each["count"] for each in manifest["files"]}
    assert counts == {"orders.jsonl.gz": 1, "users.jsonl.gz": 3}
    for each in manifest["files"]:
        assert hashlib.sha256(content(each["name"])).hexdigest() == each["sha256"]
    (line,) = gzip.decompress(content("orders.jsonl.gz")).splitlines()
    assert json.loads(line)["Item"]["total"] == {"N": "0.5"}
    users = [json.loads(line) for line in gzip.decompress(content("users.jsonl.gz")).splitlines()]
    assert {user["userName"] for user in users} == {"acme-m1-admin", "bob", "eve"}


class Told(Silent):
    """Progress of which the notes are kept."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, run: str, text: str) -> None:
        if text.startswith("error"):
            self.notes.append(text)


def test_the_next_routing_cell_is_made_before_it_is_needed(system: System) -> None:
    whole = system.deployment.configuration
    small = whole.routing.model_copy(update={"cell_capacity": 50})
    few = dataclasses.replace(
        system.deployment, configuration=whole.model_copy(update={"routing": small})
    )
    assert make_next(few) is None
    for number in range(40):
        few.placements.allocate(f"c{number}", Tier.ADVANCED)
    project, now = system.project, datetime.now(UTC).isoformat()
    path = project.lock("cell-2", "another@job", now, "1-2", "routing-cell")
    assert make_next(few) is None, "nobody waits for another job that makes it"
    assert not few.state.in_doubt("routing-cell", "cell-2"), "who made nothing is not in doubt"
    system.dynamodb.delete_item(TableName=f"{project.prefix}-tflock", Key={"LockID": {"S": path}})
    told = Told()
    make_room(dataclasses.replace(few, modules=project.path, progress=told))
    (failed,) = told.notes
    assert f"error: {CELL_NOT_MADE}: " in failed
    # A job that was killed has made a part of it, and its state was not stored.
    few.state.begin("routing-cell", "cell-2", Begun.now(None))
    assert few.state.workspaces("routing-cell") == ["cell-2"]
    tags = {"Project": project.name, "Environment": "dev", "Stack": "routing-cell"}
    tags |= {"Cell": "cell-2", ADDRESS_TAG: "aws_ssm_parameter.first"}
    project.client("ssm").put_parameter(
        Name=f"/{project.prefix}/cell-2/first",
        Type="String",
        Value="1",
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    assert make_next(few) == Cell("cell-2", 50)
    made = few.state.read("routing-cell", "cell-2")
    assert made is not None
    assert made.resources == 2
    assert not few.state.in_doubt("routing-cell", "cell-2")
    assert make_next(few) is None, "it is published, and so not made again"
    assert [cell.id for cell in published_cells(few.aws, few.configuration)] == ["cell-1", "cell-2"]


def test_who_comes_when_all_cells_are_full_waits_for_the_next(system: System) -> None:
    whole = system.deployment.configuration
    small = whole.routing.model_copy(update={"cell_capacity": 50})
    full = dataclasses.replace(
        system.deployment, configuration=whole.model_copy(update={"routing": small})
    )
    tenant = system.of("late", "advanced")
    known = published_cells(full.aws, full.configuration)
    for number in range(50 * len(known) - len(full.placements.taken())):
        full.placements.allocate(f"f{number}", Tier.ADVANCED)
    project, now = system.project, datetime.now(UTC).isoformat()
    cell = f"cell-{len(known) + 1}"
    path = project.lock(cell, "another@job", now, "1-3", "routing-cell")
    document = document_of(tenant.request("onboardingRequest").detail, "r1")
    with ThreadPoolExecutor(1) as pool:
        onboarding = pool.submit(Tenants(full).apply, document)
        with pytest.raises(TimeoutError):
            onboarding.result(timeout=4)
        system.dynamodb.delete_item(
            TableName=f"{project.prefix}-tflock", Key={"LockID": {"S": path}}
        )
        onboarding.result()
    placed = full.placements.find("late", Tier.ADVANCED)
    assert placed is not None
    assert placed.cell == cell

"""Tenants with documents in PostgreSQL: moved, exported and offboarded by tasks of the network.

The jobs, Terraform, ECS with its task role, S3 and two PostgreSQL servers are real, or the local
AWS's. What RDS would do is done by hand: the servers are there already, and whom they have granted
`rds_iam` they let in with any token, unchecked.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.local_aws.layout import ACCOUNT_ID
from services.local_aws.machine import LocalAws
from services.local_aws.postgres import PostgresServer
from services.provisioning.records.move_log import Step
from services.provisioning.tenants.tenant_copy import require_copy
from services.storage import Shape
from services.storage.engines.postgresql.store import PostgresStore
from services.tenancy import Tier
from tests.aws import free_port
from tests.emulator.images import pushed
from tests.emulator.provisioning.conftest import Project, make_project
from tests.emulator.provisioning.test_operations import (
    System,
    make_system,
    start_job,
    succeeded,
)
from tests.emulator.storage.conftest import Service, make_owner, make_service, place_of
from tests.waiting import eventually

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws, pytest.mark.long]

SHAPE = Shape("lineId", {"by-status": "status"})
TENANT, NEIGHBOUR, KILLED, FAILING = "d1", "d2", "d3", "d4"
LINES, MANY = 40, 8_000


@dataclass(frozen=True)
class Estate:
    """A system whose lines are in PostgreSQL, on a server of the pool and one of each silo."""

    system: System
    databases: Mapping[str, Service]

    def lines(self, tier: str, tenant: str = TENANT) -> list[tuple[Any, int]]:
        """Return what the service of a tier finds of a tenant."""
        with self.databases[tier].pool() as pool:
            page = PostgresStore(pool, SHAPE).list(tenant, limit=1000)
        return [(each.document, each.version) for each in page.documents]

    def fill(self, tier: str, tenant: str, count: int) -> None:
        """Give a tenant lines, as if the service had."""
        with self.databases[tier].as_service() as connection, connection.transaction():
            connection.execute("SELECT set_config('app.tenant_id', %s, true)", (tenant,))
            connection.execute(
                "INSERT INTO storage.documents SELECT %s, id, 1 + n %% 3, 'r', "
                "jsonb_build_object('lineId', id, 'status', 'open', 'price', n * 1.50, 'note', 'ä')"
                " FROM (SELECT n, 'l-' || lpad(n::text, 6, '0') AS id "
                "FROM generate_series(1, %s) n) numbered",
                (tenant, count),
            )

    def count(self, tier: str, tenant: str) -> int:
        with self.databases[tier].as_service() as connection, connection.transaction():
            connection.execute("SELECT set_config('app.tenant_id', %s, true)", (tenant,))
            row = connection.execute("SELECT count(*) FROM storage.documents").fetchone()
        assert row is not None
        return int(row[0])

    def exchanged(self) -> list[str]:
        """Return what lies in the exchange."""
        found = self.system.project.client("s3").list_objects_v2(
            Bucket=self.system.exports, Prefix="_exchange/"
        )
        return [each["Key"] for each in found.get("Contents", ())]

    def running(self) -> list[str]:
        arns: list[str] = self.system.project.client("ecs").list_tasks(
            cluster=self.system.project.prefix
        )["taskArns"]
        return arns


@contextlib.contextmanager
def _server() -> Iterator[PostgresServer]:
    directory = Path(tempfile.mkdtemp(prefix="ecs-saas-postgresql-"))
    directory.chmod(0o755)
    try:
        server = PostgresServer(directory / "data", free_port(), settings={"fsync": "off"})
        server.start()
        make_owner(server)
        rules = directory / "data/pg_hba.conf"
        rules.write_text(f"host all +rds_iam 127.0.0.1/32 trust\n{rules.read_text()}")
        with server.connect() as connection:
            connection.execute("SELECT pg_reload_conf()")
        yield server
        server.stop()
    finally:
        shutil.rmtree(directory)


def _logs(project: Project) -> str:
    return f"/{project.prefix}/data_task"


def _data_task(project: Project, tier: str, database: Service, tenants: str) -> dict[str, str]:
    """Make a task definition with a role, as `tiers.data_task` does; return the module's output."""
    iam, ecs = project.client("iam"), project.client("ecs")
    name = f"{project.prefix}-{tier}-data_task"
    exports = f"{project.prefix}-exports-{ACCOUNT_ID}"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    trusted = {**trust, "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trusted]}),
    )["Role"]["Arn"]
    allowed = {
        "Effect": "Allow",
        "Action": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
        "Resource": f"arn:aws:s3:::{exports}/_exchange/{tenants}/*",
    }
    iam.put_role_policy(
        RoleName=name,
        PolicyName="exchange",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    place = {"engine": "postgresql", "STORAGE_SHAPE": SHAPE.dump(), **place_of(database)}
    environment = {
        "AWS_REGION": "us-east-1",
        "EXPORT_BUCKET": exports,
        "EXPORT_BUCKET_OWNER": ACCOUNT_ID,
        "STORAGE_PLACES": json.dumps({"lines": place}),
    }
    ecs.register_task_definition(
        family=name,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        taskRoleArn=role,
        executionRoleArn=role,
        containerDefinitions=[
            {
                "name": "data",
                "image": (
                    f"{ACCOUNT_ID}.dkr.ecr.us-east-1.amazonaws.com/{project.prefix}/orders:r1"
                ),
                "command": ["python", "-m", "services.storage.data_task"],
                "environment": [{"name": n, "value": v} for n, v in environment.items()],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": _logs(project),
                        "awslogs-region": "us-east-1",
                        "awslogs-stream-prefix": tier,
                    },
                },
            }
        ],
    )
    return {
        "cluster": project.prefix,
        "family": name,
        "subnets": "subnet-1,subnet-2",
        "security_group": "sg-1",
        "engines": "lines=postgresql",
    }


@pytest.fixture(scope="module")
def estate(
    shared_local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Estate]:
    """A pool and two silos, whose lines are on two servers."""
    project = make_project(shared_local_aws, tmp_path_factory.mktemp("data-tasks"))
    project.client("ecs").create_cluster(clusterName=project.prefix)
    project.client("logs").create_log_group(logGroupName=_logs(project))
    pushed(shared_local_aws, project.client("ecr"), project.prefix, "orders", tag="r1")
    with _server() as shared, _server() as own:
        databases = {
            "basic": make_service(shared, "lines", SHAPE),
            "advanced": make_service(own, "lines", SHAPE),
            "premium": make_service(own, "premium_lines", SHAPE),
        }
        tasks = {
            "basic": _data_task(project, "basic", databases["basic"], "*"),
            "advanced": _data_task(project, "advanced", databases["advanced"], TENANT),
            "premium": _data_task(project, "premium", databases["premium"], KILLED),
        }
        with make_system(project, tasks) as system:
            yield Estate(system, databases)


def test_a_tenant_moves_with_its_rows_and_back_and_leaves(estate: Estate) -> None:
    system = estate.system
    pooled, silo = system.of(TENANT, "basic"), system.of(TENANT, "advanced")
    neighbour = system.of(NEIGHBOUR, "basic")
    for tenant in (pooled, neighbour):
        succeeded(tenant.ask("onboardingRequest"))
        estate.fill("basic", tenant.id, LINES)
    before = estate.lines("basic")
    assert len(before) == LINES

    told = succeeded(pooled.move("advanced"))
    assert json.loads(told["moveCopied"]) == {"lines": LINES, "orders": 0, "users": 1}
    assert estate.lines("advanced") == estate.lines("basic") == before
    assert estate.lines("advanced", NEIGHBOUR) == []
    move = system.deployment.moves.find(TENANT)
    assert move is not None
    for tier in (Tier.BASIC, Tier.ADVANCED):
        documents = require_copy(system.deployment, TENANT, tier).documents
        assert documents["lines"].digest() == move.verified["lines"]

    # What is written and deleted in the silo goes along when it moves back.
    with estate.databases["advanced"].pool() as pool:
        store = PostgresStore(pool, SHAPE)
        store.create(TENANT, {"lineId": "new", "status": "sent"})
        store.delete(TENANT, "l-000001")
    succeeded(silo.move("basic"))
    assert estate.lines("basic") == estate.lines("advanced")
    assert ({"lineId": "new", "status": "sent"}, 1) in estate.lines("basic")
    assert succeeded(pooled.update("move", {"confirm": True}))["moveConfirmed"] == "advanced"

    last = estate.lines("basic")
    succeeded(pooled.ask("offboardingRequest"))
    assert estate.lines("basic") == []
    assert estate.lines("basic", NEIGHBOUR) == before
    _check_export(system, last)
    assert estate.exchanged() == []
    assert estate.running() == []


def _check_export(system: System, last: list[tuple[Any, int]]) -> None:
    s3 = system.project.client("s3")
    body = s3.get_object(Bucket=system.exports, Key=f"{TENANT}/lines.jsonl.gz")["Body"].read()
    items = [json.loads(line)["Item"] for line in gzip.decompress(body).splitlines()]
    assert [(item["lineId"]["S"], int(item["version"]["N"])) for item in items] == [
        (document["lineId"], version) for document, version in last
    ]
    assert {item["tenantId"]["S"] for item in items} == {TENANT}
    manifest = json.loads(
        s3.get_object(Bucket=system.exports, Key=f"{TENANT}/manifest.json")["Body"].read()
    )
    counts = {each["name"]: each["count"] for each in manifest["files"]}
    assert counts["lines.jsonl.gz"] == LINES


def test_a_killed_move_is_resumed_and_its_task_does_not_go_on(estate: Estate) -> None:
    system = estate.system
    pooled, silo = system.of(KILLED, "basic"), system.of(KILLED, "premium")
    succeeded(pooled.ask("onboardingRequest"))
    estate.fill("basic", KILLED, MANY)
    request = pooled.envelope(
        "tenantUpdateRequest", operationKind="move", parameters={"tier": "premium"}
    )
    job = start_job(system, request, refusal_seconds=0)
    try:
        eventually(lambda: 0 < estate.count("premium", KILLED) < MANY, 120)
    finally:
        job.kill()
        job.wait()
    move = system.deployment.moves.find(KILLED)
    assert move is not None
    assert move.step is Step.COPYING
    told = succeeded(pooled.move("premium"))
    assert json.loads(told["moveCopied"])["lines"] == MANY
    assert estate.count("premium", KILLED) == MANY
    assert silo.row()["tier"] == {"S": "premium"}
    assert estate.running() == []


def test_a_task_says_why_it_failed_and_tells_no_secret(estate: Estate) -> None:
    database = estate.databases["basic"]
    tenant = estate.system.of(FAILING, "basic")
    succeeded(tenant.ask("onboardingRequest"))
    estate.fill("basic", FAILING, LINES)
    with database.server.connect() as connection:
        connection.execute(f"ALTER ROLE {database.database.user} NOLOGIN".encode())
        try:
            failed = tenant.ask("offboardingRequest")
        finally:
            connection.execute(f"ALTER ROLE {database.database.user} LOGIN".encode())
    reason = failed.document["reason"]
    assert reason.startswith("export of lines by a task of ")
    assert "is not permitted to log in" in reason
    assert "X-Amz" not in json.dumps(failed.document)
    assert len(estate.lines("basic", FAILING)) == LINES
    succeeded(tenant.ask("offboardingRequest"))
    assert estate.lines("basic", FAILING) == []

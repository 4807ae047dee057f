"""A project with small tenant modules, on the local AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.local_aws.layout import ACCOUNT_ID
from services.local_aws.machine import LocalAws
from tests.aws import aws_client
from tests.emulator.provisioning.module import write_module

ROOT = Path(__file__).resolve().parents[3]
NAME = ("--name", "acme", "--email", "admin@example.com")


@dataclass(frozen=True)
class Project:
    """A directory with a configuration and synthesised modules, and the AWS it is applied to."""

    path: Path
    local: LocalAws
    name: str

    @property
    def prefix(self) -> str:
        return f"{self.name}-dev"

    @property
    def bucket(self) -> str:
        return f"{self.prefix}-tfstate-{ACCOUNT_ID}"

    def client(self, service: str, account: str = ACCOUNT_ID) -> Any:
        """Return a client of an account's root."""
        environment = self.local.environment()
        keys = {
            "aws_access_key_id": account,
            "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        }
        return aws_client(service, environment["AWS_ENDPOINT_URL"], keys)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_", "ECS_"))}
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "ECS_SAAS_TARGET": "local",
            "ECS_SAAS_LOCAL_HOME": str(self.local.home),
            **more,
        }

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "services.cli.app", *arguments],
            cwd=self.path,
            env=self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, code: int = 0, **environment: str) -> Finished:
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=120)
        assert process.returncode == code, f"exit {process.returncode}\n{out}\n{err}"
        return Finished(out, err)

    def keys(self) -> set[str]:
        answer = self.client("s3").list_objects_v2(Bucket=self.bucket)
        return {item["Key"] for item in answer.get("Contents", [])}

    def locks(self) -> list[str]:
        items = self.client("dynamodb").scan(TableName=f"{self.prefix}-tflock")["Items"]
        return [item["LockID"]["S"] for item in items if "Info" in item]

    def lock(
        self, workspace: str, who: str, created: str, lock_id: str, stack: str = "tenant-basic"
    ) -> str:
        """Hold the state lock of a workspace as Terraform does it; return the lock's path."""
        path = f"{self.bucket}/workspaces/{stack}/{workspace}/{stack}.tfstate"
        info = {
            "ID": lock_id,
            "Operation": "OperationTypeApply",
            "Info": "",
            "Who": who,
            "Version": "1.11.4",
            "Created": created,
            "Path": path,
        }
        self.client("dynamodb").put_item(
            TableName=f"{self.prefix}-tflock",
            Item={"LockID": {"S": path}, "Info": {"S": json.dumps(info)}},
        )
        return path

    def workspace(self, tenant: str, stack: str = "tenant-basic") -> Path:
        return self.path / ".ecs-saas/terraform/local" / self.prefix / "runs" / stack / tenant


@dataclass(frozen=True)
class Finished:
    """What a command printed."""

    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def project(shared_local_aws: LocalAws, tmp_path: Path) -> Project:
    """A project of its own in a local AWS that others share."""
    return make_project(shared_local_aws, tmp_path)


def make_project(local_aws: LocalAws, path: Path) -> Project:
    """Return a project in `path` with its state backend, its slots and two small modules."""
    project = Project(path, local_aws, f"p{uuid.uuid4().hex[:8]}")
    text = (ROOT / "saas.tfvars").read_text()
    tfvars = text.replace('name        = "ecs-saas"', f'name        = "{project.name}"')
    (path / "saas.tfvars").write_text(tfvars)
    for tier in ("basic", "advanced"):
        write_module(path / "cdktf.out/stacks", tier, project.name)
    project.client("s3").create_bucket(Bucket=project.bucket)
    dynamodb = project.client("dynamodb")
    create_table(dynamodb, f"{project.prefix}-tflock", LockID="S")
    create_table(dynamodb, f"{project.prefix}-placements", cellId="S", slot="N")
    return project


def create_table(client: Any, name: str, **keys: str) -> None:
    kinds = ("HASH", "RANGE")
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, kinds, strict=False)
        ],
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": type_} for key, type_ in keys.items()
        ],
    )

"""One whole system in a directory of its own, driven by the command line as a user would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3

from services.local.local_aws import LocalAws

PROJECT = Path(__file__).resolve().parents[2]
PREFIX = "ecs-saas-dev"

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Finished:
    """A command that ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class System:
    """A configuration, the synthesised modules, and a local AWS on a port of its own."""

    directory: Path
    port: int

    @classmethod
    def create(cls, directory: Path, port: int) -> System:
        directory.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / "saas.tfvars", directory)
        return cls(directory, port)

    @property
    def local(self) -> LocalAws:
        return LocalAws(self.directory / ".ecs-saas/local", self.port)

    def environment(self) -> dict[str, str]:
        """The caller's environment without anything that could lead elsewhere."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_", "ECS_"))}
        return {
            **kept,
            "PYTHONPATH": str(PROJECT),
            "ECS_SAAS_TARGET": "local",
            "ECS_SAAS_MODULES": str(PROJECT / "cdktf.out/stacks"),
            "ECS_SAAS_LOCAL_PORT": str(self.port),
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "services.cli.app", *arguments],
            cwd=self.directory,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def try_run(self, *arguments: str) -> Finished:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=900)
        return Finished(process.returncode, out, err)

    def run(self, *arguments: str) -> Finished:
        finished = self.try_run(*arguments)
        command = " ".join(arguments)
        assert finished.code == 0, f"{command}: exit {finished.code}\n{finished.out}{finished.err}"
        return finished

    def client(self, service: str) -> Any:
        environment = self.local.environment()
        return boto3.client(
            service,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )

    def state_keys(self) -> set[str]:
        """Every current object of the state bucket."""
        pages = (
            self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=f"{PREFIX}-tfstate")
        )
        return {item["Key"] for page in pages for item in page.get("Contents", [])}

    def tagged(self, **tags: str) -> list[str]:
        """Every ARN that carries the tags, but deregistered task definitions."""
        pages = (
            self.client("resourcegroupstaggingapi")
            .get_paginator("get_resources")
            .paginate(TagFilters=[{"Key": key, "Values": [value]} for key, value in tags.items()])
        )
        arns = [each["ResourceARN"] for page in pages for each in page["ResourceTagMappingList"]]
        return [arn for arn in arns if not self._is_deregistered(arn)]

    def _is_deregistered(self, arn: str) -> bool:
        if ":task-definition/" not in arn:
            return False
        described = self.client("ecs").describe_task_definition(taskDefinition=arn)
        return bool(described["taskDefinition"]["status"] != "ACTIVE")


@dataclass(frozen=True)
class Tenant:
    """Options of one tenant on the command line."""

    id: str
    tier: str

    @property
    def options(self) -> Sequence[str]:
        return (
            self.id, "--name", self.id, "--tier", self.tier, "--email", f"{self.id}@example.com",
        )  # fmt: skip


def four_at_once(given: Sequence[_Given], work: Callable[[_Given], _Made]) -> list[_Made]:
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(work, given))

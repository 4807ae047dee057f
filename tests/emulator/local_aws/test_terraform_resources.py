"""Everything the system is made of: applied, planned empty, found by tag, destroyed.

One apply for all of it, since the provider's own waits (60 s for a load balancer) overlap.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.local_aws.machine import LocalAws
from services.provisioning.terraform.mirror import cli_config
from tests.aws import free_port
from tests.emulator.local_aws.conftest import Aws
from tests.waiting import eventually

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws, pytest.mark.long]

_MODULES = Path(__file__).parent / "terraform"


@dataclass
class Terraform:
    """One working directory and how to run Terraform in it."""

    directory: Path
    local: LocalAws

    def __call__(self, *arguments: str, expect: int = 0) -> str:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("AWS_")
        }
        environment |= self.local.environment()
        environment |= {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
        environment["TF_CLI_CONFIG_FILE"] = str(cli_config(self.directory))
        done = subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=580,
            check=False,
        )
        assert done.returncode == expect, done.stdout[-8000:] + done.stderr[-8000:]
        return done.stdout

    def assert_planned_empty(self) -> None:
        self("plan", "-detailed-exitcode")


@pytest.fixture(scope="module")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """A local AWS that a test may kill."""
    local = LocalAws(tmp_path_factory.mktemp("terraform-local"), free_port())
    local.up()
    yield local
    local.down()


@pytest.fixture(scope="module")
def aws(local_aws: LocalAws) -> Aws:
    return Aws(local_aws.status().endpoint)


@pytest.fixture(scope="module")
def terraform(aws: Aws, local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Everything applied, its state in the emulator's own bucket, its lock in a table of it."""
    aws.client("s3").create_bucket(Bucket="states")
    aws.client("dynamodb").create_table(
        TableName="locks",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
    )
    directory = tmp_path_factory.mktemp("terraform") / "work"
    shutil.copytree(_MODULES, directory)
    (directory / "backend.tfbackend").write_text(
        'bucket = "states"\nkey = "probe.tfstate"\nregion = "us-east-1"\ndynamodb_table = "locks"\n'
    )
    terraform = Terraform(directory, local_aws)
    terraform("init", "-backend-config=backend.tfbackend")
    terraform("apply", "-auto-approve", "-parallelism=30")
    return terraform


def _tagged(aws: Aws) -> set[str]:
    pages = (
        aws.client("resourcegroupstaggingapi")
        .get_paginator("get_resources")
        .paginate(TagFilters=[{"Key": "Project", "Values": ["probe"]}])
    )
    return {
        resource["ResourceARN"] for page in pages for resource in page["ResourceTagMappingList"]
    }


def _state_resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _state_resources(child)


def test_a_second_plan_is_empty(terraform: Terraform) -> None:
    terraform.assert_planned_empty()


def test_tags_find_every_resource_that_has_them(terraform: Terraform, aws: Aws) -> None:
    state = json.loads(terraform("show", "-json"))["values"]["root_module"]
    expected = {
        str(resource["values"].get("arn") or resource["values"].get("id")).removesuffix(
            ":*"
        ): resource["address"]
        for resource in _state_resources(state)
        if (resource["values"].get("tags_all") or {}).get("Project") == "probe"
        and resource["type"] != "aws_s3_object"  # nor does AWS list objects
    }
    found = _tagged(aws)
    missing = {
        address
        for arn, address in expected.items()
        if not any(arn == tagged or tagged.endswith(f"/{arn}") for tagged in found)
    }
    assert not missing
    assert len(expected) > 60


def test_a_kill_loses_nothing(terraform: Terraform, local_aws: LocalAws) -> None:
    pid = local_aws.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not local_aws.status().running)
    local_aws.up()
    terraform.assert_planned_empty()


def test_destroy_leaves_nothing_tagged(terraform: Terraform, aws: Aws) -> None:
    terraform("destroy", "-auto-approve", "-parallelism=30")
    # A deleted KMS key waits for its deletion window, with its tags, as on AWS.
    assert {arn for arn in _tagged(aws) if ":kms:" not in arn} == set()

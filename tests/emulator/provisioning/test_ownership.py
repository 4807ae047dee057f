"""Buckets of somebody else, and credentials of another account: nothing is made."""

from __future__ import annotations

import json

import pytest

from services.local_aws.layout import ACCOUNT_ID
from services.provisioning.platform import ORDER
from tests.emulator.provisioning.conftest import NAME, Project

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

STRANGER = "999988887777"


def with_modules(project: Project) -> None:
    """Let there be something to apply: what it is does not matter."""
    for stack in (stack for wave in ORDER for stack in wave):
        directory = project.path / "cdktf.out/stacks" / stack
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "cdk.tf.json").write_text(json.dumps({"output": {"a": {"value": "b"}}}))


@pytest.mark.parametrize(("command", "code"), [("plan", 1), ("apply", 2)])
@pytest.mark.parametrize("what", ["tfstate", "exports", "releases", "access-logs"])
def test_a_bucket_of_somebody_else_is_not_used(
    project: Project, what: str, command: str, code: int
) -> None:
    with_modules(project)
    bucket = f"{project.prefix}-{what}-{ACCOUNT_ID}"
    ours = project.client("s3")
    if what == "tfstate":
        ours.delete_bucket(Bucket=bucket)
    project.client("s3", STRANGER).create_bucket(Bucket=bucket)
    refused = project.run("platform", command, code=code)  # of a plan, 2 says: changes
    assert f"bucket {bucket} exists, and is not of account {ACCOUNT_ID}" in refused.err
    assert "Traceback" not in refused.err
    named = {each["Name"] for each in ours.list_buckets()["Buckets"]}
    made = {name for name in named if name.startswith(project.prefix)}
    assert made == (set() if what == "tfstate" else {project.bucket})


def test_a_tenants_state_is_not_looked_for_with_a_stranger(project: Project) -> None:
    project.client("s3").delete_bucket(Bucket=project.bucket)
    project.client("s3", STRANGER).create_bucket(Bucket=project.bucket)
    refused = project.run("workspace", "apply", "t1", *NAME, "--tier", "basic", code=2)
    assert "is not of account" in refused.err


def test_a_configuration_of_another_account(project: Project) -> None:
    with_modules(project)
    file = project.path / "saas.tfvars"
    file.write_text(file.read_text().replace(ACCOUNT_ID, STRANGER))
    refused = project.run("platform", "apply", code=2)
    assert (
        f"of account {ACCOUNT_ID}, and the configuration is for account {STRANGER}" in refused.err
    )

"""A build of the runner's image onboards a tenant and makes a routing cell, with nothing else.

The path is the real one: the Dockerfile laid out, pushed to ECR, CodeBuild, the buildspec, the
service role, Terraform. The root modules are small ones.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from services.contracts.images import CONTEXT, RUNNER
from services.local_aws.images.layer import Machine
from services.local_aws.images.pushing import build, push
from services.local_aws.layout import ACCOUNT_ID
from services.local_aws.machine import LocalAws
from services.provisioning.terraform.mirror import candidates, find_mirror
from tests.aws import REGION
from tests.emulator.provisioning.conftest import ROOT, Project, create_table, make_project
from tests.emulator.provisioning.copies import write_cell, write_copies

PROVIDERS = find_mirror(candidates(os.environ))

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.local_aws,
    pytest.mark.skipif(PROVIDERS is None, reason="no mirror of this machine has the AWS provider"),
]

ONBOARDING = {
    "source": "sbt.control.plane",
    "detail-type": "sbt_aws_onboardingRequest",
    "detail": {
        "tenantRegistrationId": "reg-1",
        "tenantId": "t1",
        "tenantName": "acme",
        "tier": "advanced",
        "email": "admin@example.com",
        "eventId": "event",
        "operationId": "01J",
        "occurredAt": "2026-11-23T12:00:00+00:00",
        "schemaVersion": "1",
    },
}


@pytest.fixture
def deployment(shared_local_aws: LocalAws, tmp_path: Path) -> Project:
    """A project that images can be built of, whose cells hold one tenant each."""
    project = make_project(shared_local_aws, tmp_path)
    for name in set(CONTEXT) - {"cdktf.out"}:
        (tmp_path / name).symlink_to(ROOT / name)
    configuration = tmp_path / "saas.tfvars"
    text = configuration.read_text()
    assert "cell_capacity = 90" in text
    configuration.write_text(text.replace("cell_capacity = 90", "cell_capacity = 1"))
    stacks = tmp_path / "cdktf.out/stacks"
    write_copies(stacks, project.name, "no-pool")
    write_cell(stacks, project.name)
    create_table(project.client("dynamodb"), f"{project.prefix}-tenant-mapping", tenantId="S")
    return project


def make_builds(project: Project, image: str) -> str:
    """Make a project of builds with this image and all rights; return its name."""
    name = f"{project.prefix}-provisioner"
    iam = project.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "codebuild.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.put_role_policy(
        RoleName=name,
        PolicyName="everything",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everything]}),
    )
    buildspec = (ROOT / "services/provisioning/jobs/buildspec.yml").read_text()
    project.client("codebuild").create_project(
        name=name,
        serviceRole=role,
        source={"type": "NO_SOURCE", "buildspec": buildspec},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": image,
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "EVENT_BUS", "value": "default"}],
        },
    )
    return name


def ended(project: Project, name: str, operation: Any) -> tuple[str, str]:
    """Run a build for an operation; return how it ended and what it said."""
    builds = project.client("codebuild")
    given = [{"name": "OPERATION", "value": json.dumps(operation)}]
    started = builds.start_build(projectName=name, environmentVariablesOverride=given)["build"]
    deadline = time.monotonic() + 180
    while True:
        (found,) = builds.batch_get_builds(ids=[started["id"]])["builds"]
        if found["buildComplete"]:
            break
        assert time.monotonic() < deadline, said(project, found)
        time.sleep(0.2)
    return found["buildStatus"], said(project, found)


def said(project: Project, found: Any) -> str:
    """Return the log of a build."""
    events = project.client("logs").get_log_events(
        logGroupName=found["logs"]["groupName"], logStreamName=found["logs"]["streamName"]
    )["events"]
    return "\n".join(each["message"] for each in events)


def test_the_image_alone_onboards_a_tenant_and_makes_the_next_cell(deployment: Project) -> None:
    project = deployment
    ecr, home = project.client("ecr"), project.local.home
    repository = f"{project.prefix}/{RUNNER}"
    ecr.create_repository(repositoryName=repository, imageTagMutability="IMMUTABLE")
    image = build(home, project.path, RUNNER, Machine(providers=PROVIDERS))
    push(ecr, home, image, repository, "r1")
    registry = f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com"
    name = make_builds(project, f"{registry}/{repository}:r1")

    status, log = ended(project, name, ONBOARDING)

    assert status == "SUCCEEDED", log
    assert {
        "workspaces/tenant-advanced/t1/tenant-advanced.tfstate",
        "workspaces/routing-cell/cell-2/routing-cell.tfstate",
    } <= project.keys()
    cells = project.client("ssm").get_parameters_by_path(Path=f"/{project.name}/dev/cells")
    assert [each["Name"].rpartition("/")[2] for each in cells["Parameters"]] == ["cell-2"]

"""What is not in the registry does not run, and what is there stays what it is."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.contracts.images import RUNNER
from services.local_aws.images.build import lay_out
from services.local_aws.images.errors import ImageConflictError
from services.local_aws.images.image import Image
from services.local_aws.images.pushing import build, push
from services.local_aws.images.store import ImageStore
from services.local_aws.layout import ACCOUNT_ID
from services.local_aws.machine import LocalAws
from tests.aws import REGION
from tests.emulator.local_aws.conftest import Aws
from tests.emulator.local_aws.test_control_plane_patches import _role
from tests.unit.provisioning.images.dockerfile import ROOT, machine, project

pytestmark = pytest.mark.local_aws

REPOSITORY = "judged/runner"
HERE = f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}"
DOCKERFILE = """\
FROM python:3.11-slim
ENV RELEASE_DIR=/release GREETING=hello
WORKDIR /release
COPY words.txt ./
"""
SPEC = {
    "version": "0.2",
    "env": {"exported-variables": ["WORDS", "MODULES", "VARIABLES"]},
    "phases": {
        "build": {
            "commands": [
                'cd "$RELEASE_DIR"',
                "export WORDS=$(cat words.txt)",
                "export VARIABLES=$(env | cut -d= -f1 | sort | tr '\\n' ' ')",
                "export MODULES=$(python -c 'import importlib.util as u; "
                'print([n for n in ("services", "boto3", "pytest") if u.find_spec(n)])\')',
            ]
        }
    },
}


@pytest.fixture
def ecr(patched: Aws) -> Iterator[Any]:
    client = patched.client("ecr")
    client.create_repository(repositoryName=REPOSITORY, imageTagMutability="IMMUTABLE")
    yield client
    client.delete_repository(repositoryName=REPOSITORY, force=True)


def image_of(local: LocalAws, directory: Path, words: str) -> Image:
    (directory / "words.txt").write_text(words)
    (directory / "Dockerfile").write_text(DOCKERFILE)
    return ImageStore(local.home).add(lay_out(directory, directory / "Dockerfile", {}))


def built(
    aws: Aws, image: str, buildspec: str = json.dumps(SPEC), **variables: str
) -> dict[str, Any]:
    """Return a build of a project with this image, ended."""
    builds = aws.client("codebuild")
    name = f"judged-{time.monotonic_ns()}"
    builds.create_project(
        name=name,
        serviceRole=_role(aws, name, "codebuild.amazonaws.com", "logs:*"),
        source={"type": "NO_SOURCE", "buildspec": buildspec},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": image,
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": n, "value": v} for n, v in variables.items()],
        },
    )
    started = builds.start_build(projectName=name)["build"]["id"]
    deadline = time.monotonic() + 30
    while True:
        (found,) = builds.batch_get_builds(ids=[started])["builds"]
        if found["buildComplete"]:
            return dict(found)
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_build_has_its_image_and_nothing_of_the_checkout(
    local: LocalAws, patched: Aws, ecr: Any, tmp_path: Path
) -> None:
    push(ecr, local.home, image_of(local, tmp_path, "of the image"), REPOSITORY, "1")
    ended = built(patched, f"{HERE}:1")
    assert ended["buildStatus"] == "SUCCEEDED", ended["phases"]
    exported = {each["name"]: each["value"] for each in ended["exportedEnvironmentVariables"]}
    assert exported["WORDS"] == "of the image"
    assert exported["MODULES"] == "[]"
    names = set(exported["VARIABLES"].split())
    assert {"GREETING", "RELEASE_DIR", "CODEBUILD_BUILD_ID", "AWS_ACCESS_KEY_ID"} <= names
    assert not {name for name in names if name.startswith(("PYTHONPATH", "ECS_SAAS", "TF_"))} - {
        "ECS_SAAS_REFUSAL_SECONDS"
    }


def test_the_runner_s_image_holds_all_that_its_buildspec_takes(
    local: LocalAws, patched: Aws, ecr: Any, tmp_path: Path
) -> None:
    """It gets as far as the request, which is refused for what is not in it."""
    runner = build(local.home, project(tmp_path), RUNNER, machine(tmp_path))
    push(ecr, local.home, runner, REPOSITORY, "1")
    request = {
        "source": "sbt.control.plane",
        "detail-type": "sbt_aws_onboardingRequest",
        "detail": {},
    }
    buildspec = (ROOT / "services/provisioning/jobs/buildspec.yml").read_text()
    ended = built(patched, f"{HERE}:1", buildspec, OPERATION=json.dumps(request), EVENT_BUS="bus")
    events = patched.client("logs").get_log_events(
        logGroupName=ended["logs"]["groupName"], logStreamName=ended["logs"]["streamName"]
    )["events"]
    said = "\n".join(each["message"] for each in events)
    assert "No module named" not in said
    assert "eventId" in said


@pytest.mark.parametrize("image", [f"{HERE}:missing", "public.ecr.aws/x/runner:1"])
def test_a_build_whose_image_is_not_in_the_registry_fails_as_it_is_provisioned(
    patched: Aws, ecr: Any, image: str
) -> None:
    ended = built(patched, image)
    assert ended["buildStatus"] == "FAILED"
    (phase,) = (each for each in ended["phases"] if each["phaseType"] == "PROVISIONING")
    (context,) = phase["contexts"]
    assert context["statusCode"] == "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE"
    assert "CannotPullContainerError" in context["message"]
    assert image in context["message"]


def test_a_tag_that_cannot_move_stays(local: LocalAws, ecr: Any, tmp_path: Path) -> None:
    first = push(ecr, local.home, image_of(local, tmp_path, "one"), REPOSITORY, "1")
    assert push(ecr, local.home, image_of(local, tmp_path, "one"), REPOSITORY, "1") == first
    other = image_of(local, tmp_path, "two")
    with pytest.raises(ImageConflictError, match=r"the tag 1 names an image of other files"):
        push(ecr, local.home, other, REPOSITORY, "1")
    second = push(ecr, local.home, other, REPOSITORY, "2")
    found = ecr.describe_images(repositoryName=REPOSITORY)["imageDetails"]
    assert {each["imageDigest"]: each["imageTags"] for each in found} == {
        first: ["1"],
        second: ["2"],
    }
    manifest = ecr.batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageDigest": second}])[
        "images"
    ][0]["imageManifest"]
    with pytest.raises(ClientError, match="ImageTagAlreadyExistsException"):
        ecr.put_image(repositoryName=REPOSITORY, imageManifest=manifest, imageTag="1")

"""What counts as left behind: not what its service only remembers."""

from __future__ import annotations

import os

import pytest

from services.configuration import load
from services.provisioning.deployment import Deployment
from services.provisioning.recovery.leftovers import tagged
from tests.emulator.provisioning.conftest import Project

pytestmark = pytest.mark.local_aws


def test_a_key_that_waits_for_its_deletion_is_not_left(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in project.local.environment().items():
        monkeypatch.setenv(name, value)
    deployment = Deployment(
        load(project.path / "saas.tfvars"),
        workdir=project.path / ".ecs-saas",
        modules=project.path,
        target="local",
        environment=dict(os.environ),
    )
    tags = {"Project": project.name, "Environment": "dev"}
    kms = project.client("kms")
    key = kms.create_key(Tags=[{"TagKey": k, "TagValue": v} for k, v in tags.items()])
    arn, id_ = key["KeyMetadata"]["Arn"], key["KeyMetadata"]["KeyId"]
    assert [found for found, _ in tagged(deployment)] == [arn]
    kms.schedule_key_deletion(KeyId=id_, PendingWindowInDays=7)
    assert not list(tagged(deployment))

"""What counts as left behind: not what its service only remembers."""

from __future__ import annotations

import pytest

from services.provisioning.recovery.leftovers import tagged
from tests.emulator.provisioning.conftest import Project
from tests.emulator.provisioning.test_operations import make_system

pytestmark = pytest.mark.local_aws


def test_a_key_that_waits_for_its_deletion_is_not_left(project: Project) -> None:
    tags = {"Project": project.name, "Environment": "dev"}
    kms = project.client("kms")
    key = kms.create_key(Tags=[{"TagKey": k, "TagValue": v} for k, v in tags.items()])
    arn, id_ = key["KeyMetadata"]["Arn"], key["KeyMetadata"]["KeyId"]
    with make_system(project) as system:
        assert [found for found, _ in tagged(system.deployment)] == [arn]
        kms.schedule_key_deletion(KeyId=id_, PendingWindowInDays=7)
        assert not list(tagged(system.deployment))

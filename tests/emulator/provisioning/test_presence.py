"""What the tag index lists is there only if its own service says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from constructs_lib.naming import ADDRESS_TAG
from services.configuration import load
from services.local_aws.layout import ACCOUNT_ID, DEFAULT_REGION
from services.local_aws.machine import LocalAws
from services.provisioning.aws import Aws
from services.provisioning.deployment import Deployment
from services.provisioning.recovery.leftovers import tagged
from services.provisioning.recovery.presence import KNOWN, is_there
from services.provisioning.recovery.strays import TenantStrays
from services.tenancy import Tier
from tests.aws import free_port
from tests.emulator.provisioning.conftest import NAME, Project, make_project

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

_ACCOUNT = f"{DEFAULT_REGION}:{ACCOUNT_ID}"
_BALANCING = f"arn:aws:elasticloadbalancing:{_ACCOUNT}"
GONE = (
    f"arn:aws:apigateway:{DEFAULT_REGION}::/apikeys/abcdefghij",
    f"arn:aws:apigateway:{DEFAULT_REGION}::/restapis/abcdefghij",
    f"arn:aws:apigateway:{DEFAULT_REGION}::/restapis/abcdefghij/stages/prod",
    f"arn:aws:apigateway:{DEFAULT_REGION}::/usageplans/abcdef",
    f"arn:aws:apigateway:{DEFAULT_REGION}::/vpclinks/abcdef",
    f"arn:aws:autoscaling:{_ACCOUNT}:autoScalingGroup:0-0:autoScalingGroupName/never-made",
    f"arn:aws:cognito-idp:{_ACCOUNT}:userpool/us-east-1_Aaaaaaaaa",
    f"arn:aws:dynamodb:{_ACCOUNT}:table/never-made",
    f"arn:aws:ec2:{_ACCOUNT}:instance/i-0123456789abcdef0",
    f"arn:aws:ec2:{_ACCOUNT}:launch-template/lt-0123456789abcdef0",
    f"arn:aws:ec2:{_ACCOUNT}:network-interface/eni-0123456789abcdef0",
    f"arn:aws:ec2:{_ACCOUNT}:security-group/sg-01234567",
    f"arn:aws:ec2:{_ACCOUNT}:security-group-rule/sgr-0123456789abcdef0",
    f"arn:aws:ec2:{_ACCOUNT}:volume/vol-0123456789abcdef0",
    f"arn:aws:ecs:{_ACCOUNT}:capacity-provider/never-made",
    f"arn:aws:ecs:{_ACCOUNT}:cluster/never-made",
    f"arn:aws:ecs:{_ACCOUNT}:service/never-made/never-made",
    f"arn:aws:ecs:{_ACCOUNT}:task/never-made/0123456789abcdef0123456789abcdef",
    f"{_BALANCING}:loadbalancer/app/never-made/0123456789abcdef",
    f"{_BALANCING}:listener/app/never-made/0123456789abcdef/0123456789abcdef",
    f"{_BALANCING}:listener-rule/app/never-made/0123456789abcdef/0123456789abcdef/0123456789abcdef",
    f"{_BALANCING}:targetgroup/never-made/0123456789abcdef",
    f"arn:aws:iam::{ACCOUNT_ID}:instance-profile/never-made",
    f"arn:aws:iam::{ACCOUNT_ID}:role/never-made",
    f"arn:aws:kms:{_ACCOUNT}:key/01234567-89ab-cdef-0123-456789abcdef",
    f"arn:aws:logs:{_ACCOUNT}:log-group:/never-made",
    f"arn:aws:rds:{_ACCOUNT}:db:never-made",
    f"arn:aws:rds:{_ACCOUNT}:subgrp:never-made",
    f"arn:aws:servicediscovery:{_ACCOUNT}:namespace/ns-aaaaaaaaaaaaaaaa",
    f"arn:aws:ssm:{_ACCOUNT}:parameter/never-made",
)
# A task definition is never gone, only deregistered: `test_life_of_a_silo_tenant`.
_ALSO = f"arn:aws:ecs:{_ACCOUNT}:task-definition/never-made:1"


@pytest.fixture
def aws(shared_local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """The shared local AWS, as the provisioner calls it."""
    for name, value in shared_local_aws.environment().items():
        monkeypatch.setenv(name, value)
    return Aws(DEFAULT_REGION)


@pytest.mark.parametrize("arn", GONE)
def test_what_is_gone_is_said_to_be(aws: Aws, arn: str) -> None:
    assert not is_there(aws, arn)


def test_every_kind_is_tried() -> None:
    for pattern in KNOWN:
        assert any(re.search(pattern, arn) for arn in (*GONE, _ALSO)), pattern


def test_what_nobody_can_be_asked_about_is_there(aws: Aws) -> None:
    assert is_there(aws, f"arn:aws:quantum:{_ACCOUNT}:thing/1")


@pytest.fixture
def lagging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    """A local AWS whose tag index lists for an hour what is deleted."""
    monkeypatch.setenv("MINISTACK_TAG_LAG_SECONDS", "3600")
    local = LocalAws(tmp_path / "lagging", free_port())
    local.up()
    try:
        for name, value in local.environment().items():
            monkeypatch.setenv(name, value)
        yield local
    finally:
        local.down()


def test_a_tag_index_that_lags_neither_holds_an_offboarding_up_nor_is_adopted_from(
    lagging: LocalAws, tmp_path: Path
) -> None:
    (tmp_path / "project").mkdir()
    project: Project = make_project(lagging, tmp_path / "project")
    silo = ("--tier", "advanced", *NAME)
    project.run("workspace", "apply", "t1", *silo)
    configuration = load(project.path / "saas.tfvars")
    deployment = Deployment(configuration, project.path, project.path / "cdktf.out/stacks")
    index = project.client("resourcegroupstaggingapi")
    filters = [{"Key": "TenantId", "Values": ["t1"]}, {"Key": ADDRESS_TAG}]

    def listed() -> set[str]:
        found = index.get_resources(TagFilters=filters)["ResourceTagMappingList"]
        return {each["ResourceARN"] for each in found}

    made = listed()
    assert len(made) == 2
    assert {arn for arn, _ in tagged(deployment, TenantId="t1")} == made

    project.run("workspace", "destroy", "t1", "--yes")

    assert listed() == made, "the index of this local AWS does not lag"
    assert list(tagged(deployment, TenantId="t1")) == []
    assert TenantStrays(deployment, "t1", Tier.ADVANCED).tagged() == []
    assert project.run("workspace", "apply", "t1", *silo, "--json").json["resources"] == 3

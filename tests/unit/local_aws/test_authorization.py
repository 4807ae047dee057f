"""What AWS's reference says of requests, without an emulator."""

from __future__ import annotations

import pytest

from services.local_aws.authorization import reference
from services.local_aws.authorization.dependents import Call, dependents
from services.local_aws.authorization.resources import judged_by

WHERE = "eu-central-1:111122223333"
ROLE = "arn:aws:iam::111122223333:role/worker"


def _needed(action: str, **parameters: object) -> set[str]:
    call = Call(action, "*", parameters, WHERE, linked=frozenset({"autoscaling.amazonaws.com"}))
    return {each.action for each in dependents(call)}


def test_what_takes_no_resource_is_judged_by_the_star() -> None:
    found = reference.action("ecs:DescribeTaskDefinition")
    assert found is not None
    arn = f"arn:aws:ecs:{WHERE}:task-definition/a:1"
    assert judged_by(found, arn, {}, WHERE) == [["*"]]


def test_a_resource_is_named_by_what_the_request_says() -> None:
    found = reference.action("lambda:CreateFunction")
    assert found is not None
    (alternatives,) = judged_by(found, "*", {"FunctionName": "f"}, WHERE)
    assert f"arn:aws:lambda:{WHERE}:function:f" in alternatives


def test_a_name_that_is_an_arn_is_the_resource() -> None:
    found = reference.action("codebuild:DeleteProject")
    assert found is not None
    arn = f"arn:aws:codebuild:{WHERE}:project/p"
    assert judged_by(found, f"arn:aws:codebuild:{WHERE}:project/{arn}", {}, WHERE) == [[arn]]


def test_of_several_names_none_is_forgotten() -> None:
    found = reference.action("cloudwatch:DeleteAlarms")
    assert found is not None
    one = {"AlarmNames.member.1": "a"}
    assert judged_by(found, "*", one, WHERE) == [[f"arn:aws:cloudwatch:{WHERE}:alarm:a"]]
    two = {**one, "AlarmNames.member.2": "b"}
    assert judged_by(found, "*", two, WHERE) == [[f"arn:aws:cloudwatch:{WHERE}:alarm:*"]]


def test_ec2_asks_for_each_required_kind() -> None:
    found = reference.action("ec2:CreateSubnet")
    assert found is not None
    groups = judged_by(found, f"arn:aws:ec2:{WHERE}:vpc/vpc-1", {"VpcId": "vpc-1"}, WHERE)
    assert groups == [[f"arn:aws:ec2:{WHERE}:vpc/vpc-1"], [f"arn:aws:ec2:{WHERE}:subnet/*"]]


@pytest.mark.parametrize(
    ("action", "parameters", "needed"),
    [
        ("lambda:CreateFunction", {"Role": ROLE}, {"iam:PassRole"}),
        ("ecs:RegisterTaskDefinition", {"taskRoleArn": ROLE}, {"iam:PassRole"}),
        ("ecr:CreateRepository", {"repositoryName": "r"}, set()),
        ("ecr:CreateRepository", {"tags": [{"Key": "a", "Value": "b"}]}, {"ecr:TagResource"}),
        ("ec2:CreateVpc", {"TagSpecification.1.ResourceType": "vpc"}, {"ec2:CreateTags"}),
        (
            "ec2:CreateVpcEndpoint",
            {"PrivateDnsEnabled": "true"},
            {"route53:AssociateVPCWithHostedZone"},
        ),
        ("ec2:CreateVpcEndpoint", {"PrivateDnsEnabled": "false"}, set()),
        (
            "ec2:CreateLaunchTemplate",
            {"LaunchTemplateData.ImageId": "resolve:ssm:/aws/service/ecs/image"},
            {"ssm:GetParameters"},
        ),
        ("ecs:CreateService", {"serviceName": "s"}, {"iam:CreateServiceLinkedRole"}),
        ("autoscaling:CreateAutoScalingGroup", {}, set()),
        (
            "rds:CreateDBInstance",
            {"ManageMasterUserPassword": "true"},
            {
                "iam:CreateServiceLinkedRole",
                "secretsmanager:CreateSecret",
                "secretsmanager:TagResource",
            },
        ),
    ],
)
def test_dependents_are_asked_for_when_a_request_needs_them(
    action: str, parameters: dict[str, object], needed: set[str]
) -> None:
    assert _needed(action, **parameters) == needed


def test_only_services_that_are_asked_for_are_read() -> None:
    reference.service.cache_clear()
    assert reference.action("sqs:SendMessage")
    assert reference.service.cache_info().currsize == 1
    assert reference.action("sqs:Imagined") is None
    assert reference.action("imagined:SendMessage") is None

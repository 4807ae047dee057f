"""IAM statements refuse to grant more than can be named."""

from __future__ import annotations

import json

import pytest

from constructs_lib.errors import ConfigError
from constructs_lib.identity.statement import Statement, Trust, iam_variable, policy
from tiers.deployer import deployer_statements

TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/t"


@pytest.mark.parametrize("action", ["*", "dynamodb:*", "GetItem", "dynamodb:*Item", "dynamodb:"])
def test_an_action_is_named(action: str) -> None:
    with pytest.raises(ConfigError, match="allowed named actions"):
        Statement([action], [TABLE])


@pytest.mark.parametrize("resources", [[], ["*"], [TABLE, "*"]])
def test_a_resource_is_named_where_it_can_be(resources: list[str]) -> None:
    with pytest.raises(ConfigError, match="allowed the ARNs"):
        Statement(["dynamodb:GetItem"], resources)


def test_an_action_without_a_resource_takes_none() -> None:
    assert Statement(["ecr:GetAuthorizationToken"]).document()["Resource"] == "*"
    with pytest.raises(ConfigError, match="take no resource"):
        Statement(["ecr:GetAuthorizationToken"], [TABLE])


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        Statement(["dynamodb:*"], [])
    assert len(error.value.problems) == 2


def test_someone_is_trusted() -> None:
    with pytest.raises(ConfigError, match="exactly one"):
        Trust()
    with pytest.raises(ConfigError, match="exactly one"):
        Trust(service="ec2.amazonaws.com", role_arns=["arn:aws:iam::1:role/r"])


def test_a_policy_is_json_that_iam_reads() -> None:
    statement = Statement(
        ["dynamodb:GetItem"],
        [TABLE],
        conditions={"StringEquals": {"a": iam_variable("aws:PrincipalTag/TenantId")}},
    )
    document = json.loads(policy([statement]))
    assert document["Version"] == "2012-10-17"
    assert document["Statement"][0]["Condition"] == {
        "StringEquals": {"a": "$${aws:PrincipalTag/TenantId}"}
    }


def test_the_deployers_policies_fit_into_managed_ones() -> None:
    policies = deployer_statements(
        name="a" * 16,
        environment="b" * 8,
        region="ap-southeast-1",
        account="1" * 12,
        databases=True,
        firewall=True,
    )
    assert "databases" in policies
    for name, statements in policies.items():
        assert len(policy(statements).replace(" ", "")) <= 6144, name


def test_the_deployer_cannot_change_its_own_rights() -> None:
    statements = [
        statement
        for group in deployer_statements(
            name="shop", environment="dev", region="eu-central-1", account="111122223333"
        ).values()
        for statement in group
    ]
    on_roles = [
        resource
        for statement in statements
        for resource in statement.resources
        if any(action.startswith("iam:") for action in statement.actions)
    ]
    assert on_roles
    assert not [arn for arn in on_roles if "ci-shop" in arn or arn.endswith(":role/*")]
    actions = {action for statement in statements for action in statement.actions}
    assert not actions & {"iam:CreateUser", "iam:DeleteRolePermissionsBoundary", "sts:AssumeRole"}

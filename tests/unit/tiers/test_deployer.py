"""Who applies the root modules may do what is in them, and cannot come to more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

import pytest

from constructs_lib.identity.statement import Statement, policy
from constructs_lib.provisioning import RIGHTS
from tiers.deployer import deployer_statements
from tiers.planner import planner_statements

ACCOUNT = "111122223333"
PREFIX = "shop-dev"
OWN = f"arn:aws:iam::{ACCOUNT}:role/ci-{PREFIX}-ci-apply"
OWN_POLICY = f"arn:aws:iam::{ACCOUNT}:policy/ci-{PREFIX}-deployer-access"
_READING = ("AdminGet", "AdminList", "Describe", "GET", "Get", "List")


@pytest.fixture(scope="module")
def statements() -> list[Statement]:
    """All that the deployer may do."""
    groups = deployer_statements(
        name="shop",
        environment="dev",
        region="eu-central-1",
        account=ACCOUNT,
        databases=True,
        firewall=True,
    )
    return [statement for group in groups.values() for statement in group]


def allowing(statements: Sequence[Statement], action: str, resource: str) -> Iterator[Statement]:
    """Yield the statements that allow `action` on `resource`."""
    for statement in statements:
        if any(fnmatchcase(action, each) for each in statement.actions) and (
            not statement.resources or any(fnmatchcase(resource, r) for r in statement.resources)
        ):
            yield statement


def test_it_may_change_whatever_builds_may(statements: list[Statement]) -> None:
    missing = {
        f"{kind}: {service}:{action} on {resource}"
        for (kind, service), rights in RIGHTS.items()
        for action in [*rights.actions.split(), *rights.limiting.split()]
        if not action.startswith(_READING)
        for resource in rights.resources
        # Deployments of services are looked at alone.
        if ":service-deployment/" not in resource
        and not any(
            allowing(
                statements,
                f"{service}:{action}",
                resource.format(
                    prefix=PREFIX, contracts="shop/dev", region="eu-central-1", account=ACCOUNT
                ),
            )
        )
    }
    assert not missing


def test_it_reaches_neither_its_own_roles_nor_their_policies(statements: list[Statement]) -> None:
    for statement in statements:
        on_identity = [each for each in statement.actions if each.startswith("iam:")]
        for action in on_identity:
            for own in (OWN, OWN_POLICY):
                assert not list(allowing([statement], action, own)), statement
    assert not [
        action
        for statement in statements
        for action in statement.actions
        if action in {"iam:DeleteRolePermissionsBoundary", "iam:CreateUser", "sts:AssumeRole"}
    ]


@pytest.mark.parametrize(
    ("role", "boundary"),
    [
        ("shop-dev-acme-premium-orders-task", "shop-dev-tenant-boundary"),
        ("shop-dev-provisioner-role", "shop-dev-provisioner-boundary"),
    ],
)
@pytest.mark.parametrize("action", ["CreateRole", "PutRolePolicy", "AttachRolePolicy"])
def test_roles_that_act_for_tenants_have_their_boundary(
    statements: list[Statement], role: str, boundary: str, action: str
) -> None:
    found = list(allowing(statements, f"iam:{action}", f"arn:aws:iam::{ACCOUNT}:role/{role}"))
    assert found
    limits = [each.conditions["StringEquals"]["iam:PermissionsBoundary"] for each in found]
    assert f"arn:aws:iam::{ACCOUNT}:policy/{boundary}" in limits


def test_pull_requests_read_no_content() -> None:
    """Neither items nor objects, secrets, messages, logs or what a tenant's module alone has.

    Of the objects, only what Terraform itself tells the consoles' sites, and they everybody.
    """
    groups = planner_statements(
        name="shop", environment="dev", region="eu-central-1", account=ACCOUNT
    )
    statements = [each for group in groups.values() for each in group]
    actions = {action for each in statements for action in each.actions}
    for content in (
        *("dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:BatchGetItem"),
        *(
            "s3:GetObjectVersion",
            "secretsmanager:GetSecretValue",
            "kms:Decrypt",
            "sqs:ReceiveMessage",
        ),
        *("logs:GetLogEvents", "logs:FilterLogEvents", "lambda:InvokeFunction"),
    ):
        assert not [each for each in actions if fnmatchcase(content, each)], content
    (told,) = (s for s in statements if "s3:GetObject" in s.actions)
    assert list(told.resources) == [f"arn:aws:s3:::shop-dev-*-site-{ACCOUNT}/config.json"]
    (clients,) = (s for s in statements if "cognito-idp:DescribeUserPoolClient" in s.actions)
    assert clients.conditions == {"StringEquals": {"aws:ResourceTag/Stack": "tier-basic"}}
    for group in groups.values():
        assert len(policy(list(group))) <= 6_144


def test_any_policy_is_attached_to_no_role(statements: list[Statement]) -> None:
    for statement in statements:
        if "iam:AttachRolePolicy" in statement.actions:
            assert statement.conditions, json.loads(policy([statement]))

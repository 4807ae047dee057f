"""Who may do what: no statement grants more than can be named, and tenants are kept apart."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from constructs_lib.identity.statement import UNNAMEABLE_ACTIONS
from services.configuration import Configuration
from tests.synth.sample import configured
from tests.synth.template import Template, as_list

SILOS = ("tenant-advanced", "tenant-premium")


def test_no_statement_allows_everything(
    templates: dict[str, Template], ec2_templates: dict[str, Template]
) -> None:
    seen = 0
    for template in [*templates.values(), *ec2_templates.values()]:
        for where, statement in template.statements():
            if statement["Effect"] != "Allow":
                continue
            seen += 1
            actions = as_list(statement["Action"])
            assert not [a for a in actions if re.fullmatch(r"\*|[a-z0-9-]+:\*", a)], where
            assert "NotAction" not in statement, where
            # A boundary allows nothing; it is the most that its roles could be allowed. In the
            # policy of a key, `*` is the key.
            elsewhere = "Boundary" not in where and "aws_kms_key" not in where
            if "*" in as_list(statement.get("Resource", [])) and elsewhere:
                assert set(actions) <= UNNAMEABLE_ACTIONS, f"{where}: {actions}"
            principal = statement.get("Principal")
            assert principal != "*", where
            assert not isinstance(principal, dict) or "*" not in as_list(principal.get("AWS", []))
    assert seen > 60


def test_tasks_of_another_account_cannot_use_a_role(templates: dict[str, Template]) -> None:
    for template in templates.values():
        for where, statement in template.statements():
            if statement.get("Principal") == {"Service": "ecs-tasks.amazonaws.com"}:
                assert "aws:SourceAccount" in statement["Condition"]["StringEquals"], where


def test_a_pooled_service_reaches_items_only_as_one_tenant(templates: dict[str, Template]) -> None:
    on_tables = [
        statement
        for _, statement in templates["tier-basic"].statements()
        if any(a.startswith("dynamodb:") for a in as_list(statement["Action"]))
    ]
    assert len(on_tables) == 2  # orders and products
    for statement in on_tables:
        assert statement["Condition"] == {
            "ForAllValues:StringEquals": {
                "dynamodb:LeadingKeys": ["$${aws:PrincipalTag/TenantId}"]
            },
            "Null": {"dynamodb:LeadingKeys": "false"},
        }
        assert "dynamodb:Scan" not in statement["Action"]


def test_the_tenant_role_needs_the_tenants_tag(templates: dict[str, Template]) -> None:
    trusts = [
        statement
        for _, statement in templates["tier-basic"].statements()
        if "AWS" in statement.get("Principal", {})
    ]
    assert len(trusts) == 2
    for trust in trusts:
        assert trust["Action"] == ["sts:AssumeRole", "sts:TagSession"]
        assert trust["Condition"] == {
            "Null": {"aws:RequestTag/TenantId": "false"},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["TenantId"]},
        }


@pytest.mark.parametrize("stack", SILOS)
def test_a_silo_service_reaches_its_own_table_alone(
    templates: dict[str, Template], stack: str
) -> None:
    template = templates[stack]
    policies = template.resources("aws_iam_role_policy")
    orders = next(body for name, body in policies.items() if "orders-role" in name)["policy"]
    assert "orders-table" in orders
    assert "products-table" not in orders


def test_permissions_come_from_the_manifest(templates: dict[str, Template]) -> None:
    for stack in ("tier-basic", *SILOS):
        statements = [statement for _, statement in templates[stack].statements()]
        assert {
            "Effect": "Allow",
            "Action": ["sqs:SendMessage"],
            "Resource": ["arn:aws:sqs:eu-central-1:111122223333:mail"],
        } in statements


@pytest.mark.parametrize("stack", ["tier-basic", *SILOS])
def test_tokens_end_as_configured(templates: dict[str, Template], stack: str) -> None:
    client = templates[stack].resource("aws_cognito_user_pool_client")
    assert (client["access_token_validity"], client["id_token_validity"]) == (20, 20)
    assert client["token_validity_units"][0]["id_token"] == "minutes"
    # What keeps a user signed in is taken back with the user.
    assert client["enable_token_revocation"] is True


@pytest.mark.parametrize("stack", ["tier-basic", *SILOS])
def test_no_client_may_write_a_claim(templates: dict[str, Template], stack: str) -> None:
    client = templates[stack].resource("aws_cognito_user_pool_client")
    assert client["generate_secret"] is False
    assert client["write_attributes"] == ["email", "name"]
    pool = templates[stack].resource("aws_cognito_user_pool")
    mutable = {attribute["name"]: attribute["mutable"] for attribute in pool["schema"]}
    assert mutable == {
        "tenantId": False,
        "tenantTier": True,
        "userRole": True,
        "tenantName": True,
    }


@pytest.mark.parametrize("stack", ["tenant-basic", *SILOS])
def test_a_tenants_module_is_guarded_and_tagged(templates: dict[str, Template], stack: str) -> None:
    template = templates[stack]
    conditions = [rule["condition"] for rule in template.variables()["tenant_id"]["validation"]]
    assert "${var.tenant_id == terraform.workspace}" in conditions
    (provider,) = template.document["provider"]["aws"]
    assert provider["default_tags"][0]["tags"] == {
        "Project": "shop",
        "Environment": "dev",
        "Stack": stack,
        "ManagedBy": "terraform",
        "TenantId": "${var.tenant_id}",
        "TenantName": "${var.tenant_name}",
        "Tier": stack.removeprefix("tenant-"),
        "Release": "${var.release}",
    }


def test_silo_tables_are_named_by_tenant(templates: dict[str, Template]) -> None:
    for stack in SILOS:
        names = {t["name"] for t in templates[stack].resources("aws_dynamodb_table").values()}
        tier = stack.removeprefix("tenant-")
        assert names == {
            f"shop-dev-${{var.tenant_id}}-{tier}-orders",
            f"shop-dev-${{var.tenant_id}}-{tier}-products",
        }


def test_two_copies_of_a_moving_tenant_share_no_name(templates: dict[str, Template]) -> None:
    of_something_else = (
        "aws_appautoscaling_policy",
        "aws_cognito_user_group",
        "aws_ecs_service",
        "aws_iam_role_policy",
    )
    names = [
        {
            resource["name"]
            for kind, resources in templates[stack].document["resource"].items()
            if kind not in of_something_else
            for resource in resources.values()
            if "name" in resource
        }
        for stack in SILOS
    ]
    assert names[0] & names[1] == set()


def test_every_role_and_group_of_the_longest_names_still_fits(
    synthesised: Callable[[Configuration], dict[str, Template]],
    longest_names: Configuration,
) -> None:
    templates = synthesised(longest_names)
    for stack in SILOS:
        role_names = [r["name"] for r in templates[stack].resources("aws_iam_role").values()]
        group = templates[stack].resource("aws_lb_target_group")["name"]
        for name, limit in (*((role, 64) for role in role_names), (group, 32)):
            assert len(_widest(name)) <= limit, name
        assert len(set(role_names)) == len(role_names)


def _widest(name: str) -> str:
    key = r'\$\{substr\(sha256\("\$\{var\.tenant_id\}/[a-z]+"\), 0, 12\)\}'
    name = re.sub(key, "x" * 12, name)
    return name.replace("${var.tenant_id}", "x" * 36)


def test_workflows_of_a_named_repository_may_apply(
    synthesised: Callable[[Configuration], dict[str, Template]],
    templates: dict[str, Template],
) -> None:
    assert set(templates["platform"].resources("aws_iam_policy")) == {
        "platform-boundary",
        "tenant-boundary",
    }
    template = synthesised(configured('repository = "owner/shop"'))["platform"]
    (module,) = template.document["module"].values()
    assert module["repository"] == "owner/shop"
    groups = {"read", "network", "data", "compute", "access", "planes", "sites"}
    assert set(module["apply_policy_arns"]) == groups
    for where, statement in template.statements():
        everywhere = "aws_kms_key" not in where and "*" in as_list(statement.get("Resource", []))
        if statement["Effect"] == "Allow" and everywhere:
            assert set(as_list(statement["Action"])) <= UNNAMEABLE_ACTIONS, where

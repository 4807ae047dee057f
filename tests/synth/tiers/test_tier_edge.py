"""The APIs of the cells, and what tenants have of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.synth.template import Template

CELLS = ("platform", "routing-cell")
TENANTS = ("tenant-basic", "tenant-advanced", "tenant-premium")


@pytest.mark.parametrize("stack", CELLS)
def test_a_cell_has_a_plan_for_each_tier(templates: dict[str, Template], stack: str) -> None:
    plans = templates[stack].resources("aws_api_gateway_usage_plan").values()

    throttles = {
        plan["name"].rpartition("-")[2]: (
            plan["throttle_settings"]["rate_limit"],
            plan["throttle_settings"]["burst_limit"],
            plan["quota_settings"]["limit"],
        )
        for plan in plans
    }
    assert throttles == {
        "basic": (10, 10, 1000), "advanced": (15, 15, 2000), "premium": (300, 300, 6000),
    }  # fmt: skip
    assert all(plan["api_stages"] for plan in plans)


@pytest.mark.parametrize("stack", CELLS)
def test_the_key_comes_from_the_authorizer(templates: dict[str, Template], stack: str) -> None:
    api = templates[stack].resource("aws_api_gateway_rest_api")

    assert api["api_key_source"] == "AUTHORIZER"
    permission = templates[stack].resource("aws_lambda_permission", principal=_GATEWAY)
    assert permission["source_arn"].endswith("/authorizers/*")


_GATEWAY = "apigateway.amazonaws.com"


@pytest.mark.parametrize("stack", CELLS)
def test_a_changed_api_is_deployed(templates: dict[str, Template], stack: str) -> None:
    deployment = templates[stack].resource("aws_api_gateway_deployment")

    assert "sha1(aws_api_gateway_rest_api." in deployment["triggers"]["document"]
    assert deployment["lifecycle"] == {"create_before_destroy": True}


@pytest.mark.parametrize("stack", CELLS)
def test_the_access_log_names_the_tenant(templates: dict[str, Template], stack: str) -> None:
    settings = templates[stack].resource("aws_api_gateway_stage")["access_log_settings"]
    line = json.loads(settings["format"])

    assert line["tenantId"] == "$context.authorizer.tenantId"
    assert {"requestId", "status", "latency"} <= set(line)
    assert not any("authorization" in value.lower() for value in line.values())


def test_the_authorizer_may_read_the_mapping_and_nothing_else(
    templates: dict[str, Template],
) -> None:
    (name,) = (
        name
        for name in templates["platform"].resources("aws_iam_role_policy")
        if name.startswith("authorizer")
    )
    policy = templates["platform"].resources("aws_iam_role_policy")[name]["policy"]
    statements = json.loads(policy)["Statement"]

    reading = [each for each in statements if each["Sid"] == "TenantMapping"]
    assert [each["Action"] for each in reading] == [["dynamodb:GetItem"]]
    assert {each["Sid"] for each in statements} == {"TenantMapping", "OwnLog", "Traces"}


def test_a_tenants_users_may_not_call_what_is_its_administrators(
    templates: dict[str, Template],
) -> None:
    function = templates["platform"].resource(
        "aws_lambda_function", handler="services.application.authorizer.function.handler"
    )
    paths = json.loads(function["environment"]["variables"]["ROLE_PATHS"])

    assert paths == {
        "TenantAdmin": ["/orders", "/products", "/users"],
        "TenantUser": ["/orders", "/products"],
    }


@pytest.mark.parametrize("stack", TENANTS)
def test_a_tenant_has_a_key_in_its_tiers_plan(templates: dict[str, Template], stack: str) -> None:
    template = templates[stack]
    tier = stack.removeprefix("tenant-")

    assert template.resource("aws_api_gateway_usage_plan_key")["usage_plan_id"].endswith(
        f".usage_plan_ids.{tier}}}"
    )
    (row,) = (value for name, value in template.document["locals"].items() if name == "row")
    assert row["apiKey"]["S"].startswith("${aws_api_gateway_api_key.")
    assert "status" not in row
    # Nothing that is told of a tenant holds its key.
    assert "api_gateway_api_key" not in json.dumps(template.document["output"])


def test_a_further_cell_is_in_a_workspace_of_its_own(templates: dict[str, Template]) -> None:
    rules: Any = templates["routing-cell"].document["variable"]["cell"]["validation"]

    conditions = [rule["condition"] for rule in rules]
    assert "${var.cell == terraform.workspace}" in conditions
    contract = templates["routing-cell"].resource("aws_ssm_parameter")
    assert contract["name"].endswith("/cells/${var.cell}")

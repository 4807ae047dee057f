"""Settings that are changed on a running deployment, and what must stay as it is then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.configuration import Configuration
from tests.synth.sample import CONFIGURATION, configured
from tests.synth.template import Template, as_list

Synthesise = Callable[[Configuration], dict[str, Template]]


@pytest.fixture(scope="module")
def moved_port(synthesised: Synthesise) -> dict[str, Template]:
    """The tests' system with its gateways on another port."""
    return synthesised(configured("gateway = { port = 9090 }"))


@pytest.fixture(scope="module")
def protected(synthesised: Synthesise) -> dict[str, Template]:
    """The tests' system as it is by default: protected against deletion."""
    off = "deletion_protection = false"
    assert off in CONFIGURATION
    return synthesised(configured(base=CONFIGURATION.replace(off, "deletion_protection = true")))


def test_another_port_of_the_gateway_is_rolled_out_by_ecs_alone(
    templates: dict[str, Template], moved_port: dict[str, Template]
) -> None:
    """While both ports serve, neither what leads to them nor what lets them through may change."""
    changed = {
        kind
        for stack, template in templates.items()
        for kind, resources in template.document["resource"].items()
        if resources != moved_port[stack].resources(kind)
    }

    assert changed == {"aws_ecs_service", "aws_ecs_task_definition"}


@pytest.mark.parametrize("stack", ["tenant-advanced", "tenant-premium"])
def test_the_protection_of_a_tenant_ends_by_a_variable_alone(
    protected: dict[str, Template], stack: str
) -> None:
    template = protected[stack]
    assert template.document["variable"]["deletion_protection"]["default"] is True
    for table in template.resources("aws_dynamodb_table").values():
        assert table["deletion_protection_enabled"] == "${var.deletion_protection}"
    pool = template.resource("aws_cognito_user_pool")
    assert pool["deletion_protection"] == '${var.deletion_protection ? "ACTIVE" : "INACTIVE"}'


@pytest.mark.parametrize("stack", ["tenant-advanced", "tenant-premium"])
def test_an_unprotected_deployment_protects_no_tenant(
    templates: dict[str, Template], stack: str
) -> None:
    for table in templates[stack].resources("aws_dynamodb_table").values():
        assert table["deletion_protection_enabled"] is False
    pool = templates[stack].resource("aws_cognito_user_pool")
    assert pool["deletion_protection"] == "INACTIVE"


def test_every_root_module_is_for_one_account(templates: dict[str, Template]) -> None:
    for stack, template in templates.items():
        (provider,) = template.document["provider"]["aws"]
        assert provider["allowed_account_ids"] == ["123456789012"], stack
        backend = template.document["terraform"]["backend"]["s3"]
        assert backend["allowed_account_ids"] == ["123456789012"], stack
        assert backend["bucket"] == "shop-dev-tfstate-123456789012", stack


def test_every_bucket_is_named_by_its_account(templates: dict[str, Template]) -> None:
    for stack, template in templates.items():
        for bucket in template.resources("aws_s3_bucket").values():
            assert bucket["bucket"].endswith("-123456789012"), stack


@pytest.mark.parametrize(("setting", "mode"), [("optional", "OPTIONAL"), ("required", "ON")])
def test_the_second_factor_of_users_is_a_setting(
    synthesised: Synthesise, templates: dict[str, Template], setting: str, mode: str
) -> None:
    chosen = synthesised(configured(f'user_second_factor = "{setting}"'))

    def pool(modules: dict[str, Template], stack: str) -> dict[str, Any]:
        return modules[stack].resource("aws_cognito_user_pool")

    for stack in ("tier-basic", "tenant-advanced", "tenant-premium"):
        before, after = pool(templates, stack), pool(chosen, stack)
        assert before["mfa_configuration"] == "OFF"
        assert "software_token_mfa_configuration" not in before
        assert after["mfa_configuration"] == mode
        assert after["software_token_mfa_configuration"] == {"enabled": True}
    # Administrators have a setting of their own.
    assert pool(templates, "control-plane") == pool(chosen, "control-plane")


@pytest.mark.parametrize(
    ("setting", "on_match", "of_a_group"), [("count", "count", "count"), ("block", "block", "none")]
)
def test_a_firewall_in_front_of_every_cell_is_a_setting(
    synthesised: Synthesise,
    templates: dict[str, Template],
    setting: str,
    on_match: str,
    of_a_group: str,
) -> None:
    chosen = synthesised(configured(f'edge = {{ waf = "{setting}", address_rate = 500 }}'))
    for stack in ("platform", "routing-cell"):
        assert not templates[stack].resources("aws_wafv2_web_acl")
        access_list = chosen[stack].resource("aws_wafv2_web_acl")
        assert access_list["default_action"] == {"allow": {}}
        rate, *groups = access_list["rule"]
        assert rate["action"] == {on_match: {}}
        limit = rate["statement"]["rate_based_statement"]
        assert limit == {"limit": 500, "aggregate_key_type": "IP"}
        assert [each["override_action"] for each in groups] == [{of_a_group: {}}] * 3
        named = [each["statement"]["managed_rule_group_statement"] for each in groups]
        assert {each["vendor_name"] for each in named} == {"AWS"}
        # Samples hold headers, and those hold tokens.
        for each in (access_list, rate, *groups):
            assert each["visibility_config"]["sampled_requests_enabled"] is False
        association = chosen[stack].resource("aws_wafv2_web_acl_association")
        (stage,) = chosen[stack].resources("aws_api_gateway_stage")
        assert association["resource_arn"] == f"${{aws_api_gateway_stage.{stage}.arn}}"


def test_builds_may_make_the_firewalls_of_cells(synthesised: Synthesise) -> None:
    chosen = synthesised(configured('edge = { waf = "count" }'))["application-plane"]
    allowed = {
        action
        for where, statement in chosen.statements()
        if "provisioner_R" in where and statement["Effect"] == "Allow"
        for action in as_list(statement["Action"])
    }
    assert {"wafv2:CreateWebACL", "wafv2:AssociateWebACL", "apigateway:SetWebACL"} <= allowed

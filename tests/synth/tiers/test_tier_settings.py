"""Settings that are changed on a running deployment, and what must stay as it is then."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.configuration import Configuration
from tests.synth.sample import CONFIGURATION, configured
from tests.synth.template import Template

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

"""A service is a block of the manifest: adding one adds all that belongs to it, everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from services.configuration import Configuration
from services.configuration.images import ImageLock
from services.tenancy import Tier
from services.tenancy.variables import OUTPUTS, variables_of
from tests.synth.sample import CONFIGURATION, configured
from tests.synth.template import Template
from tiers.manifest import image


@pytest.fixture(scope="module")
def grown(synthesised: Callable[[Configuration], dict[str, Template]]) -> dict[str, Template]:
    """The tests' system with one more service, which has a table."""
    block = 'services = {\n  invoices = { port = 3020, storage = { sort_key = "invoiceId" } }'
    return synthesised(configured(base=CONFIGURATION.replace("services = {", block)))


def _kinds(template: Template) -> Counter[str]:
    resources = template.document.get("resource", {})
    return Counter({kind: len(instances) for kind, instances in resources.items()})


@pytest.mark.parametrize("stack", ["tier-basic", "tenant-advanced", "tenant-premium"])
def test_a_new_service_runs_in_every_tier(
    templates: dict[str, Template], grown: dict[str, Template], stack: str
) -> None:
    added = _kinds(grown[stack]) - _kinds(templates[stack])
    expected = {
        "aws_ecs_service": 1,
        "aws_ecs_task_definition": 1,
        "aws_appautoscaling_target": 1,
        "aws_appautoscaling_policy": 1,
        "aws_dynamodb_table": 1,
        "aws_iam_role": 1,
        "aws_iam_role_policy": 1,
        # It serves on another port than the rest.
        "aws_vpc_security_group_ingress_rule": 1,
        "aws_vpc_security_group_egress_rule": 1,
    }
    if stack == "tier-basic":
        expected |= {"aws_iam_role": 2, "aws_iam_role_policy": 2}  # the tenant's role too
    assert dict(added) == expected
    pooled = stack == "tier-basic"
    namespace = "shop-dev-basic.sc" if pooled else f"EXPRESSION-{stack[7:]}.shop-dev.sc"
    assert f"invoices-api.{namespace}" in str(grown[stack].containers()["gateway"]["command"])


def test_a_new_service_gets_an_image_repository(
    templates: dict[str, Template], grown: dict[str, Template]
) -> None:
    added = _kinds(grown["platform"]) - _kinds(templates["platform"])
    assert dict(added) == {"aws_ecr_repository": 1, "aws_ecr_lifecycle_policy": 1}


def test_a_new_service_leaves_what_tenants_share_alone(
    templates: dict[str, Template], grown: dict[str, Template]
) -> None:
    for stack in ("tenant-basic", "tier-advanced"):
        assert grown[stack].document == templates[stack].document


@pytest.mark.parametrize("tier", list(Tier))
def test_a_tenants_module_takes_what_is_documented(
    templates: dict[str, Template], tier: Tier
) -> None:
    template = templates[tier.tenant_stack]
    declared = template.variables()
    assert set(declared) == {variable.name for variable in variables_of(tier)}
    for variable in variables_of(tier):
        assert declared[variable.name]["type"] == variable.type
        assert declared[variable.name]["description"]
        assert declared[variable.name].get("validation") or variable.type == "bool"
        assert ("default" in declared[variable.name]) is not variable.required
    assert set(template.document["output"]) == set(OUTPUTS)


def test_images_of_the_pushed_release_are_named_by_digest() -> None:
    digest = f"sha256:{'a' * 64}"
    locked = configured().model_copy(update={"images": ImageLock("r1", {"orders": digest})})
    assert image(locked, "orders", "repo", "${var.release}") == (
        f'repo${{"${{var.release}}" == "r1" ? "@{digest}" : ":${{var.release}}"}}'
    )
    assert image(locked, "orders", "repo", "r1") == f"repo@{digest}"
    assert image(locked, "orders", "repo", "r2") == "repo:r2"
    assert image(locked, "users", "repo", "r1") == "repo:r1"
    assert image(configured(), "orders", "repo", "${var.release}") == "repo:${var.release}"

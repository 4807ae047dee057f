"""What the control plane measures, and what it may read for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from services.capacity.demand import growth_of
from services.contracts.deployment_facts import DeploymentFacts
from services.tenancy import Tier
from tests.synth.planes.test_plane_rights import allowed
from tests.synth.sample import configured
from tests.synth.template import Template, as_list


def variables(plane: Template, function: str) -> Mapping[str, str]:
    (found,) = (
        each["environment"]["variables"]
        for each in plane.resources("aws_lambda_function").values()
        if each["function_name"] == f"shop-dev-cp-{function}"
    )
    return dict(found)


def test_facts_are_what_the_root_modules_have(templates: Mapping[str, Template]) -> None:
    facts = DeploymentFacts.parse(variables(templates["control-plane"], "api")["FACTS"])
    configuration = configured()
    cell = templates["routing-cell"].document
    for tier in Tier:
        taken = growth_of(configuration, templates[tier.tenant_stack].document, cell, tier)
        assert facts.takes[tier.value] == {key: round(n, 6) for key, n in taken.items()}
    assert facts.sizes["products"].tasks == 2
    assert (facts.cell_balancers, facts.prefix) == (1, "shop-dev")


def test_the_api_may_read_lists_of_resources_and_no_state(planes: dict[str, Template]) -> None:
    objects = [
        resource
        for statement in allowed(planes["control-plane"], "api")
        if any(action.startswith("s3:") for action in as_list(statement["Action"]))
        for resource in as_list(statement["Resource"])
    ]
    bucket = configured().state_bucket
    assert objects == [f"arn:aws:s3:::{bucket}/workspaces/tenant-inventories/*"]


def test_the_api_may_count_no_key(planes: dict[str, Template]) -> None:
    """Who may list keys is told their values, if it asks."""
    gateway = [
        resource
        for statement in allowed(planes["control-plane"], "api")
        if "apigateway:GET" in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]
    assert {each.rpartition("/")[2] for each in gateway} == {"usageplans", "vpclinks"}


def test_who_counts_requests_reads_the_cells_access_logs_alone(
    planes: dict[str, Template], templates: Mapping[str, Template]
) -> None:
    (reading,) = (
        statement
        for statement in allowed(planes["control-plane"], "traffic")
        if "logs:StartQuery" in as_list(statement["Action"])
    )
    (arn,) = as_list(reading["Resource"])
    start = arn.partition(":log-group:")[2].removesuffix("*")

    def groups(stack: str) -> list[str]:
        found: dict[str, Any] = templates[stack].resources("aws_cloudwatch_log_group")
        return [each["name"] for each in found.values()]

    # A further cell's name is an expression, in which its id stands.
    of_cells = [each for each in groups("platform") if each.startswith(start)]
    assert of_cells == ["/aws/apigateway/shop-dev-cell-1"]
    assert any(each.startswith("/aws/apigateway/shop-dev-$") for each in groups("routing-cell"))
    assert not [each for each in groups("control-plane") if each.startswith(start)]
    schedules = [
        each["schedule_expression"]
        for each in planes["control-plane"].resources("aws_cloudwatch_event_rule").values()
        if each["name"] == "shop-dev-traffic"
    ]
    assert schedules == ["rate(1 minute)"]
    assert json.dumps(reading).count("StartQuery") == 1

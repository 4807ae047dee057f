"""Every service of every tier runs as the design says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from constructs_lib.gateway.upstream import UPSTREAM_IDLE_SECONDS
from services.application.runtime.server import KEEP_ALIVE_SECONDS
from tests.synth.template import Template

RUNNING = ("tier-basic", "tenant-advanced", "tenant-premium")


@pytest.fixture(params=RUNNING)
def running(request: pytest.FixtureRequest, templates: dict[str, Template]) -> Template:
    """A root module that runs services."""
    return templates[request.param]


def test_each_service_of_the_manifest_runs_behind_a_gateway(running: Template) -> None:
    assert set(running.containers()) == {"orders", "products", "users", "gateway"}
    assert len(running.resources("aws_ecs_service")) == 4
    assert len(running.resources("aws_appautoscaling_policy")) == 4


def test_containers_have_no_root_no_writable_disk_no_capabilities(running: Template) -> None:
    for name, container in running.containers().items():
        assert container["user"] == "10001:10001", name
        assert container["readonlyRootFilesystem"] is True, name
        assert container["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}, name


def test_a_failed_deployment_is_rolled_back(running: Template) -> None:
    for service in running.resources("aws_ecs_service").values():
        assert service["deployment_circuit_breaker"] == {"enable": True, "rollback": True}
        assert service["wait_for_steady_state"] is True
        assert service["availability_zone_rebalancing"] == "ENABLED"


def test_scaling_owns_the_number_of_tasks(running: Template) -> None:
    for service in running.resources("aws_ecs_service").values():
        assert service["lifecycle"]["ignore_changes"] == ["desired_count"]


def test_only_the_gateway_is_reached_from_the_load_balancer(running: Template) -> None:
    routed = [s for s in running.resources("aws_ecs_service").values() if "load_balancer" in s]
    assert [s["load_balancer"][0]["container_name"] for s in routed] == ["gateway"]
    assert running.resource("aws_vpc_security_group_ingress_rule", from_port=1024)


def test_the_gateway_starts_after_the_services_whose_names_it_needs(running: Template) -> None:
    services = running.resources("aws_ecs_service")
    gateway = next(body for body in services.values() if "load_balancer" in body)
    others = {f"aws_ecs_service.{name}" for name, body in services.items() if body is not gateway}
    assert others <= set(gateway["depends_on"])


def test_a_service_starts_after_those_that_it_calls(running: Template) -> None:
    """Its tasks learn only the names that exist as they begin."""
    services = running.resources("aws_ecs_service")
    (orders,) = (body for name, body in services.items() if "orders" in name)
    (products,) = (name for name in services if "products" in name)

    assert f"aws_ecs_service.{products}" in orders["depends_on"]


def test_no_proxy_keeps_a_connection_longer_than_the_service(running: Template) -> None:
    found = [
        served["timeout"]["idle_timeout_seconds"]
        for service in running.resources("aws_ecs_service").values()
        for served in service["service_connect_configuration"].get("service", ())
    ]

    assert len(found) == 3
    assert all(UPSTREAM_IDLE_SECONDS < seconds < KEEP_ALIVE_SECONDS for seconds in found)


def test_the_gateway_holds_no_credentials(running: Template) -> None:
    task = next(
        body
        for body in running.resources("aws_ecs_task_definition").values()
        if '"name": "gateway"' in body["container_definitions"]
    )
    assert "task_role_arn" not in task


def test_no_image_runs_without_a_release(templates: dict[str, Template]) -> None:
    for stack, tag in (("tier-basic", "r1"), ("tenant-premium", "EXPRESSION")):
        for container in templates[stack].containers().values():
            assert container["image"] == f"EXPRESSION:{tag}"


def test_a_service_for_administrators_is_told_so(running: Template) -> None:
    told = {
        name
        for name, container in running.containers().items()
        if {"name": "ADMIN_ONLY", "value": "true"} in container.get("environment", [])
    }
    assert told == {"users"}


def test_variables_of_the_manifest_are_literal(running: Template) -> None:
    task = next(
        body["container_definitions"]
        for body in running.resources("aws_ecs_task_definition").values()
        if '"name": "orders"' in body["container_definitions"]
    )
    assert '"value": "costs $${amount}"' in task


def test_the_pool_leads_with_the_first_priority(templates: dict[str, Template]) -> None:
    rule = templates["tier-basic"].resource("aws_lb_listener_rule")
    assert rule["priority"] == 1
    assert rule["condition"][0]["http_header"] == {
        "http_header_name": "tenantPath",
        "values": ["basic"],
    }


@pytest.mark.parametrize("stack", ["tenant-advanced", "tenant-premium"])
def test_a_silo_is_routed_by_its_placement(templates: dict[str, Template], stack: str) -> None:
    template = templates[stack]
    rule = template.resource("aws_lb_listener_rule")
    assert rule["priority"] == "${var.placement.listener_priority}"
    cell = template.document["data"]["aws_ssm_parameter"]["cell"]
    assert cell["name"] == "/shop/dev/cells/${var.placement.cell}"


def test_both_silos_of_a_tenant_that_moves_are_routed_to(templates: dict[str, Template]) -> None:
    """Until a move from one to the other is confirmed, both stand behind one listener."""
    paths = []
    for stack in ("tenant-advanced", "tenant-premium"):
        rule = templates[stack].resource("aws_lb_listener_rule")
        (path,) = rule["condition"][0]["http_header"]["values"]
        assert templates[stack].document["output"]["tenant_path"]["value"] == path
        row = templates[stack].document["locals"]["row"]
        assert row["tenantPath"] == {"S": path}
        paths.append(path)
    assert paths == ["${var.tenant_id}-advanced", "${var.tenant_id}-premium"]


def test_services_on_ec2_use_the_capacity_provider(ec2_templates: dict[str, Template]) -> None:
    template = ec2_templates["tenant-premium"]
    (provider,) = template.resources("aws_ecs_capacity_provider")
    for service in template.resources("aws_ecs_service").values():
        (strategy,) = service["capacity_provider_strategy"]
        assert provider in strategy["capacity_provider"]
    for task in template.resources("aws_ecs_task_definition").values():
        assert task["requires_compatibilities"] == ["EC2"]
    group = template.resource("aws_autoscaling_group")
    assert (group["min_size"], group["max_size"]) == (1, 3)
    settings = next(iter(template.resources("aws_ecs_capacity_provider").values()))
    scaling = settings["auto_scaling_group_provider"]
    assert scaling["managed_termination_protection"] == "ENABLED"
    assert scaling["managed_draining"] == "ENABLED"
    assert scaling["managed_scaling"]["status"] == "ENABLED"


def test_instances_are_closed_and_encrypted(ec2_templates: dict[str, Template]) -> None:
    launch = ec2_templates["tenant-premium"].resource("aws_launch_template")
    assert launch["metadata_options"]["http_tokens"] == "required"
    assert launch["block_device_mappings"][0]["ebs"]["encrypted"] == "true"
    assert launch["image_id"].startswith("resolve:ssm:/aws/service/ecs/optimized-ami/")
    tags = launch["tag_specifications"][0]["tags"]
    assert tags["TenantId"] == "${var.tenant_id}"


def test_spare_capacity_never_holds_the_last_task(ec2_templates: dict[str, Template]) -> None:
    for service in ec2_templates["tenant-advanced"].resources("aws_ecs_service").values():
        assert [
            (share["capacity_provider"], share["base"], share["weight"])
            for share in service["capacity_provider_strategy"]
        ] == [("FARGATE", 1, 1), ("FARGATE_SPOT", 0, 3)]


def test_trunking_is_set_only_where_instances_run(
    templates: dict[str, Template], ec2_templates: dict[str, Template]
) -> None:
    kind = "aws_ecs_account_setting_default"
    assert not templates["platform"].resources(kind)
    assert ec2_templates["platform"].resource(kind)["name"] == "awsvpcTrunking"


def _limits(template: Template) -> Iterator[dict[str, Any]]:
    yield from template.resources("aws_appautoscaling_target").values()


def test_a_tenant_may_differ_in_size_and_the_pool_may_not(templates: dict[str, Template]) -> None:
    assert {'${coalesce(try(var.overrides.services["products"].min, null), 2)}'} <= {
        target["min_capacity"] for target in _limits(templates["tenant-premium"])
    }
    assert {(t["min_capacity"], t["max_capacity"]) for t in _limits(templates["tier-basic"])} == {
        (1, 3),
        (2, 4),
    }


def test_a_rolled_back_deployment_is_an_error(running: Template) -> None:
    for service in running.resources("aws_ecs_service").values():
        (check,) = service["lifecycle"]["postcondition"]
        task = service["task_definition"].removeprefix("${").removesuffix("}")
        assert check["condition"] == f"${{self.task_definition == {task}}}"
        assert "rolled back" in check["error_message"]


def test_the_previous_version_stays_until_the_new_one_runs(running: Template) -> None:
    for task in running.resources("aws_ecs_task_definition").values():
        assert task["lifecycle"] == {"create_before_destroy": True}

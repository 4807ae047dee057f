"""The routing cell."""

from __future__ import annotations

import json

import pytest

from constructs_lib import ConfigError, SaasStack
from constructs_lib.network import NetworkRef
from constructs_lib.routing import NOT_ROUTED, RoutingCell
from tests.synth.template import Template

NETWORK = NetworkRef("vpc-1", ("subnet-1", "subnet-2", "subnet-3"), "10.0.0.0/16")


def _template(stack: SaasStack, **more: object) -> Template:
    RoutingCell(stack, "cell-1", network=NETWORK, name="shop-dev-cell-1", **more)  # type: ignore[arg-type]
    return Template.of(stack)


def test_a_request_without_a_tenant_is_answered_with_404_and_why(stack: SaasStack) -> None:
    listener = _template(stack).resource("aws_lb_listener", protocol="HTTP")

    (action,) = listener["default_action"]
    assert action["type"] == "fixed-response"
    assert action["fixed_response"]["status_code"] == "404"
    assert json.loads(action["fixed_response"]["message_body"]) == {"message": NOT_ROUTED}


def test_both_load_balancers_are_internal(stack: SaasStack) -> None:
    balancers = _template(stack).resources("aws_lb").values()

    assert {(b["name"], b["load_balancer_type"], b["internal"]) for b in balancers} == {
        ("shop-dev-cell-1-alb", "application", True),
        ("shop-dev-cell-1-nlb", "network", True),
    }
    assert all(b["subnets"] == ["subnet-1", "subnet-2", "subnet-3"] for b in balancers)


def test_only_the_vpc_link_gets_in(stack: SaasStack) -> None:
    template = _template(stack)

    front = template.resource("aws_lb", load_balancer_type="network")
    assert front["enforce_security_group_inbound_rules_on_private_link_traffic"] == "off"
    # The one rule is about the application load balancer, which accepts the one in front.
    rule = template.resource("aws_vpc_security_group_ingress_rule")
    assert "nlb" in rule["referenced_security_group_id"]
    assert "alb" in rule["security_group_id"]
    assert "cidr_ipv4" not in rule
    link = template.resource("aws_api_gateway_vpc_link")
    assert link["target_arns"] == [front_arn(template)]


def front_arn(template: Template) -> str:
    name = next(name for name in template.resources("aws_lb") if "nlb" in name)
    return f"${{aws_lb.{name}.arn}}"


def test_the_network_load_balancer_passes_all_on_to_the_application_one(stack: SaasStack) -> None:
    template = _template(stack)

    targets = template.resource("aws_lb_target_group")
    assert (targets["target_type"], targets["protocol"], targets["port"]) == ("alb", "TCP", 80)
    attachment = template.resource("aws_lb_target_group_attachment")
    assert "alb" in attachment["target_id"]
    # A load balancer becomes a target once it listens.
    assert any("aws_lb_listener" in each for each in attachment["depends_on"])


def test_access_logs_are_written_where_they_are_asked_for(stack: SaasStack) -> None:
    template = _template(stack, access_log_bucket="shop-dev-logs")

    balancer = template.resource("aws_lb", load_balancer_type="application")
    assert balancer["access_logs"] == {
        "bucket": "shop-dev-logs",
        "prefix": "shop-dev-cell-1",
        "enabled": True,
    }


@pytest.mark.parametrize("capacity", [0, 96, 100])
def test_a_capacity_beyond_the_quota_is_refused(stack: SaasStack, capacity: int) -> None:
    with pytest.raises(ConfigError, match=rf"capacity: got {capacity}; allowed 1\.\.95.*100"):
        _template(stack, capacity=capacity)


def test_its_values_fit_into_a_contract(stack: SaasStack) -> None:
    cell = RoutingCell(stack, "cell-1", network=NETWORK, name="shop-dev-cell-1", capacity=95)

    assert cell.ref.vpc_link_id == cell.vpc_link_id
    assert cell.ref.listener_arn == cell.listener_arn

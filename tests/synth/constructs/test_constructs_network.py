"""The VPC."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cdktf import App, TerraformStack

from constructs_lib import ConfigError, SaasStack, StackSettings
from constructs_lib.network import Network
from tests.synth.template import Template

ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]


def _network(stack: SaasStack, **more: object) -> Network:
    arguments: dict[str, object] = {"name": "shop-dev", "cidr": "10.0.0.0/16", "zones": ZONES}
    return Network(stack, "network", **{**arguments, **more})  # type: ignore[arg-type]


def test_a_subnet_of_each_kind_in_each_zone(stack: SaasStack) -> None:
    _network(stack)

    subnets = Template.of(stack).resources("aws_subnet").values()
    assert sorted((s["cidr_block"], s["availability_zone"][-1]) for s in subnets) == [
        ("10.0.0.0/18", "a"),
        ("10.0.128.0/18", "c"),
        ("10.0.192.0/24", "a"),
        ("10.0.193.0/24", "b"),
        ("10.0.194.0/24", "c"),
        ("10.0.64.0/18", "b"),
    ]
    assert not any(subnet["map_public_ip_on_launch"] for subnet in subnets)


@pytest.mark.parametrize(("nat", "gateways"), [("one", 1), ("one_per_zone", 3)])
def test_every_zone_has_a_way_out(stack: SaasStack, nat: str, gateways: int) -> None:
    _network(stack, nat=nat)

    template = Template.of(stack)
    assert len(template.resources("aws_nat_gateway")) == gateways
    assert len(template.resources("aws_eip")) == gateways
    through_nat = [r for r in template.resources("aws_route").values() if "nat_gateway_id" in r]
    assert len(through_nat) == 3
    assert len({route["route_table_id"] for route in through_nat}) == 3
    assert len({route["nat_gateway_id"] for route in through_nat}) == gateways
    assert len(template.resources("aws_route_table_association")) == 6


def test_the_default_security_group_lets_nothing_through(stack: SaasStack) -> None:
    _network(stack)

    # Terraform removes the rules that are not written here.
    assert set(Template.of(stack).resource("aws_default_security_group")) == {"vpc_id"}


def test_flow_logs_are_delivered_by_a_role_for_nothing_else(stack: SaasStack) -> None:
    _network(stack, flow_log_retention_days=14)

    template = Template.of(stack)
    assert template.resource("aws_flow_log")["traffic_type"] == "ALL"
    group = template.resource("aws_cloudwatch_log_group")
    assert (group["name"], group["retention_in_days"]) == ("/shop-dev/vpc-flow-logs", 14)
    writing, listing = json.loads(template.resource("aws_iam_role_policy")["policy"])["Statement"]
    assert all(action.startswith("logs:") for action in writing["Action"])
    assert all("aws_cloudwatch_log_group" in resource for resource in writing["Resource"])
    # AWS knows no resource for it.
    assert (listing["Action"], listing["Resource"]) == (["logs:DescribeLogGroups"], "*")
    (trust,) = json.loads(template.resource("aws_iam_role")["assume_role_policy"])["Statement"]
    assert "aws:SourceAccount" in trust["Condition"]["StringEquals"]


def test_s3_and_dynamodb_are_always_reached_inside_the_vpc(stack: SaasStack) -> None:
    _network(stack)

    endpoints = Template.of(stack).resources("aws_vpc_endpoint").values()
    assert sorted(endpoint["service_name"] for endpoint in endpoints) == [
        "com.amazonaws.eu-central-1.dynamodb",
        "com.amazonaws.eu-central-1.s3",
    ]
    assert all(len(endpoint["route_table_ids"]) == 3 for endpoint in endpoints)


def test_interface_endpoints_take_https_from_the_vpc(stack: SaasStack) -> None:
    _network(stack, interface_endpoints=["ecr.api", "logs"])

    template = Template.of(stack)
    endpoints = [
        endpoint
        for endpoint in template.resources("aws_vpc_endpoint").values()
        if endpoint["vpc_endpoint_type"] == "Interface"
    ]
    assert len(endpoints) == 2
    assert all(len(endpoint["subnet_ids"]) == 3 for endpoint in endpoints)
    rule = template.resource("aws_vpc_security_group_ingress_rule")
    assert (rule["from_port"], rule["to_port"], rule["cidr_ipv4"]) == (443, 443, "10.0.0.0/16")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cidr": "10.0.0.1/16"}, "cidr: got '10.0.0.1/16'"),
        ({"zones": ["eu-west-1a", "eu-west-1b"]}, "allowed zones of eu-central-1"),
        ({"zones": ["eu-central-1a"]}, "zones: got 1"),
        ({"nat": "none"}, "nat: got 'none'; allowed one, one_per_zone"),
        ({"name": "shop dev"}, "name: got 'shop dev'"),
        ({"flow_log_retention_days": 31}, "retention_days: got 31"),
        ({"interface_endpoints": ["s3"]}, "allowed services without a gateway endpoint"),
        ({"interface_endpoints": ["logs", "logs"]}, "allowed each only once"),
        ({"interface_endpoints": ["com.amazonaws.eu-central-1.logs"]}, "last part"),
    ],
)
def test_what_cannot_work_is_refused(
    stack: SaasStack, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match="got") as caught:
        _network(stack, **arguments)

    assert message in str(caught.value)


def test_a_network_is_usable_in_a_project_without_our_stacks(tmp_path: Path) -> None:
    stack = TerraformStack(App(outdir=str(tmp_path)), "other")
    network = Network(
        stack, "network", name="other", cidr="10.0.0.0/16", zones=["us-east-1a", "us-east-1b"]
    )

    assert network.ref.cidr == "10.0.0.0/16"
    assert len(network.ref.private_subnet_ids) == 2


def test_the_order_of_zones_does_not_matter(
    tmp_path: Path, stack: SaasStack, settings: StackSettings
) -> None:
    _network(stack)
    other = SaasStack(App(outdir=str(tmp_path)), "platform", settings=settings)
    _network(other, zones=list(reversed(ZONES)))

    subnets = [Template.of(each).resources("aws_subnet") for each in (stack, other)]
    assert subnets[0] == subnets[1]


def test_a_further_zone_only_adds(
    tmp_path: Path, stack: SaasStack, settings: StackSettings
) -> None:
    """What is there keeps its address, its zone and its range, whichever zone comes to it."""
    zones = [f"eu-central-1{letter}" for letter in "bcf"]
    _network(stack, zones=zones, nat="one_per_zone")
    before = Template.of(stack)
    for further in "ade":
        other = SaasStack(App(outdir=str(tmp_path / further)), "platform", settings=settings)
        _network(other, zones=[f"eu-central-1{further}", *zones], nat="one_per_zone")
        after = Template.of(other)
        for kind, resources in before.document["resource"].items():
            if "vpc_endpoint" in kind:
                continue  # these take a further table and subnet in place
            assert resources.items() <= after.resources(kind).items(), (further, kind)

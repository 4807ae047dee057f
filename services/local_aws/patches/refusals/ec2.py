"""EC2: subnets that do not fit, groups and subnets in use."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from ministack.services import alb, ec2, rds

from services.local_aws.patches.query import first
from services.local_aws.patches.registry import patch, refuse_entry, symbol

_operations = symbol(ec2, "_ACTION_MAP")


@patch
def subnets_that_fit() -> None:
    """A subnet lies in its network's range and overlaps no other subnet.

    Stock takes every range, so that two subnets in each other's place seem to work.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    """

    def refuse(params: dict[str, Any]) -> Any:
        text = first(params, "CidrBlock")
        vpc = ec2._vpcs.get(first(params, "VpcId"))
        if not text or vpc is None:
            return None
        try:
            block = ipaddress.ip_network(text)
        except ValueError:
            return ec2._error(
                "InvalidParameterValue",
                f"Value ({text}) for parameter cidrBlock is"
                " invalid. This is not a valid CIDR block.",
                400,
            )
        ranges = [vpc["CidrBlock"], *_more_ranges(vpc)]
        if not any(_inside(block, each) for each in ranges):
            return ec2._error("InvalidSubnet.Range", f"The CIDR '{text}' is invalid.", 400)
        for subnet in ec2._subnets.values():
            if subnet["VpcId"] == vpc["VpcId"] and block.overlaps(
                ipaddress.ip_network(subnet["CidrBlock"])
            ):
                return ec2._error(
                    "InvalidSubnet.Conflict",
                    f"The CIDR '{text}' conflicts with another subnet",
                    400,
                )
        return None

    refuse_entry(_operations, "CreateSubnet", refuse)


def _inside(block: Any, whole: str) -> bool:
    network = ipaddress.ip_network(whole)
    return bool(block.version == network.version and block.subnet_of(network))


def _more_ranges(vpc: dict[str, Any]) -> list[str]:
    associated = vpc.get("CidrBlockAssociationSet") or ()
    return [each["CidrBlock"] for each in associated if each.get("CidrBlock")]


@patch
def security_groups_in_use() -> None:
    """A security group that something has, or that another group's rule names, is not deleted.

    Stock deletes it. On AWS Terraform waits for a quarter of an hour and then fails.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
    """

    def refuse(params: dict[str, Any]) -> Any:
        group = first(params, "GroupId")
        if group in set(_groups_in_use(group)):
            return ec2._error(
                "DependencyViolation", f"resource {group} has a dependent object", 400
            )
        return None

    refuse_entry(_operations, "DeleteSecurityGroup", refuse)


def _groups_in_use(asked: str) -> Iterator[str]:
    for balancer in alb._lbs.values():
        yield from balancer.get("SecurityGroups") or ()
    for endpoint in ec2._vpc_endpoints.values():
        yield from endpoint.get("SecurityGroupIds") or ()
    for interface in ec2._network_interfaces.values():
        yield from (each["GroupId"] for each in interface.get("Groups") or ())
    for instance in ec2._instances.values():
        if (instance.get("State") or {}).get("Name") not in ("terminated", "shutting-down"):
            yield from (each["GroupId"] for each in instance.get("SecurityGroups") or ())
    for server in rds._instances.values():
        yield from (each["VpcSecurityGroupId"] for each in server.get("VpcSecurityGroups") or ())
    for group_id, group in ec2._security_groups.items():
        if group_id != asked:
            rules = [*group.get("IpPermissions", ()), *group.get("IpPermissionsEgress", ())]
            for rule in rules:
                yield from (pair.get("GroupId") for pair in rule.get("UserIdGroupPairs") or ())


@patch
def subnets_in_use() -> None:
    """A subnet in which something has an address is not deleted.

    Stock deletes it, so that a plan which replaces subnets under load balancers seems to work.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSubnet.html
    """

    def refuse(params: dict[str, Any]) -> Any:
        subnet = first(params, "SubnetId")
        if subnet in set(_subnets_in_use()):
            return ec2._error(
                "DependencyViolation",
                f"The subnet '{subnet}' has dependencies and cannot be deleted.",
                400,
            )
        return None

    refuse_entry(_operations, "DeleteSubnet", refuse)


def _subnets_in_use() -> Iterator[str]:
    for balancer in alb._lbs.values():
        yield from balancer.get("Subnets") or ()
    for endpoint in ec2._vpc_endpoints.values():
        yield from endpoint.get("SubnetIds") or ()
    for gateway in ec2._nat_gateways.values():
        if gateway.get("State") not in ("deleted", "deleting"):
            yield gateway.get("SubnetId", "")
    for interface in ec2._network_interfaces.values():
        yield interface.get("SubnetId", "")
    for instance in ec2._instances.values():
        if (instance.get("State") or {}).get("Name") not in ("terminated", "shutting-down"):
            yield instance.get("SubnetId", "")

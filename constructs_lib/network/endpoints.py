"""Ways to AWS services that stay inside the VPC."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from constructs import Construct

from constructs_lib import naming
from constructs_lib.errors import ConfigError
from constructs_lib.sequences import takes_sequences

if TYPE_CHECKING:
    from constructs_lib.network.reference import INetwork

__all__ = ["GatewayEndpoints", "InterfaceEndpoints"]

_GATEWAY_SERVICES = ("dynamodb", "s3")
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")


@takes_sequences
class GatewayEndpoints(Construct):
    """The free routes to S3 and DynamoDB.

    Parameters
    ----------
    name : str
    vpc_id : str
    region : str
    route_table_ids : sequence of str
        The tables that get the routes.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        vpc_id: str,
        region: str,
        route_table_ids: Sequence[str],
    ) -> None:
        super().__init__(scope, id_)
        for service in _GATEWAY_SERVICES:
            VpcEndpoint(
                self,
                service,
                vpc_id=vpc_id,
                service_name=f"com.amazonaws.{region}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=list(route_table_ids),
                tags={"Name": f"{name}-{service}"},
            )


@takes_sequences
class InterfaceEndpoints(Construct):
    """One network interface in each private subnet for each service.

    Their security group takes HTTPS from the VPC and lets nothing out.

    Parameters
    ----------
    name : str
    network : INetwork
    region : str
    services : sequence of str
        The last part of the services' names, as `ecr.api`.

    Attributes
    ----------
    security_group_id : str

    Raises
    ------
    ConfigError
        If a service is named twice, has a gateway endpoint, or is no service name.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        network: INetwork,
        region: str,
        services: Sequence[str],
    ) -> None:
        _check(services)
        super().__init__(scope, id_)
        group = SecurityGroup(
            self,
            "security-group",
            name=naming.fit(naming.SECURITY_GROUP, name, "vpc-endpoints"),
            description="HTTPS from the VPC to the interface endpoints",
            vpc_id=network.vpc_id,
        )
        self.security_group_id: str = group.id
        VpcSecurityGroupIngressRule(
            self,
            "https",
            security_group_id=group.id,
            description="HTTPS from the VPC",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=network.cidr,
        )
        for service in services:
            VpcEndpoint(
                self,
                service.replace(".", "-"),
                vpc_id=network.vpc_id,
                service_name=f"com.amazonaws.{region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=list(network.private_subnet_ids),
                security_group_ids=[group.id],
                tags={"Name": f"{name}-{service}"},
            )


def _check(services: Sequence[str]) -> None:
    problems = [
        f"interface_endpoints: got {service!r}; allowed the last part of a service's name, "
        "as ecr.api"
        for service in services
        if not _SERVICE.fullmatch(service) or service.startswith("com.amazonaws")
    ]
    problems += [
        f"interface_endpoints: got {service!r}; allowed services without a gateway endpoint"
        for service in services
        if service in _GATEWAY_SERVICES
    ]
    if len(set(services)) != len(services):
        problems.append(f"interface_endpoints: got {list(services)}; allowed each only once")
    if problems:
        raise ConfigError(problems)

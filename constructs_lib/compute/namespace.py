"""A Service Connect namespace and the boundary around its members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.service_discovery_http_namespace import ServiceDiscoveryHttpNamespace
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from constructs import Construct

from constructs_lib import limits, naming
from constructs_lib.compute.names import Names
from constructs_lib.errors import ConfigError
from constructs_lib.network import INetwork
from constructs_lib.sequences import takes_sequences

CONNECT_IDLE_SECONDS: Final = 60
"""How long a proxy of Service Connect keeps a connection to a service that nobody uses.

Less than the service itself does (75 s), or the proxy would send a request on a connection that the
service is just closing; its own default is 300 s.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TimeoutConfiguration.html
"""


@takes_sequences
class ServiceConnectNamespace(Construct):
    """The services that find each other by name, and the only ones that reach each other.

    One security group is the boundary: members reach each other on the ports named here and AWS
    over HTTPS; from outside nothing comes in but what `allow_from` adds. One group for all
    members and not one each, because a VPC takes 2,500 by default [1]_ and they grow with tenants.

    Parameters
    ----------
    names : Names
        What the security group's name begins with.
    name : str
        The namespace; a service is found at `<service>-api.<name>`.
    network : INetwork
        Where the members run.
    ports : sequence of int
        The ports that members serve each other.

    Attributes
    ----------
    name, arn : str
    security_group_id : str
        Of all members.
    resource : ServiceDiscoveryHttpNamespace
    security_group : SecurityGroup

    Raises
    ------
    ConfigError
        If a port is outside 1..65535.

    References
    ----------
    .. [1] https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        name: str,
        network: INetwork,
        ports: Sequence[int],
    ) -> None:
        if problems := [
            each
            for port in ports
            for each in limits.number("ports", port, 1, 65535, "TCP has them")
        ]:
            raise ConfigError(problems)
        super().__init__(scope, id_)
        self.name = name
        self.resource = ServiceDiscoveryHttpNamespace(
            self,
            "Resource",
            name=name,
            description="Service Connect: the services that find each other by name",
        )
        self.arn: str = self.resource.arn
        group_name = names.fit(naming.SECURITY_GROUP, "services")
        self.security_group = SecurityGroup(
            self,
            "SecurityGroup",
            name=group_name,
            description="Members of one Service Connect namespace",
            vpc_id=network.vpc_id,
            tags={"Name": group_name},
        )
        self.security_group_id: str = self.security_group.id
        for port in sorted(set(ports)):
            VpcSecurityGroupIngressRule(
                self,
                f"From-members-{port}",
                security_group_id=self.security_group.id,
                description="Members reach each other",
                referenced_security_group_id=self.security_group.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
            )
            VpcSecurityGroupEgressRule(
                self,
                f"To-members-{port}",
                security_group_id=self.security_group.id,
                description="Members reach each other",
                referenced_security_group_id=self.security_group.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
            )
        VpcSecurityGroupEgressRule(
            self,
            "HttpsOut",
            security_group_id=self.security_group.id,
            description="AWS APIs and image registries, which have no fixed addresses",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4="0.0.0.0/0",
        )

    def allow_from(self, id_: str, *, security_group_id: str, ports: range) -> None:
        """Let another security group, as a load balancer's, reach ports of the members.

        Parameters
        ----------
        id_ : str
            Of the rule, unique in the namespace.
        security_group_id : str
            Who may come in.
        ports : range
            Where, without gaps.
        """
        VpcSecurityGroupIngressRule(
            self,
            id_,
            security_group_id=self.security_group.id,
            description="From a load balancer",
            referenced_security_group_id=security_group_id,
            ip_protocol="tcp",
            from_port=ports.start,
            to_port=ports.stop - 1,
        )

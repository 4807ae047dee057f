"""The VPC construct and the ways to refer to one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.eip import Eip
from cdktf_cdktf_provider_aws.internet_gateway import InternetGateway
from cdktf_cdktf_provider_aws.nat_gateway import NatGateway
from cdktf_cdktf_provider_aws.route import Route
from cdktf_cdktf_provider_aws.route_table import RouteTable
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc
from constructs import Construct

from constructs_lib.errors import ConfigError
from constructs_lib.network.addresses import region_of, subnets_of
from constructs_lib.network.endpoints import GatewayEndpoints, InterfaceEndpoints
from constructs_lib.network.flow_logs import FlowLogs
from constructs_lib.network.reference import NetworkRef
from constructs_lib.sequences import takes_sequences
from constructs_lib.stack import SaasStack

__all__ = ["Nat", "Network"]

_EVERYWHERE = "0.0.0.0/0"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


class Nat(StrEnum):
    """How the private subnets reach the internet.

    The axis is cost against a zone's failure: each NAT gateway is billed by the hour, and one
    for all leaves every zone without a way out when its own zone fails.
    """

    ONE = "one"
    ONE_PER_ZONE = "one_per_zone"


@takes_sequences
class Network(Construct):
    """A VPC with one private and one public subnet in each zone.

    Its default security group lets nothing through, and its traffic is logged.

    Parameters
    ----------
    name : str
        Prefix of physical names and `Name` tags.
    cidr : str
        The VPC's range, /16 to /21. A /16 gives each of the zones a to c a private /18, of d to
        f a private /20, and all of them a public /24.
    zones : sequence of str
        Two to six availability zones of one region. A further one only adds; their order says
        nothing.
    nat : Nat, default one_per_zone
        One NAT gateway in each zone, or one for all in the alphabetically first.
    interface_endpoints : sequence of str, optional
        Services reached without a NAT gateway, by the last part of their name: `ecr.api`,
        `logs`. None by default, because each is billed by the hour and zone. The gateway
        endpoints of S3 and DynamoDB cost nothing and are always there.
    flow_log_retention_days : int, default 30
        One of the periods CloudWatch Logs knows.
    log_kms_key_arn : str, optional
        The key that encrypts the flow logs; CloudWatch's own without it.
    region : str, optional
        The region the zones must be in; the stack's own by default.

    Attributes
    ----------
    vpc_id, cidr : str
    private_subnet_ids, public_subnet_ids : list of str
        In the alphabetical order of the zones.
    resource : Vpc

    Raises
    ------
    ConfigError
        If the range or the zones cannot work, naming the value and what is allowed.

    Examples
    --------
    ::

        network = Network(
            stack, "network", name="shop-dev", cidr="10.0.0.0/16",
            zones=["eu-central-1a", "eu-central-1b", "eu-central-1c"], nat="one",
        )
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        cidr: str,
        zones: Sequence[str],
        nat: Nat | str = Nat.ONE_PER_ZONE,
        interface_endpoints: Sequence[str] = (),
        flow_log_retention_days: int = 30,
        log_kms_key_arn: str | None = None,
        region: str | None = None,
    ) -> None:
        if not _NAME.fullmatch(name):
            raise ConfigError(f"name: got {name!r}; allowed letters, digits and hyphens")
        if nat not in list(Nat):
            raise ConfigError(f"nat: got {nat!r}; allowed {', '.join(Nat)}")
        region = region_of(zones, region or _region_of_stack(scope))
        subnets = subnets_of(cidr, zones)
        super().__init__(scope, id_)
        self._name = name
        self.cidr = cidr
        self.resource = Vpc(
            self,
            "Resource",
            cidr_block=cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=self._named(),
        )
        self.vpc_id: str = self.resource.id
        # Without rules: what forgets to choose a security group reaches nothing.
        DefaultSecurityGroup(self, "default-security-group", vpc_id=self.vpc_id)

        # A zone's own place is the number in the ids: another zone does not change them.
        public = {
            each.place: self._subnet("public", zone, each.place, each.public)
            for zone, each in subnets.items()
        }
        private = {
            each.place: self._subnet("private", zone, each.place, each.private)
            for zone, each in subnets.items()
        }
        self.public_subnet_ids: list[str] = [subnet.id for subnet in public.values()]
        self.private_subnet_ids: list[str] = [subnet.id for subnet in private.values()]

        internet = InternetGateway(self, "internet", vpc_id=self.vpc_id, tags=self._named())
        public_table = self._route_table("public")
        Route(
            self,
            "public-internet",
            route_table_id=public_table.id,
            destination_cidr_block=_EVERYWHERE,
            gateway_id=internet.id,
        )
        for place, subnet in public.items():
            self._associate(f"public-{place}", subnet, public_table)

        first = next(iter(public))
        gateways = {
            place: self._nat_gateway(place, subnet, internet)
            for place, subnet in public.items()
            if nat == Nat.ONE_PER_ZONE or place == first
        }
        tables = {place: self._route_table(f"private-{place}") for place in private}
        for place, table in tables.items():
            self._associate(f"private-{place}", private[place], table)
            Route(
                self,
                f"private-{place}-nat",
                route_table_id=table.id,
                destination_cidr_block=_EVERYWHERE,
                nat_gateway_id=gateways.get(place, gateways[first]).id,
            )

        FlowLogs(
            self,
            "flow-logs",
            name=name,
            vpc_id=self.vpc_id,
            region=region,
            retention_days=flow_log_retention_days,
            kms_key_arn=log_kms_key_arn,
        )
        GatewayEndpoints(
            self,
            "gateway-endpoints",
            name=name,
            vpc_id=self.vpc_id,
            region=region,
            route_table_ids=[table.id for table in tables.values()],
        )
        if interface_endpoints:
            InterfaceEndpoints(
                self,
                "interface-endpoints",
                name=name,
                network=self.ref,
                region=region,
                services=interface_endpoints,
            )

    @property
    def ref(self) -> NetworkRef:
        """The network as plain values, for a contract or a construct of another stack."""
        return NetworkRef(self.vpc_id, self.private_subnet_ids, self.cidr)

    def _named(self, *parts: str) -> dict[str, str]:
        return {"Name": "-".join((self._name, *parts))}

    def _subnet(self, kind: str, zone: str, place: int, cidr: str) -> Subnet:
        return Subnet(
            self,
            f"{kind}-subnet-{place}",
            vpc_id=self.vpc_id,
            availability_zone=zone,
            cidr_block=cidr,
            map_public_ip_on_launch=False,
            tags=self._named(kind, zone),
        )

    def _route_table(self, kind: str) -> RouteTable:
        return RouteTable(self, f"{kind}-routes", vpc_id=self.vpc_id, tags=self._named(kind))

    def _associate(self, kind: str, subnet: Subnet, table: RouteTable) -> None:
        RouteTableAssociation(
            self, f"{kind}-association", subnet_id=subnet.id, route_table_id=table.id
        )

    def _nat_gateway(self, number: int, subnet: Subnet, internet: InternetGateway) -> NatGateway:
        address = Eip(
            self,
            f"nat-address-{number}",
            domain="vpc",
            tags=self._named("nat", str(number)),
            depends_on=[internet],
        )
        return NatGateway(
            self,
            f"nat-{number}",
            allocation_id=address.id,
            subnet_id=subnet.id,
            tags=self._named(str(number)),
            depends_on=[internet],
        )


def _region_of_stack(scope: Construct) -> str | None:
    stack = TerraformStack.of(scope)
    return stack.settings.region if isinstance(stack, SaasStack) else None

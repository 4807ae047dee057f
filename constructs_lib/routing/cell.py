"""The routing cell: VPC link, network load balancer, application load balancer, listener."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, Protocol

from cdktf_cdktf_provider_aws.api_gateway_vpc_link import ApiGatewayVpcLink
from cdktf_cdktf_provider_aws.lb import Lb, LbAccessLogs
from cdktf_cdktf_provider_aws.lb_listener import (
    LbListener,
    LbListenerDefaultAction,
    LbListenerDefaultActionFixedResponse,
)
from cdktf_cdktf_provider_aws.lb_target_group import LbTargetGroup, LbTargetGroupHealthCheck
from cdktf_cdktf_provider_aws.lb_target_group_attachment import LbTargetGroupAttachment
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from constructs import Construct

from constructs_lib import naming
from constructs_lib.compute.names import Names
from constructs_lib.compute.route import TARGET_PORTS
from constructs_lib.errors import ConfigError
from constructs_lib.network import INetwork

__all__ = ["CAPACITY_LIMIT", "NOT_ROUTED", "CellRef", "ICell", "RoutingCell"]

CAPACITY_LIMIT: Final = 95
"""Below the quota of 100 by what the pool and a replacement in progress need."""

NOT_ROUTED: Final = "no tenant is routed here: header tenantPath is missing or unknown"

_HTTP = 80


class ICell(Protocol):
    """What tenants need to know of the cell that routes to them."""

    @property
    def listener_arn(self) -> str: ...
    @property
    def load_balancer_dns_name(self) -> str: ...
    @property
    def nlb_dns_name(self) -> str: ...
    @property
    def security_group_id(self) -> str: ...
    @property
    def vpc_link_id(self) -> str: ...


@dataclass(frozen=True)
class CellRef:
    """A routing cell that exists already, whoever made it.

    Parameters
    ----------
    listener_arn : str
        Where a tenant's rule goes.
    load_balancer_dns_name, nlb_dns_name : str
        The application load balancer's name, and that of the network load balancer in front.
    security_group_id : str
        The application load balancer's; targets accept it.
    vpc_link_id : str
        The REST API's way in.
    """

    listener_arn: str
    load_balancer_dns_name: str
    nlb_dns_name: str
    security_group_id: str
    vpc_link_id: str


class RoutingCell(Construct):
    """One internal load balancer that routes up to `capacity` silo tenants by tenant path.

    A REST API reaches it by its VPC link only: the network load balancer accepts no connection
    but the link's, and the application load balancer accepts the network load balancer alone.
    So nothing inside the VPC can choose a tenant by sending the header itself. A request that no
    tenant's rule takes is answered with 404 and the reason.

    Parameters
    ----------
    network : INetwork
        Where the load balancers live; its private subnets are used.
    name : str or Names
        What physical names begin with, unique among the cells of an account and region.
    capacity : int, default 90
        Tenants the cell may hold. An Application Load Balancer takes at most 100 target
        groups, a quota that cannot be raised [1]_.
    access_log_bucket : str, optional
        Name of a bucket that accepts the logs of load balancers (`storage.LogBucket`). No
        access logs without it.
    deletion_protection : bool, default False
        Whether the load balancers refuse to be deleted.

    Attributes
    ----------
    listener_arn, load_balancer_dns_name, nlb_dns_name, security_group_id, vpc_link_id : str
        As in `CellRef`.
    load_balancer_arn_suffix : str
        For alarms.
    capacity : int

    Raises
    ------
    ConfigError
        If `capacity` is outside 1..95, naming the value and the quota.

    References
    ----------
    .. [1] https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        network: INetwork,
        name: str | Names,
        capacity: int = 90,
        access_log_bucket: str | None = None,
        deletion_protection: bool = False,
    ) -> None:
        if not 1 <= capacity <= CAPACITY_LIMIT:
            raise ConfigError(
                f"capacity: got {capacity}; allowed 1..{CAPACITY_LIMIT}, because an Application "
                "Load Balancer takes at most 100 target groups and the quota cannot be raised"
            )
        super().__init__(scope, id_)
        self.capacity = capacity
        self._names = Names((name,)) if isinstance(name, str) else name
        self._name = self._names.fit(naming.VPC_LINK)
        self._network = network
        self._deletion_protection = deletion_protection
        front_group, group = self._security_groups()
        self.security_group_id: str = group.id

        balancer = self._balancer("alb", "application", group, access_log_bucket)
        self.load_balancer_dns_name: str = balancer.dns_name
        self.load_balancer_arn_suffix: str = balancer.arn_suffix
        listener = LbListener(
            self,
            "listener",
            load_balancer_arn=balancer.arn,
            port=_HTTP,
            protocol="HTTP",
            default_action=[
                LbListenerDefaultAction(
                    type="fixed-response",
                    fixed_response=LbListenerDefaultActionFixedResponse(
                        status_code="404",
                        content_type="application/json",
                        message_body=json.dumps({"message": NOT_ROUTED}),
                    ),
                )
            ],
        )
        self.listener_arn: str = listener.arn

        front = self._balancer("nlb", "network", front_group)
        self.nlb_dns_name: str = front.dns_name
        front_listener = self._forward(front, balancer, listener)
        self.vpc_link_id: str = ApiGatewayVpcLink(
            self,
            "vpc-link",
            name=self._name,
            description=f"Requests to the tenants of {self._name}",
            target_arns=[front.arn],
            depends_on=[front_listener],
        ).id

    @property
    def ref(self) -> CellRef:
        """The cell as plain values, for a contract or a construct of another stack."""
        return CellRef(
            listener_arn=self.listener_arn,
            load_balancer_dns_name=self.load_balancer_dns_name,
            nlb_dns_name=self.nlb_dns_name,
            security_group_id=self.security_group_id,
            vpc_link_id=self.vpc_link_id,
        )

    def _security_groups(self) -> tuple[SecurityGroup, SecurityGroup]:
        front, back = (
            SecurityGroup(
                self,
                f"{kind}-security-group",
                name=self._names.fit(naming.SECURITY_GROUP, kind),
                description=description,
                vpc_id=self._network.vpc_id,
            )
            for kind, description in (
                ("nlb", "Accepts the VPC link only, which needs no rule"),
                ("alb", "Accepts the network load balancer only"),
            )
        )
        VpcSecurityGroupEgressRule(
            self,
            "nlb-to-alb",
            security_group_id=front.id,
            description="Requests and health checks to the application load balancer",
            ip_protocol="tcp",
            from_port=_HTTP,
            to_port=_HTTP,
            referenced_security_group_id=back.id,
        )
        VpcSecurityGroupIngressRule(
            self,
            "alb-from-nlb",
            security_group_id=back.id,
            description="Requests and health checks from the network load balancer",
            ip_protocol="tcp",
            from_port=_HTTP,
            to_port=_HTTP,
            referenced_security_group_id=front.id,
        )
        VpcSecurityGroupEgressRule(
            self,
            "alb-to-targets",
            security_group_id=back.id,
            description="Requests and health checks to the tenants in the VPC",
            ip_protocol="tcp",
            from_port=TARGET_PORTS.start,
            to_port=TARGET_PORTS.stop - 1,
            cidr_ipv4=self._network.cidr,
        )
        return front, back

    def _balancer(
        self, kind: str, load_balancer_type: str, group: SecurityGroup, logs: str | None = None
    ) -> Lb:
        application = load_balancer_type == "application"
        return Lb(
            self,
            kind,
            name=self._names.fit(naming.LOAD_BALANCER, kind),
            internal=True,
            load_balancer_type=load_balancer_type,
            security_groups=[group.id],
            subnets=list(self._network.private_subnet_ids),
            enable_deletion_protection=self._deletion_protection,
            drop_invalid_header_fields=True if application else None,
            enable_cross_zone_load_balancing=None if application else True,
            # Off: the link's connections need no inbound rule, so there is none for others.
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
            enforce_security_group_inbound_rules_on_private_link_traffic=(
                None if application else "off"
            ),
            access_logs=(
                LbAccessLogs(bucket=logs, prefix=self._name, enabled=True) if logs else None
            ),
        )

    def _forward(self, front: Lb, balancer: Lb, listener: LbListener) -> LbListener:
        """Make the network load balancer pass everything on to the application's listener."""
        targets = LbTargetGroup(
            self,
            "nlb-targets",
            name=self._names.fit(naming.TARGET_GROUP, "nlb"),
            vpc_id=self._network.vpc_id,
            target_type="alb",
            port=_HTTP,
            protocol="TCP",
            # Without a tenant's header the listener is well when it answers its 404.
            health_check=LbTargetGroupHealthCheck(protocol="HTTP", path="/", matcher="200-404"),
        )
        attachment = LbTargetGroupAttachment(
            self,
            "alb-behind-nlb",
            target_group_arn=targets.arn,
            target_id=balancer.arn,
            port=_HTTP,
            # A load balancer can only be a target once it listens on the port.
            depends_on=[listener],
        )
        return LbListener(
            self,
            "nlb-listener",
            load_balancer_arn=front.arn,
            port=_HTTP,
            protocol="TCP",
            default_action=[LbListenerDefaultAction(type="forward", target_group_arn=targets.arn)],
            depends_on=[attachment],
        )

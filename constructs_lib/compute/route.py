"""A load balancer's way to a service, chosen by a request header."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.lb_listener_rule import (
    LbListenerRule,
    LbListenerRuleAction,
    LbListenerRuleCondition,
    LbListenerRuleConditionHttpHeader,
)
from cdktf_cdktf_provider_aws.lb_target_group import LbTargetGroup, LbTargetGroupHealthCheck
from constructs import Construct

from constructs_lib import limits, naming
from constructs_lib.compute.names import Names
from constructs_lib.errors import ConfigError
from constructs_lib.network import INetwork

_PRIORITIES: Final = (
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html"
)


@dataclass(frozen=True)
class HeaderRoute:
    """Requests of a listener whose header has one value.

    Parameters
    ----------
    listener_arn : str
        The listener.
    security_group_id : str
        The load balancer's security group, let in to the service.
    priority : int or float
        The rule's place in the listener, or a number token; no other rule may have it.
    header_value : str
        What the header must be, exactly.
    header_name : str, default "tenantPath"
        The header; its case does not matter.
    health_path : str, default "/health"
        Answered with 200 by a task that may get requests.

    Raises
    ------
    ConfigError
        If the priority is known and outside 1..50000.
    """

    listener_arn: str
    security_group_id: str
    priority: float
    header_value: str
    header_name: str = "tenantPath"
    health_path: str = "/health"

    def __post_init__(self) -> None:
        if problems := limits.number("priority", self.priority, 1, 50_000, _PRIORITIES):
            raise ConfigError(problems)


# ECS registers each task with its own port; a group's port is for targets without one. It cannot be
# changed, and a group that a rule uses cannot be replaced, so the service's port is not in it.
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html
_UNUSED_PORT: Final = 8080


TARGET_PORTS: Final = range(1024, 65536)
"""What a load balancer and its targets let through between their two groups.

Not the one port that a service has: while another is rolled out, tasks with the old and with the
new one serve at once, and a rule can only be changed for both. A load balancer sends to registered
targets alone, and those with a lower port would run as root.
"""


class RoutedTarget(Construct):
    """A target group and the listener rule that forwards to it.

    Parameters
    ----------
    names : Names
        What the target group's name begins with.
    network : INetwork
        Where the targets are.
    route : HeaderRoute
        Which requests they get.

    Attributes
    ----------
    target_group_arn : str
    target_group : LbTargetGroup
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        network: INetwork,
        route: HeaderRoute,
    ) -> None:
        super().__init__(scope, id_)
        self.target_group = LbTargetGroup(
            self,
            "TargetGroup",
            name=names.fit(naming.TARGET_GROUP),
            vpc_id=network.vpc_id,
            target_type="ip",
            port=_UNUSED_PORT,
            protocol="HTTP",
            # A gateway answers within seconds; the default of five minutes would hold up every
            # deployment and offboarding.
            deregistration_delay="10",
            health_check=LbTargetGroupHealthCheck(
                path=route.health_path,
                matcher="200",
                interval=10,
                timeout=5,
                healthy_threshold=2,
                unhealthy_threshold=2,
            ),
        )
        self.target_group_arn: str = self.target_group.arn
        self._rule = LbListenerRule(
            self,
            "Rule",
            listener_arn=route.listener_arn,
            priority=route.priority,
            condition=[
                LbListenerRuleCondition(
                    http_header=LbListenerRuleConditionHttpHeader(
                        http_header_name=route.header_name, values=[route.header_value]
                    )
                )
            ],
            action=[LbListenerRuleAction(type="forward", target_group_arn=self.target_group.arn)],
        )

    @property
    def ready(self) -> list[ITerraformDependable]:
        """The rule: ECS refuses a target group that no load balancer uses yet."""
        return [self._rule]

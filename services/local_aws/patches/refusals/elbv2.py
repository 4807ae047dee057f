"""Elastic Load Balancing: what is protected, in use, or taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ministack.services import alb

from services.local_aws.patches.query import first
from services.local_aws.patches.registry import patch, refuse_entry, symbol

_operations = symbol(alb, "_ACTION_MAP")


@patch
def protected_load_balancers() -> None:
    """A load balancer with deletion protection is not deleted.

    Stock deletes it.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteLoadBalancer.html
    """

    def refuse(params: dict[str, Any]) -> Any:
        arn = first(params, "LoadBalancerArn")
        attributes = {each["Key"]: each["Value"] for each in alb._lb_attrs.get(arn, ())}
        if attributes.get("deletion_protection.enabled") == "true":
            return alb._error(
                "OperationNotPermitted",
                f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
            )
        return None

    refuse_entry(_operations, "DeleteLoadBalancer", refuse)


@patch
def target_groups_in_use() -> None:
    """A target group that a listener or a rule forwards to is not deleted.

    Stock deletes it, and the listener forwards nowhere.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteTargetGroup.html
    """

    def refuse(params: dict[str, Any]) -> Any:
        arn = first(params, "TargetGroupArn")
        if any(arn in used for _, used in _forwarding()):
            return alb._error(
                "ResourceInUse", f"Target group '{arn}' is currently in use by a listener or a rule"
            )
        return None

    refuse_entry(_operations, "DeleteTargetGroup", refuse)


def _forwarding() -> Iterator[tuple[str, set[str]]]:
    """Yield the ARN of each listener, once and once per rule, with the groups it forwards to."""
    for listener in alb._listeners.values():
        yield listener["ListenerArn"], _groups(listener.get("DefaultActions", ()))
    for rule in alb._rules.values():
        yield rule["ListenerArn"], _groups(rule.get("Actions", ()))


def _groups(actions: Any) -> set[str]:
    found = {action.get("TargetGroupArn") for action in actions}
    for action in actions:
        config = action.get("ForwardConfig") or {}
        found |= {group["TargetGroupArn"] for group in config.get("TargetGroups", ())}
    return {arn for arn in found if arn}


@patch
def reserved_load_balancer_names() -> None:
    """No load balancer's name begins with `internal-`.

    Stock takes the name.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    """

    def refuse(params: dict[str, Any]) -> Any:
        name = first(params, "Name")
        if name.startswith("internal-"):
            return alb._error(
                "ValidationError",
                f"The load balancer name '{name}' cannot begin with 'internal-'",
            )
        return None

    refuse_entry(_operations, "CreateLoadBalancer", refuse)


@patch
def taken_ports_and_priorities() -> None:
    """A load balancer has one listener per port, a listener one rule per priority.

    Stock makes a second one, and which of the two answers is chance.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
    """

    def refuse_listener(params: dict[str, Any]) -> Any:
        balancer, port = first(params, "LoadBalancerArn"), first(params, "Port")
        for listener in alb._listeners.values():
            if listener["LoadBalancerArn"] == balancer and str(listener["Port"]) == port:
                return alb._error(
                    "DuplicateListener",
                    f"A listener already exists on this port for this load balancer '{balancer}'",
                )
        return None

    def refuse_rule(params: dict[str, Any]) -> Any:
        listener, priority = first(params, "ListenerArn"), first(params, "Priority")
        for rule in alb._rules.values():
            if rule["ListenerArn"] == listener and str(rule["Priority"]) == priority:
                return alb._error("PriorityInUse", f"Priority '{priority}' is currently in use")
        return None

    refuse_entry(_operations, "CreateListener", refuse_listener)
    refuse_entry(_operations, "CreateRule", refuse_rule)

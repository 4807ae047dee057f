"""Elastic Load Balancing: names, weighted actions, answers that are not plain words."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import alb, ec2

from services.local_aws.patches.query import first, tree, xml
from services.local_aws.patches.registry import patch, replace, replace_entry, symbol

Handler = Callable[[dict[str, Any]], Any]


@patch
def network_load_balancer_arns() -> None:
    """A network load balancer's ARN says `net/`, and a load balancer's network is its subnets'.

    Stock names every load balancer `app/` in a network that does not exist; metrics, alarms and
    policies made from the ARN's suffix are then wrong.
    """

    def make(original: Handler) -> Handler:
        def create(params: dict[str, Any]) -> Any:
            before = set(alb._lbs.keys())
            answer = original(params)
            for arn in set(alb._lbs.keys()) - before:
                record = alb._lbs.pop(arn)
                subnet = ec2._subnets.get(next(iter(record["Subnets"]), ""))
                if subnet is not None:
                    record["VpcId"] = subnet["VpcId"]
                renamed = (
                    arn.replace(":loadbalancer/app/", ":loadbalancer/net/")
                    if record["Type"] == "network"
                    else arn
                )
                record["LoadBalancerArn"] = renamed
                for store in (alb._tags, alb._lb_attrs):
                    store[renamed] = store.pop(arn)
                alb._lbs[renamed] = record
                answer = alb._xml(
                    200,
                    "CreateLoadBalancer",
                    f"<LoadBalancers>{alb._lb_xml(record)}</LoadBalancers>",
                )
            return answer

        return create

    replace_entry(symbol(alb, "_ACTION_MAP"), "CreateLoadBalancer", make)


@patch
def weighted_forward_actions() -> None:
    """A forward action keeps its target groups' weights and its stickiness.

    Stock reads a single target group only, so a rule that shares its requests between several
    keeps a diff and forwards nowhere.
    """

    def make_parse(original: Callable[..., Any]) -> Callable[..., Any]:
        def parse(params: dict[str, Any], prefix: str = "DefaultActions") -> Any:
            actions = original(params, prefix)
            for number, action in enumerate(actions, 1):
                config = tree(params, f"{prefix}.member.{number}.ForwardConfig")
                groups = config.get("TargetGroups")
                if not groups:
                    continue
                action["ForwardConfig"] = config
                # Where there is one group only, AWS tells it in both places.
                if len(groups) == 1:
                    action.setdefault("TargetGroupArn", groups[0]["TargetGroupArn"])
            return actions

        return parse

    def make_xml(original: Callable[[dict[str, Any]], str]) -> Callable[[dict[str, Any]], str]:
        def action_xml(action: dict[str, Any]) -> str:
            if "ForwardConfig" in action:
                action_text = original(action).removesuffix("</member>")
                config = f"<ForwardConfig>{xml(action['ForwardConfig'])}</ForwardConfig>"
                return f"{action_text}{config}</member>"
            return original(action)

        return action_xml

    def make_execute(original: Callable[..., Any]) -> Callable[..., Any]:
        async def execute(action: dict[str, Any], *arguments: Any, **named: Any) -> Any:
            if action.get("ForwardConfig") and not action.get("TargetGroupArn"):
                action = {**action, "TargetGroupArn": _choose(action["ForwardConfig"])}
            return await original(action, *arguments, **named)

        return execute

    replace(alb, "_parse_actions", make_parse)
    replace(alb, "_action_xml", make_xml)
    replace(alb, "_execute_action", make_execute)


def _choose(config: dict[str, Any]) -> str:
    groups = config["TargetGroups"]
    weights = [int(group.get("Weight", 1)) for group in groups]
    chosen = random.choices(groups, weights if any(weights) else None)[0]  # noqa: S311
    return str(chosen["TargetGroupArn"])


@patch
def escaped_fixed_responses() -> None:
    """A fixed answer may contain any text, such as HTML.

    Stock writes it into its XML as it is, and the provider cannot read the listener back.
    """

    def make(original: Callable[[dict[str, Any]], str]) -> Callable[[dict[str, Any]], str]:
        def action_xml(action: dict[str, Any]) -> str:
            fixed = action.get("FixedResponseConfig")
            if fixed:
                message = escape(fixed.get("MessageBody", ""))
                action = {**action, "FixedResponseConfig": {**fixed, "MessageBody": message}}
            return original(action)

        return action_xml

    replace(alb, "_action_xml", make)


@patch
def deleted_load_balancers_leave_nothing() -> None:
    """A deleted load balancer takes its listeners and rules with it, as on AWS.

    Stock keeps them, with their tags, for ever.
    """

    def make(original: Handler) -> Handler:
        def delete(params: dict[str, Any]) -> Any:
            arn = first(params, "LoadBalancerArn")
            answer = original(params)
            listeners = [
                key for key, record in alb._listeners.items() if record["LoadBalancerArn"] == arn
            ]
            for listener in listeners:
                alb._ACTION_MAP["DeleteListener"]({"ListenerArn": [listener]})
            return answer

        return delete

    replace_entry(symbol(alb, "_ACTION_MAP"), "DeleteLoadBalancer", make)


@patch
def private_link_enforcement() -> None:
    """A network load balancer says whether its security groups bind PrivateLink traffic too.

    Stock drops the setting, so every plan wants to set it again.
    """

    def make_write(original: Handler) -> Handler:
        def write(params: dict[str, Any]) -> Any:
            before = set(alb._lbs.keys())
            answer = original(params)
            given = first(params, _ENFORCE)
            for arn in (set(alb._lbs.keys()) - before) | {first(params, "LoadBalancerArn")}:
                record = alb._lbs.get(arn)
                if record is not None and record["Type"] == "network" and given:
                    record[_ENFORCE] = given
            return answer

        return write

    def make_xml(original: Callable[[dict[str, Any]], str]) -> Callable[[dict[str, Any]], str]:
        def lb_xml(record: dict[str, Any]) -> str:
            if record["Type"] != "network" or not record.get("SecurityGroups"):
                return original(record)
            setting = xml({_ENFORCE: record.get(_ENFORCE, "on")})
            return f"{original(record).removesuffix('</member>')}{setting}</member>"

        return lb_xml

    actions = symbol(alb, "_ACTION_MAP")
    replace_entry(actions, "CreateLoadBalancer", make_write)
    replace_entry(actions, "SetSecurityGroups", make_write)
    replace(alb, "_lb_xml", make_xml)


_ENFORCE = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"

"""Every service: no more of anything than the account's quota of it.

What is counted, and which error AWS's model of the operation has for it. How many there may be is
in `services.contracts.quotas`, and what the account has had granted in `service_quotas`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ministack.core.responses import error_response_json, json_response
from ministack.services import (
    alb,
    apigateway_v1,
    autoscaling,
    cognito,
    dynamodb,
    ec2,
    ecs,
    iam,
    servicediscovery,
)

from services.contracts.quotas import FARGATE, QUOTAS, UNITS_OF_A_VCPU
from services.local_aws.patches import application_autoscaling
from services.local_aws.patches.apigateway.v1 import VPC_LINKS
from services.local_aws.patches.registry import patch, replace, symbol
from services.local_aws.patches.service_quotas import applied
from services.local_aws.requests.gate import Exceeded

Request = Mapping[str, Any]

_ROWS: Final = {each.key: each for each in QUOTAS}

UNENFORCED: Final = {
    "mail": "nothing is mailed here, and a day's tests invite more people than that",
    "clusters": "AWS's model of the operation has no error for it, and 10,000 are far",
    "services-per-cluster": "AWS's model of the operation has no error for it, and 5,000 are far",
}
"""Quotas that are no wall here, and why."""


@dataclass(frozen=True)
class _Counted:
    """What a request would make one more of.

    Attributes
    ----------
    key : str
        The quota's row.
    error : str
        As `Exceeded` has it.
    after : callable
        How many there would be after a request; 0 if it makes none.
    """

    key: str
    error: str
    after: Callable[[Request], float]


def walls(service: str, operation: str, request: Any) -> Exceeded | None:
    """Return the quota that a request would exceed.

    Parameters
    ----------
    service : str
        As botocore calls it.
    """
    for counted in _COUNTED.get((service, operation), ()):
        quota = _ROWS[counted.key]
        most, wanted = applied(quota), counted.after(request or {})
        if wanted > most:
            return Exceeded(
                counted.error, f"{quota.label}: {most:g} are allowed, this would be {wanted:g}"
            )
    return None


@patch
def vcpus_of_fargate() -> None:
    """No task is placed on Fargate for which the account has no vCPU left.

    Stock places any number. A service says so in its events and goes on with the tasks it has.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
    """
    replace(ecs, "_run_task", _within_vcpus)
    symbol(ecs, "_ACTION_MAP")["RunTask"] = ecs._run_task


def _within_vcpus(original: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    reason = "You've reached the limit on the number of vCPUs you can run concurrently"

    def run(data: dict[str, Any]) -> Any:
        definition = ecs._task_defs.get(ecs._resolve_td_key(data.get("taskDefinition", "")))
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        if definition is None or not _on_demand(data, cluster):
            return original(data)
        wanted = int(definition.get("cpu") or 256) * int(data.get("count", 1))
        if _running_units() + wanted <= applied(FARGATE) * UNITS_OF_A_VCPU:
            return original(data)
        service = ecs._services.get(f"{cluster}/{data.get('group', '').removeprefix('service:')}")
        if service is None:
            return error_response_json("ClientException", reason, 400)
        told = f"(service {service['serviceName']}) was unable to place a task. Reason: {reason}."
        event = {"id": ecs.new_uuid(), "createdAt": ecs._iso(), "message": told}
        if not any(each["message"] == told for each in service["events"]):
            service["events"].insert(0, event)
        return json_response({"tasks": [], "failures": []})

    return run


def _on_demand(data: Mapping[str, Any], cluster: str) -> bool:
    """Whether tasks would run on Fargate at its full price, whose vCPUs are these."""
    chosen = ecs._launch_choice(dict(data), ecs._clusters.get(cluster) or {})
    if chosen[2]:
        return False
    return ecs._task_capacity(*chosen[:2]) in (("FARGATE", None), ("FARGATE", "FARGATE"))


def _running_units() -> int:
    return sum(
        int(task.get("cpu") or 0)
        for task in ecs._tasks.values()
        if task.get("lastStatus") not in ("STOPPED", "DELETED")
        and task.get("launchType") == "FARGATE"
        and not str(task.get("capacityProviderName") or "").endswith("SPOT")
    )


def _more(things: Callable[[], Collection[Any]]) -> Callable[[Request], float]:
    return lambda _: len(things()) + 1


def _named(things: Callable[[], Collection[str]], name: str) -> Callable[[Request], float]:
    """Count things that a request names: one that is there already is refused, or is updated."""

    def after(request: Request) -> float:
        names = things()
        return 0 if request.get(name) in names else len(names) + 1

    return after


def _balancers(kind: str) -> Callable[[Request], float]:
    def after(request: Request) -> float:
        if request.get("Type", "application") != kind:
            return 0
        return 1 + len([each for each in alb._lbs.values() if each["Type"] == kind])

    return after


def _balancer_of(request: Request) -> str:
    listener = alb._listeners.get(request.get("ListenerArn", "")) or {}
    return str(request.get("LoadBalancerArn") or listener.get("LoadBalancerArn", ""))


def _rules_of(balancer: str) -> Iterator[Mapping[str, Any]]:
    """Yield the rules of a load balancer that are not their listeners' defaults."""
    for rule in alb._rules.values():
        listener = alb._listeners.get(rule["ListenerArn"]) or {}
        if listener.get("LoadBalancerArn") == balancer and not rule.get("IsDefault"):
            yield rule


def _rules_after(request: Request) -> float:
    return 1 + sum(1 for _ in _rules_of(_balancer_of(request)))


def _groups_after(request: Request) -> float:
    balancer = _balancer_of(request)
    if (alb._lbs.get(balancer) or {}).get("Type") != "application":
        return 0
    actions = list(request.get("Actions") or request.get("DefaultActions") or ())
    for listener in alb._listeners.values():
        if listener["LoadBalancerArn"] == balancer:
            actions += listener.get("DefaultActions", ())
    for rule in _rules_of(balancer):
        actions += rule.get("Actions", ())
    return len(set(_forwarded(actions)))


def _forwarded(actions: Collection[Mapping[str, Any]]) -> Iterator[str]:
    for action in actions:
        groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or ()
        yield from (
            each["TargetGroupArn"] for each in (action, *groups) if "TargetGroupArn" in each
        )


def _targets_after(request: Request) -> float:
    if request.get("ServiceNamespace") != "ecs":
        return 0
    own = {key for key in application_autoscaling._targets if key.startswith("ecs\n")}
    return len(own | {application_autoscaling._key(request)})


def _groups_of_pool(request: Request) -> float:
    pool: Mapping[str, Any] = cognito._user_pools.get(request.get("UserPoolId", "")) or {}
    groups = pool.get("_groups", {})
    return 0.0 if request.get("GroupName") in groups else len(groups) + 1.0


_UNIQUE_GROUPS: Final = _Counted(
    "target-groups-per-balancer", "TooManyUniqueTargetGroupsPerLoadBalancerException", _groups_after
)
_NAMESPACES: Final = _Counted(
    "namespaces", "ResourceLimitExceeded", _more(lambda: servicediscovery._namespaces)
)

_COUNTED: Final[Mapping[tuple[str, str], tuple[_Counted, ...]]] = {
    ("apigateway", "CreateApiKey"): (
        _Counted("api-keys", "LimitExceededException", _more(lambda: apigateway_v1._api_keys)),
    ),
    ("apigateway", "CreateUsagePlan"): (
        _Counted(
            "usage-plans", "LimitExceededException", _more(lambda: apigateway_v1._usage_plans)
        ),
    ),
    ("apigateway", "CreateVpcLink"): (
        _Counted(
            "vpc-links", "LimitExceededException", _more(lambda: getattr(apigateway_v1, VPC_LINKS))
        ),
    ),
    ("application-autoscaling", "RegisterScalableTarget"): (
        _Counted("scalable-targets", "LimitExceededException", _targets_after),
    ),
    ("autoscaling", "CreateAutoScalingGroup"): (
        _Counted(
            "auto-scaling-groups",
            "LimitExceededFault",
            _named(lambda: autoscaling._asgs, "AutoScalingGroupName"),
        ),
    ),
    ("cognito-idp", "CreateGroup"): (
        _Counted("groups-per-pool", "LimitExceededException", _groups_of_pool),
    ),
    ("cognito-idp", "CreateUserPool"): (
        _Counted("user-pools", "LimitExceededException", _more(lambda: cognito._user_pools)),
    ),
    ("dynamodb", "CreateTable"): (
        _Counted("tables", "LimitExceededException", _named(lambda: dynamodb._tables, "TableName")),
    ),
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    ("ec2", "CreateSecurityGroup"): (
        _Counted(
            "security-groups", "SecurityGroupLimitExceeded", _more(lambda: ec2._security_groups)
        ),
    ),
    ("elbv2", "CreateListener"): (_UNIQUE_GROUPS,),
    ("elbv2", "CreateLoadBalancer"): (
        _Counted(
            "application-load-balancers", "TooManyLoadBalancersException", _balancers("application")
        ),
        _Counted("network-load-balancers", "TooManyLoadBalancersException", _balancers("network")),
    ),
    ("elbv2", "CreateRule"): (
        _Counted("rules-per-balancer", "TooManyRulesException", _rules_after),
        _UNIQUE_GROUPS,
    ),
    ("elbv2", "CreateTargetGroup"): (
        _Counted(
            "target-groups",
            "TooManyTargetGroupsException",
            _named(lambda: {each["TargetGroupName"] for each in alb._tgs.values()}, "Name"),
        ),
    ),
    ("iam", "CreateInstanceProfile"): (
        _Counted(
            "instance-profiles",
            "LimitExceededException",
            _named(lambda: iam._instance_profiles, "InstanceProfileName"),
        ),
    ),
    ("iam", "CreateRole"): (
        _Counted("roles", "LimitExceededException", _named(lambda: iam._roles, "RoleName")),
    ),
    ("servicediscovery", "CreateHttpNamespace"): (_NAMESPACES,),
    ("servicediscovery", "CreatePrivateDnsNamespace"): (_NAMESPACES,),
    ("servicediscovery", "CreatePublicDnsNamespace"): (_NAMESPACES,),
}
"""By service, as botocore calls it, and operation."""

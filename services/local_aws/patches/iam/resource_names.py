"""The resource that AWS judges a request by, from the request: as its Service Authorization
Reference says. Pure, but for what a request names by an id that only the emulator knows.

Each finder returns None where the emulator's own answer stands. `*` is AWS's answer where an action
takes no resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.services import cloudwatch_logs, kms

Request = Mapping[str, Any]
Finder = Callable[[str, Request, str], str | None]

_EVERY: Final = "*"


def _ecs(operation: str, request: Request, where: str) -> str | None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html"""
    start = f"arn:aws:ecs:{where}"
    cluster = str(request.get("cluster") or "default").rpartition("/")[2]
    kind, given = {
        "TagResource": ("", request.get("resourceArn")),
        "UntagResource": ("", request.get("resourceArn")),
        "ListTagsForResource": ("", request.get("resourceArn")),
        "DeregisterTaskDefinition": ("", _EVERY),
        "DescribeTaskDefinition": ("", _EVERY),
        "RegisterTaskDefinition": ("task-definition/", f"{request.get('family')}:*"),
        "CreateCluster": ("cluster/", request.get("clusterName") or "default"),
        "DescribeClusters": ("cluster/", _only(request.get("clusters"))),
        "CreateService": (f"service/{cluster}/", request.get("serviceName")),
        "UpdateService": (f"service/{cluster}/", request.get("service")),
        "DeleteService": (f"service/{cluster}/", request.get("service")),
        "ListServiceDeployments": (f"service/{cluster}/", request.get("service")),
        "DescribeServices": (f"service/{cluster}/", _only(request.get("services"))),
        "DescribeServiceDeployments": ("", _only(request.get("serviceDeploymentArns"))),
        "CreateCapacityProvider": ("capacity-provider/", request.get("name")),
        "UpdateCapacityProvider": ("capacity-provider/", request.get("name")),
        "DeleteCapacityProvider": ("capacity-provider/", request.get("capacityProvider")),
        "DescribeCapacityProviders": (
            "capacity-provider/",
            _only(request.get("capacityProviders")),
        ),
    }.get(operation, ("", None))
    return _full(given, f"{start}:{kind}") if kind else given


def _elasticloadbalancing(operation: str, request: Request, where: str) -> str | None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html"""
    start = f"arn:aws:elasticloadbalancing:{where}"
    kind = "net" if request.get("Type") == "network" else "app"
    if operation.startswith("Describe"):
        return _EVERY
    return {
        "CreateTargetGroup": f"{start}:targetgroup/{request.get('Name')}/*",
        "CreateLoadBalancer": f"{start}:loadbalancer/{kind}/{request.get('Name')}/*",
        "AddTags": request.get("ResourceArns.member.1"),
        "RemoveTags": request.get("ResourceArns.member.1"),
        "ModifyRule": request.get("RuleArn"),
        "DeleteRule": request.get("RuleArn"),
        "SetRulePriorities": request.get("RulePriorities.member.1.RuleArn"),
    }.get(operation)


def _servicediscovery(operation: str, request: Request, where: str) -> str | None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudmap.html"""
    if operation in {"GetNamespace", "DeleteNamespace", "UpdateHttpNamespace"}:
        return _full(request.get("Id"), f"arn:aws:servicediscovery:{where}:namespace/")
    if operation.endswith(("Resource", "ForResource", "Namespaces", "HttpNamespace")):
        return _EVERY
    return None


def _application_autoscaling(operation: str, request: Request, where: str) -> str | None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html"""
    if operation.startswith("Describe"):
        return _EVERY
    # A target has an id of its own, which nobody knows before there is one.
    target = f"arn:aws:application-autoscaling:{where}:scalable-target/*"
    return request.get("ResourceARN") or target


def _dynamodb(operation: str, request: Request, where: str) -> str | None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html"""
    del operation, where
    return request.get("ResourceArn")


def _cognito_idp(operation: str, request: Request, where: str) -> str | None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitouserpools.html"""
    del operation, where
    return request.get("ResourceArn")


def _autoscaling(operation: str, request: Request, where: str) -> str | None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html"""
    if operation.startswith("Describe"):
        return _EVERY
    tagged = request.get("Tags.member.1.ResourceId")
    return _full(tagged, f"arn:aws:autoscaling:{where}:autoScalingGroup:*:autoScalingGroupName/")


_EC2_KINDS: Final = {
    "lt": "launch-template",
    "sg": "security-group",
    "sgr": "security-group-rule",
}


def _ec2(operation: str, request: Request, where: str) -> str | None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html"""
    start = f"arn:aws:ec2:{where}"
    if operation.startswith("Describe"):
        return _EVERY
    if operation.endswith(("LaunchTemplate", "LaunchTemplateVersion", "LaunchTemplateVersions")):
        return f"{start}:launch-template/{request.get('LaunchTemplateId') or '*'}"
    if operation in {"CreateTags", "DeleteTags"}:
        tagged = str(request.get("ResourceId.1"))
        kind = _EC2_KINDS.get(tagged.partition("-")[0])
        return f"{start}:{kind}/{tagged}" if kind else None
    return None


def _rds(operation: str, request: Request, where: str) -> str | None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html"""
    del operation
    group = request.get("DBSubnetGroupName")
    if group and not request.get("DBInstanceIdentifier"):
        return f"arn:aws:rds:{where}:subgrp:{group}"
    return request.get("ResourceName")


def _events(operation: str, request: Request, where: str) -> str | None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html"""
    if operation in {"PutTargets", "RemoveTargets", "ListTargetsByRule"}:
        rule = request.get("Rule")
    else:
        rule = request.get("Name") if operation.endswith("Rule") else None
    bus = str(request.get("EventBusName") or "default").rpartition("/")[2]
    # On the default bus a rule's name stands alone.
    path = str(rule) if bus == "default" else f"{bus}/{rule}"
    return f"arn:aws:events:{where}:rule/{path}" if rule else None


def _iam(operation: str, request: Request, where: str) -> str | None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html"""
    start = f"arn:aws:iam::{where.partition(':')[2]}"
    if profile := request.get("InstanceProfileName"):
        return f"{start}:instance-profile/{profile}"
    if operation == "CreatePolicy":
        return f"{start}:policy{request.get('Path') or '/'}{request.get('PolicyName')}"
    return None


def _ssm(operation: str, request: Request, where: str) -> str | None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html"""
    start = f"arn:aws:ssm:{where}:parameter/"
    match operation:
        case "DescribeParameters":
            return _EVERY
        case "GetParametersByPath":
            return start + str(request.get("Path")).strip("/")
        case "GetParameters" | "DeleteParameters":
            name = _only(request.get("Names"))
            return start + name.lstrip("/") if name else None
    return None


def _kms(operation: str, request: Request, where: str) -> str | None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html"""
    alias = str(request.get("KeyId", "")).rpartition(":")[2]
    if named := request.get("AliasName"):
        return f"arn:aws:kms:{where}:{named}"
    if operation.endswith("Alias") or not alias.startswith("alias/"):
        return None
    # A key is named by its id alone in what allows it, also where it is asked for by an alias.
    return f"arn:aws:kms:{where}:key/{_key_of(alias) or 'of-' + alias.replace('/', '-')}"


def _key_of(alias: str) -> str | None:
    record = kms._resolve_key(alias)
    return str(record["KeyId"]) if record else None


def _logs(operation: str, request: Request, where: str) -> str | None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html"""
    start = f"arn:aws:logs:{where}:log-group:"
    if operation == "StartQuery":
        return _full(_only(request.get("logGroupNames")), start)
    if operation == "GetQueryResults":
        # Whoever may read the logs that were asked may read the answer.
        query = cloudwatch_logs._queries.get(request.get("queryId")) or {}
        return _full(_only(query.get("logGroupNames")), start)
    return None


def _only(listed: Any) -> Any:
    """Return the one element; None for several, of which none may be forgotten."""
    return listed[0] if isinstance(listed, list) and len(listed) == 1 else None


def _full(given: Any, start: str) -> str | None:
    return given if not given or str(given).startswith("arn:") else f"{start}{given}"


FINDERS: Final[Mapping[str, Finder]] = {
    "application-autoscaling": _application_autoscaling,
    "autoscaling": _autoscaling,
    "cognito-idp": _cognito_idp,
    "dynamodb": _dynamodb,
    "ec2": _ec2,
    "ecs": _ecs,
    "events": _events,
    "elasticloadbalancing": _elasticloadbalancing,
    "iam": _iam,
    "kms": _kms,
    "logs": _logs,
    "rds": _rds,
    "servicediscovery": _servicediscovery,
    "ssm": _ssm,
}
"""By the emulator's name of the service."""

"""Actions that AWS asks a caller for beside the one that was called. Pure.

Most stand in the Service Authorization Reference as an action's dependents, which does not say when
they are asked for; the rest are in the services' own guides. Here is when, and on which resource.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from services.local_aws.authorization import reference
from services.local_aws.authorization.resources import arn, leaves, resource_types

Request = Mapping[str, Any]

_ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/\S+")
_TAGGING: Final = frozenset(
    {"addtags", "addtagstoresource", "createtags", "tagresource", "createorupdatetags"}
)
_TAGS = re.compile(r"(^|\.)tags?(\.|$)|(^|\.)TagSet(\.|$)", re.IGNORECASE)
_PUBLIC_PARAMETER = re.compile(r"resolve:ssm:(\S+)")
_KINDS_OF_TAGS = re.compile(r"TagSpecifications?\.\d+\.ResourceType")

#: Who gets a role that is handed on, where it is not the service that is asked.
_PASSED_TO: Final[Mapping[str, str]] = {
    "ecs": "ecs-tasks.amazonaws.com",
    "iam:AddRoleToInstanceProfile": "ec2.amazonaws.com",
    "ec2:CreateFlowLogs": "vpc-flow-logs.amazonaws.com",
    "autoscaling": "ec2.amazonaws.com",
}

#: Actions that hand a role on although the reference does not say so.
_PASSING: Final = frozenset(
    {
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
        "ecs:RegisterTaskDefinition",
        # https://docs.aws.amazon.com/codebuild/latest/userguide/auth-and-access-control-iam-identity-based-access-control.html
        "codebuild:CreateProject",
        "codebuild:UpdateProject",
        # https://docs.aws.amazon.com/lambda/latest/dg/access-control-identity-based.html
        "lambda:UpdateFunctionConfiguration",
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
        "events:PutTargets",
    }
)

#: Roles that a service makes for itself, once in an account, in the name of its first caller.
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
LINKED_ROLES: Final[Mapping[str, tuple[str, str]]] = {
    "application-autoscaling:RegisterScalableTarget": (
        "ecs.application-autoscaling.amazonaws.com",
        "AWSServiceRoleForApplicationAutoScaling_ECSService",
    ),
    "autoscaling:CreateAutoScalingGroup": (
        "autoscaling.amazonaws.com",
        "AWSServiceRoleForAutoScaling",
    ),
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html
    "ecs:CreateService": ("ecs.amazonaws.com", "AWSServiceRoleForECS"),
    "ecs:PutClusterCapacityProviders": ("ecs.amazonaws.com", "AWSServiceRoleForECS"),
    "elasticloadbalancing:CreateLoadBalancer": (
        "elasticloadbalancing.amazonaws.com",
        "AWSServiceRoleForElasticLoadBalancing",
    ),
    "rds:CreateDBInstance": ("rds.amazonaws.com", "AWSServiceRoleForRDS"),
}

#: What the reference calls dependent and these modules' requests never need: with the setting that
#: would need it.
_UNUSED: Final[Mapping[str, str]] = {
    "lambda:PassCapacityProvider": "CapacityProviderConfig",
    "rds:CreateTenantDatabase": "MultiTenant",
    "rds:CreateDBSnapshot": "FinalDBSnapshotIdentifier",
    "secretsmanager:CreateSecret": "ManageMasterUserPassword",
    "secretsmanager:RotateSecret": "RotateMasterUserPassword",
    "secretsmanager:TagResource": "ManageMasterUserPassword",
    "states:PublishStateMachineVersion": "publish",
    "kms:CreateGrant": "KmsKeyId",
    "kms:Decrypt": "KmsKeyId",
    "kms:DescribeKey": "KmsKeyId",
    "kms:GenerateDataKey": "KmsKeyId",
    "route53:AssociateVPCWithHostedZone": "PrivateDnsEnabled",
    "ec2:DescribeVpcs": "VpcId",
    "ec2:DescribeSubnets": "SubnetId",
    "ec2:DescribeSecurityGroups": "SecurityGroupId",
}

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
_LOG_DELIVERY: Final = (
    *("logs:CreateLogDelivery", "logs:DescribeResourcePolicies", "logs:GetLogDelivery"),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery"),
)
# A link is a private endpoint service, made in the name of who makes the link.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-private-integration.html
_LINK: Final = (
    *("ec2:CreateVpcEndpointServiceConfiguration", "ec2:DeleteVpcEndpointServiceConfigurations"),
    *("ec2:DescribeVpcEndpointServiceConfigurations", "ec2:ModifyVpcEndpointServicePermissions"),
)


@dataclass(frozen=True)
class Call:
    """A request as its dependents are derived from it.

    Attributes
    ----------
    action : str
        As IAM names it.
    resource : str
        The ARN it is judged by, or `*`.
    parameters : mapping
        Of the request: nested for JSON, flat with dots for the query protocol.
    path : str
        Of a REST request.
    where : str
        Region and account, as in an ARN.
    linked : frozenset of str
        The services whose service-linked roles the account has.
    """

    action: str
    resource: str
    parameters: Request
    where: str
    path: str = ""
    linked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Dependent:
    """An action that the caller must be allowed as well, on all of `resources`."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def dependents(call: Call) -> list[Dependent]:
    """Return what else a request needs, in the order of AWS's table, documented ones last."""
    row = reference.action(call.action)
    listed = row.dependents if row else ()
    found: list[Dependent] = []
    for name in listed:
        found.extend(_of_table(name, call))
    if call.action in _PASSING:
        found.extend(_passed(call))
    if call.action in LINKED_ROLES and "iam:CreateServiceLinkedRole" not in listed:
        found.extend(_linked(call))
    found.extend(_of_guides(call))
    return found


def _of_table(name: str, call: Call) -> Iterator[Dependent]:
    prefix, _, operation = name.partition(":")
    if name == "ec2:CreateTags":
        yield from _tagged_by_ec2(call)
    elif operation.lower() in _TAGGING and prefix == call.action.partition(":")[0]:
        if _has(call, _TAGS.search):
            yield Dependent(name, _made(call))
    elif name == "iam:PassRole":
        yield from _passed(call)
    elif name == "iam:CreateServiceLinkedRole":
        yield from _linked(call)
    elif name == "ssm:GetParameters":
        region = call.where.partition(":")[0]
        for _, value in leaves(call.parameters):
            if match := _PUBLIC_PARAMETER.fullmatch(value):
                yield Dependent(name, f"arn:aws:ssm:{region}::parameter{match[1]}")
    elif (setting := _UNUSED.get(name)) and _set(call, setting):
        yield Dependent(name, _any(name, call.where))


def _of_guides(call: Call) -> Iterator[Dependent]:
    service, _, operation = call.action.partition(":")
    if service == "apigateway" and operation in {"PATCH", "POST", "PUT"}:
        parts = call.path.strip("/").split("/")
        if parts == ["vpclinks"]:
            yield from (Dependent(name, _any(name, call.where)) for name in _LINK)
        # Stages of HTTP APIs; those of REST APIs write by the account's role.
        if parts[:2] == ["v2", "apis"] and "stages" in parts and _set(call, "accessLogSettings"):
            yield from (Dependent(name, _any(name, call.where)) for name in _LOG_DELIVERY)
    # A group is made only by who may start what it starts.
    # https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
    if call.action == "autoscaling:CreateAutoScalingGroup" and _set(call, "LaunchTemplate"):
        for kind in ("instance", "network-interface", "volume"):
            yield Dependent("ec2:RunInstances", f"arn:aws:ec2:{call.where}:{kind}/*")
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security_iam_id-based-policy-examples.html
    if call.action == "ecs:CreateCapacityProvider" and _set(call, "autoScalingGroupProvider"):
        for _, value in leaves(call.parameters):
            if ":autoScalingGroup:" in value:
                yield Dependent("autoscaling:CreateOrUpdateTags", value)


def _made(call: Call) -> str:
    """Return the ARN of what is tagged as it is made: below what the request names, or that."""
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/tagging-resources-during-creation.html
    below = {
        "elasticloadbalancing:CreateListener": (":loadbalancer/", ":listener/"),
        "elasticloadbalancing:CreateRule": (":listener/", ":listener-rule/"),
    }.get(call.action)
    return f"{call.resource.replace(*below)}/*" if below else call.resource


def _tagged_by_ec2(call: Call) -> Iterator[Dependent]:
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    context = {"ec2:CreateAction": call.action.partition(":")[2]}
    for path, kind in leaves(call.parameters):
        if _KINDS_OF_TAGS.fullmatch(path):
            yield Dependent("ec2:CreateTags", f"arn:aws:ec2:{call.where}:{kind}/*", context)


def _passed(call: Call) -> Iterator[Dependent]:
    service = call.action.partition(":")[0]
    receiver = _PASSED_TO.get(call.action) or _PASSED_TO.get(service) or f"{service}.amazonaws.com"
    account = call.where.partition(":")[2]
    roles = {value: None for _, value in leaves(call.parameters) if _ROLE.fullmatch(value)}
    if call.action == "iam:AddRoleToInstanceProfile":
        roles = {f"arn:aws:iam::{account}:role/{call.parameters.get('RoleName')}": None}
    elif call.action.startswith("codebuild:") and (name := call.parameters.get("serviceRole")):
        # It may be named without the rest of its ARN.
        roles = {name if ":" in name else f"arn:aws:iam::{account}:role/{name}": None}
    for role in roles:
        if "/aws-service-role/" not in role:
            yield Dependent("iam:PassRole", role, {"iam:PassedToService": receiver})


def _linked(call: Call) -> Iterator[Dependent]:
    service, name = LINKED_ROLES.get(call.action, ("", ""))
    if name and service not in call.linked:
        account = call.where.partition(":")[2]
        role = f"arn:aws:iam::{account}:role/aws-service-role/{service}/{name}"
        yield Dependent("iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": service})


def _any(name: str, where: str) -> str:
    """Return any resource of the first kind that an action takes, `*` if it takes none."""
    row = reference.action(name)
    kinds = resource_types(row) if row else []
    return arn(kinds[0], where) if kinds else "*"


def _set(call: Call, setting: str) -> bool:
    wanted = setting.lower()

    def names(path: str) -> bool:
        return any(part.lower() == wanted for part in path.split("."))

    return _has(call, names, without=("false", ""))


def _has(call: Call, names: Callable[[str], Any], without: Sequence[str] = ()) -> bool:
    return any(names(path) and value not in without for path, value in leaves(call.parameters))

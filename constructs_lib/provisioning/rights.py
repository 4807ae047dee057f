"""What a role must be allowed to apply a root module: from the types of its resources. Pure data.

Where a service lets a resource be named before it exists, names that start with the deployment's
prefix are allowed; where it chooses the name itself, its resources of this account and region.
Reading that takes no resource is allowed on `*`, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from constructs_lib.errors import ConfigError
from constructs_lib.identity.statement import Statement


@dataclass(frozen=True)
class Rights:
    """What one type of resource takes.

    Parameters
    ----------
    actions : str
        Of the service, divided by spaces.
    resources : sequence of str
        ARNs with `{prefix}`, `{region}` and `{account}`.
    reading : str, optional
        Actions that take no resource.
    """

    actions: str
    resources: Sequence[str]
    reading: str = ""


def _named(service: str, *resources: str) -> tuple[str, ...]:
    return tuple(f"arn:aws:{service}:{{region}}:{{account}}:{resource}" for resource in resources)


_POOLS = _named("cognito-idp", "userpool/*")
_SCALING = _named("application-autoscaling", "scalable-target/*")
_TABLES = _named("dynamodb", "table/{prefix}-*")
_LOAD_BALANCING = "elasticloadbalancing"
_ROLES = ("arn:aws:iam::{account}:role/{prefix}-*",)
_SECURITY_GROUPS = _named("ec2", "security-group/*", "security-group-rule/*", "vpc/*")

RIGHTS: Final[Mapping[tuple[str, str], Rights]] = {
    ("aws_appautoscaling_policy", "application-autoscaling"): Rights(
        "DeleteScalingPolicy PutScalingPolicy", _SCALING, "DescribeScalingPolicies"
    ),
    ("aws_appautoscaling_target", "application-autoscaling"): Rights(
        "DeregisterScalableTarget ListTagsForResource RegisterScalableTarget TagResource "
        "UntagResource",
        _SCALING,
        "DescribeScalableTargets",
    ),
    ("aws_cloudwatch_log_group", "logs"): Rights(
        "CreateLogGroup DeleteLogGroup DeleteRetentionPolicy ListTagsForResource "
        "PutRetentionPolicy TagResource UntagResource",
        _named("logs", "log-group:*{prefix}*"),
        "DescribeLogGroups",
    ),
    ("aws_cognito_user", "cognito-idp"): Rights(
        "AdminCreateUser AdminDeleteUser AdminDeleteUserAttributes AdminGetUser "
        "AdminUpdateUserAttributes",
        _POOLS,
    ),
    ("aws_cognito_user_group", "cognito-idp"): Rights(
        "CreateGroup DeleteGroup GetGroup UpdateGroup", _POOLS
    ),
    ("aws_cognito_user_in_group", "cognito-idp"): Rights(
        "AdminAddUserToGroup AdminListGroupsForUser AdminRemoveUserFromGroup", _POOLS
    ),
    ("aws_cognito_user_pool", "cognito-idp"): Rights(
        "DeleteUserPool DescribeUserPool GetUserPoolMfaConfig SetUserPoolMfaConfig TagResource "
        "UntagResource UpdateUserPool",
        _POOLS,
        "CreateUserPool",
    ),
    ("aws_cognito_user_pool_client", "cognito-idp"): Rights(
        "CreateUserPoolClient DeleteUserPoolClient DescribeUserPoolClient UpdateUserPoolClient",
        _POOLS,
    ),
    ("aws_dynamodb_table", "dynamodb"): Rights(
        "CreateTable DeleteTable DescribeContinuousBackups DescribeTable DescribeTimeToLive "
        "ListTagsOfResource TagResource UntagResource UpdateContinuousBackups UpdateTable",
        _TABLES,
    ),
    ("aws_dynamodb_table_item", "dynamodb"): Rights(
        "DeleteItem GetItem PutItem UpdateItem", _named("dynamodb", "table/{prefix}-tenant-mapping")
    ),
    ("aws_ecs_cluster", "ecs"): Rights(
        "CreateCluster DeleteCluster DescribeClusters TagResource UntagResource UpdateCluster",
        _named("ecs", "cluster/{prefix}-*"),
    ),
    ("aws_ecs_cluster_capacity_providers", "ecs"): Rights(
        "DescribeClusters PutClusterCapacityProviders", _named("ecs", "cluster/{prefix}-*")
    ),
    ("aws_ecs_service", "ecs"): Rights(
        "CreateService DeleteService DescribeServiceDeployments DescribeServices "
        "ListServiceDeployments TagResource UntagResource UpdateService",
        _named("ecs", "service/{prefix}-*", "service-deployment/{prefix}-*"),
    ),
    ("aws_ecs_task_definition", "ecs"): Rights(
        "RegisterTaskDefinition TagResource UntagResource",
        _named("ecs", "task-definition/{prefix}-*"),
        "DeregisterTaskDefinition DescribeTaskDefinition",
    ),
    ("aws_iam_role", "iam"): Rights(
        "CreateRole DeleteRole GetRole ListAttachedRolePolicies ListInstanceProfilesForRole "
        "ListRolePolicies TagRole UntagRole UpdateAssumeRolePolicy UpdateRole "
        "UpdateRoleDescription",
        _ROLES,
    ),
    ("aws_iam_role_policy", "iam"): Rights("DeleteRolePolicy GetRolePolicy PutRolePolicy", _ROLES),
    ("aws_iam_instance_profile", "iam"): Rights(
        "AddRoleToInstanceProfile CreateInstanceProfile DeleteInstanceProfile GetInstanceProfile "
        "RemoveRoleFromInstanceProfile TagInstanceProfile UntagInstanceProfile",
        ("arn:aws:iam::{account}:instance-profile/{prefix}-*",),
    ),
    ("aws_iam_role_policy_attachment", "iam"): Rights(
        "AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies", _ROLES
    ),
    ("aws_lb_listener_rule", _LOAD_BALANCING): Rights(
        "AddTags CreateRule DeleteRule ModifyRule RemoveTags SetRulePriorities",
        _named(_LOAD_BALANCING, "listener/app/{prefix}-*", "listener-rule/app/{prefix}-*"),
        "DescribeRules DescribeTags",
    ),
    ("aws_lb_target_group", _LOAD_BALANCING): Rights(
        "AddTags CreateTargetGroup DeleteTargetGroup ModifyTargetGroup "
        "ModifyTargetGroupAttributes RemoveTags",
        _named(_LOAD_BALANCING, "targetgroup/*"),
        "DescribeTargetGroupAttributes DescribeTargetGroups DescribeTags",
    ),
    ("aws_security_group", "ec2"): Rights(
        "CreateSecurityGroup CreateTags DeleteSecurityGroup DeleteTags "
        "RevokeSecurityGroupEgress RevokeSecurityGroupIngress",
        _SECURITY_GROUPS,
        "DescribeNetworkInterfaces DescribeSecurityGroups",
    ),
    ("aws_vpc_security_group_egress_rule", "ec2"): Rights(
        "AuthorizeSecurityGroupEgress CreateTags DeleteTags ModifySecurityGroupRules "
        "RevokeSecurityGroupEgress",
        _SECURITY_GROUPS,
        "DescribeSecurityGroupRules",
    ),
    ("aws_vpc_security_group_ingress_rule", "ec2"): Rights(
        "AuthorizeSecurityGroupIngress CreateTags DeleteTags ModifySecurityGroupRules "
        "RevokeSecurityGroupIngress",
        _SECURITY_GROUPS,
        "DescribeSecurityGroupRules",
    ),
    ("aws_service_discovery_http_namespace", "servicediscovery"): Rights(
        "DeleteNamespace GetNamespace ListTagsForResource TagResource UntagResource "
        "UpdateHttpNamespace",
        _named("servicediscovery", "*"),
        "CreateHttpNamespace GetOperation ListNamespaces",
    ),
    ("aws_launch_template", "ec2"): Rights(
        "CreateLaunchTemplate CreateLaunchTemplateVersion CreateTags DeleteLaunchTemplate "
        "DeleteTags ModifyLaunchTemplate RunInstances",
        (
            *_named("ec2", "instance/*", "launch-template/*", "network-interface/*"),
            *_named("ec2", "security-group/*", "subnet/*", "volume/*"),
            "arn:aws:ec2:{region}::image/*",
        ),
        "DescribeLaunchTemplateVersions DescribeLaunchTemplates",
    ),
    ("aws_autoscaling_group", "autoscaling"): Rights(
        "CreateAutoScalingGroup CreateOrUpdateTags DeleteAutoScalingGroup DeleteTags "
        "SetInstanceProtection UpdateAutoScalingGroup",
        _named("autoscaling", "autoScalingGroup:*:autoScalingGroupName/{prefix}-*"),
        "DescribeAutoScalingGroups DescribeScalingActivities",
    ),
    ("aws_ecs_capacity_provider", "ecs"): Rights(
        "CreateCapacityProvider DeleteCapacityProvider DescribeCapacityProviders TagResource "
        "UntagResource UpdateCapacityProvider",
        _named("ecs", "capacity-provider/capacity-{prefix}-*"),
    ),
    ("aws_ssm_parameter", "ssm"): Rights(
        "GetParameter GetParameters", _named("ssm", "parameter/{contracts}/*")
    ),
}
"""By the type of a resource or data source, and the service that its actions are of."""


def required_statements(
    types: Iterable[str], *, prefix: str, contracts: str, region: str, account: str
) -> list[Statement]:
    """Return what whoever applies resources of these types must be allowed.

    Parameters
    ----------
    types : iterable of str
        Of resources and data sources, as `aws_ecs_service`.
    prefix : str
        What the names of the resources start with.
    contracts : str
        The path of the parameters that may be read, without the slashes around it.
    region, account : str
        Where they are; `account` may be an expression.

    Raises
    ------
    ConfigError
        If the table does not know a type: naming each.
    """
    wanted = set(types)
    if unknown := sorted(wanted - {kind for kind, _ in RIGHTS}):
        raise ConfigError(
            f"resource types: got {', '.join(unknown)}; allowed those whose rights are known, "
            "so add them to the table of rights"
        )
    changing: dict[tuple[str, ...], set[str]] = {}
    reading: set[str] = set()
    for (kind, service), rights in RIGHTS.items():
        if kind not in wanted:
            continue
        arns = tuple(
            arn.format(prefix=prefix, contracts=contracts, region=region, account=account)
            for arn in rights.resources
        )
        changing.setdefault(arns, set()).update(_of(service, rights.actions))
        reading.update(_of(service, rights.reading))
    statements = [Statement(sorted(actions), arns) for arns, actions in changing.items()]
    return [*statements, *([Statement(sorted(reading), sid="Unnamed")] if reading else [])]


def _of(service: str, actions: str) -> list[str]:
    return [f"{service}:{action}" for action in actions.split()]

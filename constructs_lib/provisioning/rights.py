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
from constructs_lib.sequences import takes_sequences


@takes_sequences
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
    limiting : str, optional
        Actions on roles that have the tenants' boundary, and on no others.
    """

    actions: str
    resources: Sequence[str]
    reading: str = ""
    limiting: str = ""


def _named(service: str, *resources: str) -> tuple[str, ...]:
    return tuple(f"arn:aws:{service}:{{region}}:{{account}}:{resource}" for resource in resources)


def _api(*resources: str) -> tuple[str, ...]:
    return tuple(f"arn:aws:apigateway:{{region}}::/{resource}" for resource in resources)


_REST = "DELETE GET PATCH POST PUT"
_APIS = _api("restapis", "restapis/*", "tags/*")
_POOLS = _named("cognito-idp", "userpool/*")
_SCALING = _named("application-autoscaling", "scalable-target/*")
_TABLES = _named("dynamodb", "table/{prefix}-*")
_LOAD_BALANCING = "elasticloadbalancing"
_BALANCERS = _named(_LOAD_BALANCING, "loadbalancer/app/{prefix}-*", "loadbalancer/net/{prefix}-*")
_ROLES = ("arn:aws:iam::{account}:role/{prefix}-*",)
# The first of their kind in an account are made with the role that the service works by.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
_LINKED: Final = ("arn:aws:iam::{account}:role/aws-service-role/*",)
_SECURITY_GROUPS = _named("ec2", "security-group/*", "security-group-rule/*", "vpc/*")

RIGHTS: Final[Mapping[tuple[str, str], Rights]] = {
    # API Gateway's actions are HTTP methods, and it chooses its ids itself.
    ("aws_api_gateway_api_key", "apigateway"): Rights(
        _REST, _api("apikeys", "apikeys/*", "tags/*")
    ),
    ("aws_api_gateway_deployment", "apigateway"): Rights(_REST, _APIS),
    ("aws_api_gateway_method_settings", "apigateway"): Rights(_REST, _APIS),
    ("aws_api_gateway_rest_api", "apigateway"): Rights(_REST, _APIS),
    ("aws_api_gateway_stage", "apigateway"): Rights(_REST, _APIS),
    ("aws_api_gateway_usage_plan", "apigateway"): Rights(
        _REST, _api("usageplans", "usageplans/*", "tags/*")
    ),
    ("aws_api_gateway_usage_plan_key", "apigateway"): Rights(
        "DELETE GET POST", _api("usageplans/*/keys", "usageplans/*/keys/*")
    ),
    ("aws_api_gateway_vpc_link", "apigateway"): Rights(
        _REST, _api("vpclinks", "vpclinks/*", "tags/*")
    ),
    # A link is a private endpoint service, made in the name of who makes the link.
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-private-integration.html
    ("aws_api_gateway_vpc_link", "ec2"): Rights(
        "CreateVpcEndpointServiceConfiguration DeleteVpcEndpointServiceConfigurations "
        "ModifyVpcEndpointServicePermissions",
        _named("ec2", "vpc-endpoint-service/*"),
        "DescribeVpcEndpointServiceConfigurations",
    ),
    ("aws_appautoscaling_policy", "application-autoscaling"): Rights(
        "DeleteScalingPolicy PutScalingPolicy", _SCALING, "DescribeScalingPolicies"
    ),
    ("aws_appautoscaling_target", "application-autoscaling"): Rights(
        "DeregisterScalableTarget ListTagsForResource RegisterScalableTarget TagResource "
        "UntagResource",
        _SCALING,
        "DescribeScalableTargets",
    ),
    ("aws_appautoscaling_target", "iam"): Rights("CreateServiceLinkedRole", _LINKED),
    ("aws_cloudwatch_log_group", "logs"): Rights(
        "CreateLogGroup DeleteLogGroup DeleteRetentionPolicy ListTagsForResource "
        "PutRetentionPolicy TagResource UntagResource",
        _named("logs", "log-group:*{prefix}*"),
        "DescribeLogGroups",
    ),
    ("aws_cognito_identity_provider", "cognito-idp"): Rights(
        "CreateIdentityProvider DeleteIdentityProvider DescribeIdentityProvider "
        "UpdateIdentityProvider",
        _POOLS,
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
    # A pool that mails by SES does it under a role of Cognito's own.
    ("aws_cognito_user_pool", "iam"): Rights("CreateServiceLinkedRole", _LINKED),
    ("aws_cognito_user_pool_client", "cognito-idp"): Rights(
        "CreateUserPoolClient DeleteUserPoolClient DescribeUserPoolClient UpdateUserPoolClient",
        _POOLS,
    ),
    ("aws_cognito_user_pool_domain", "cognito-idp"): Rights(
        "CreateUserPoolDomain DeleteUserPoolDomain UpdateUserPoolDomain",
        _POOLS,
        "DescribeUserPoolDomain",
    ),
    ("aws_db_instance", "rds"): Rights(
        "AddTagsToResource CreateDBInstance CreateDBSnapshot DeleteDBInstance DescribeDBInstances "
        "ListTagsForResource ModifyDBInstance RebootDBInstance RemoveTagsFromResource",
        _named("rds", "db:{prefix}-*", "og:default:*", "pg:default.*", "subgrp:{prefix}-*")
        + _named("rds", "snapshot:{prefix}-*"),
    ),
    # RDS makes the owner's secret in the name of who makes the server, under a name of its own.
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
    ("aws_db_instance", "secretsmanager"): Rights(
        "CreateSecret TagResource", _named("secretsmanager", "secret:rds!db-*")
    ),
    ("aws_db_instance", "iam"): Rights("CreateServiceLinkedRole", _LINKED),
    ("aws_db_instance", "kms"): Rights("DescribeKey", _named("kms", "key/*")),
    ("aws_db_subnet_group", "rds"): Rights(
        "AddTagsToResource CreateDBSubnetGroup DeleteDBSubnetGroup DescribeDBSubnetGroups "
        "ListTagsForResource ModifyDBSubnetGroup RemoveTagsFromResource",
        _named("rds", "subgrp:{prefix}-*"),
    ),
    ("aws_dynamodb_table", "dynamodb"): Rights(
        "CreateTable DeleteTable DescribeContinuousBackups DescribeTable DescribeTimeToLive "
        "ListTagsOfResource TagResource UntagResource UpdateContinuousBackups UpdateTable",
        _TABLES,
    ),
    # The key that a table is encrypted with is asked for by its alias, and judged by its id.
    ("aws_dynamodb_table", "kms"): Rights("DescribeKey", _named("kms", "key/*")),
    ("aws_dynamodb_table_item", "dynamodb"): Rights(
        "DeleteItem GetItem PutItem UpdateItem", _named("dynamodb", "table/{prefix}-tenant-mapping")
    ),
    # Whose tags have changed is asked for them until the answer is the new ones.
    ("aws_ecs_cluster", "ecs"): Rights(
        "CreateCluster DeleteCluster DescribeClusters ListTagsForResource TagResource "
        "UntagResource UpdateCluster",
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
    ("aws_ecs_service", "iam"): Rights("CreateServiceLinkedRole", _LINKED),
    ("aws_ecs_task_definition", "ecs"): Rights(
        "RegisterTaskDefinition TagResource UntagResource",
        _named("ecs", "task-definition/{prefix}-*"),
        "DeregisterTaskDefinition DescribeTaskDefinition",
    ),
    ("aws_iam_role", "iam"): Rights(
        "DeleteRole GetRole ListAttachedRolePolicies ListInstanceProfilesForRole "
        "ListRolePolicies TagRole UntagRole UpdateAssumeRolePolicy UpdateRole "
        "UpdateRoleDescription",
        _ROLES,
        limiting="CreateRole PutRolePermissionsBoundary",
    ),
    ("aws_iam_role_policy", "iam"): Rights(
        "GetRolePolicy", _ROLES, limiting="DeleteRolePolicy PutRolePolicy"
    ),
    ("aws_iam_instance_profile", "iam"): Rights(
        "AddRoleToInstanceProfile CreateInstanceProfile DeleteInstanceProfile GetInstanceProfile "
        "RemoveRoleFromInstanceProfile TagInstanceProfile UntagInstanceProfile",
        ("arn:aws:iam::{account}:instance-profile/{prefix}-*",),
    ),
    ("aws_iam_role_policy_attachment", "iam"): Rights(
        "ListAttachedRolePolicies", _ROLES, limiting="AttachRolePolicy DetachRolePolicy"
    ),
    ("aws_lambda_permission", "lambda"): Rights(
        "AddPermission GetPolicy RemovePermission",
        _named("lambda", "function:{prefix}-authorizer"),
    ),
    ("aws_lb", _LOAD_BALANCING): Rights(
        "AddTags CreateLoadBalancer DeleteLoadBalancer ModifyLoadBalancerAttributes RemoveTags "
        "SetSecurityGroups SetSubnets",
        _BALANCERS,
        "DescribeCapacityReservation DescribeLoadBalancerAttributes DescribeLoadBalancers "
        "DescribeTags",
    ),
    ("aws_lb", "iam"): Rights("CreateServiceLinkedRole", _LINKED),
    ("aws_lb_listener", _LOAD_BALANCING): Rights(
        "AddTags CreateListener DeleteListener ModifyListener ModifyListenerAttributes RemoveTags",
        (
            *_BALANCERS,
            *_named(_LOAD_BALANCING, "listener/app/{prefix}-*", "listener/net/{prefix}-*"),
        ),
        "DescribeListenerAttributes DescribeListeners DescribeTags",
    ),
    ("aws_lb_target_group_attachment", _LOAD_BALANCING): Rights(
        "DeregisterTargets RegisterTargets",
        _named(_LOAD_BALANCING, "targetgroup/*"),
        "DescribeTargetHealth",
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
        "DeleteNamespace GetNamespace UpdateHttpNamespace",
        _named("servicediscovery", "namespace/*"),
        "CreateHttpNamespace GetOperation ListNamespaces ListTagsForResource TagResource "
        "UntagResource",
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
    # Their image is named by AWS's own parameter.
    ("aws_launch_template", "ssm"): Rights(
        "GetParameters", ("arn:aws:ssm:{region}::parameter/aws/service/ecs/*",)
    ),
    ("aws_autoscaling_group", "iam"): Rights("CreateServiceLinkedRole", _LINKED),
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
    ("data.aws_secretsmanager_secret_version", "secretsmanager"): Rights(
        # Those of tenants alone, as the tenant modules say what may be named.
        "GetSecretValue",
        _named("secretsmanager", "secret:{prefix}/*"),
    ),
    ("data.aws_ssm_parameter", "ssm"): Rights(
        "GetParameter GetParameters", _named("ssm", "parameter/{contracts}/*")
    ),
    ("aws_ssm_parameter", "ssm"): Rights(
        # Contracts of routing cells alone: the others say what tenants are made from.
        "AddTagsToResource DeleteParameter GetParameter GetParameters ListTagsForResource "
        "PutParameter RemoveTagsFromResource",
        _named("ssm", "parameter/{contracts}/cells/*"),
        "DescribeParameters",
    ),
    # Of rules that AWS manages, the list names the sets.
    # https://docs.aws.amazon.com/waf/latest/developerguide/security_iam_id-based-policy-examples.html
    ("aws_wafv2_web_acl", "wafv2"): Rights(
        "CreateWebACL DeleteWebACL GetWebACL ListTagsForResource TagResource UntagResource "
        "UpdateWebACL",
        _named("wafv2", "regional/webacl/{prefix}-*/*", "regional/managedruleset/*/*"),
    ),
    ("aws_wafv2_web_acl_association", "wafv2"): Rights(
        "AssociateWebACL DisassociateWebACL GetWebACL GetWebACLForResource",
        _named("wafv2", "regional/webacl/{prefix}-*/*") + _api("restapis/*/stages/*"),
    ),
    ("aws_wafv2_web_acl_association", "apigateway"): Rights(
        "SetWebACL", _api("restapis/*/stages/*")
    ),
}
"""By the type of a resource or data source, and the service that its actions are of."""


def required_statements(
    types: Iterable[str],
    *,
    prefix: str,
    contracts: str,
    region: str,
    account: str,
    boundary: str,
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
    boundary : str
        The ARN of the permissions boundary without which no role may be made or changed.

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
    limiting: dict[tuple[str, ...], set[str]] = {}
    reading: set[str] = set()
    for (kind, service), rights in RIGHTS.items():
        if kind not in wanted:
            continue
        arns = tuple(
            arn.format(prefix=prefix, contracts=contracts, region=region, account=account)
            for arn in rights.resources
        )
        changing.setdefault(arns, set()).update(_of(service, rights.actions))
        if rights.limiting:
            limiting.setdefault(arns, set()).update(_of(service, rights.limiting))
        reading.update(_of(service, rights.reading))
    limited = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    return [
        *(Statement(sorted(actions), arns) for arns, actions in changing.items()),
        *(
            Statement(sorted(actions), arns, conditions=limited)
            for arns, actions in limiting.items()
        ),
        *([Statement(sorted(reading), sid="Unnamed")] if reading else []),
    ]


def _of(service: str, actions: str) -> list[str]:
    return [f"{service}:{action}" for action in actions.split()]

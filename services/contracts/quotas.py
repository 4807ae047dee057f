"""Every quota of AWS that grows with tenants, one row for each: pure data.

What one tenant takes is not here: it is counted in the root modules, by
`services.capacity`.
A resource type that tenants make is in a row, or in `UNCOUNTED` with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_REFERENCE: Final = "https://docs.aws.amazon.com/general/latest/gr"


@dataclass(frozen=True)
class Quota:
    """One quota.

    Attributes
    ----------
    key : str
        Names the row in this program.
    service : str
        The code of the service in Service Quotas.
    code : str or None
        None if Service Quotas does not know the quota.
    name : str
        As Service Quotas calls it.
    default : float
        Of a new account, in `unit`.
    types : tuple of str
        Terraform's resource types of which each resource takes one.
    source : str
        Where AWS says so.
    adjustable : bool, default True
    per : str, default ""
        The resource type that has the quota, each one for itself; the region by default.
    everywhere : bool, default False
        Whether the account has it once, and Service Quotas knows it in us-east-1 alone.
    unit : str, default ""
    a_day : bool, default False
        Whether it is a number of each day, and not of what is there.
    """

    key: str
    service: str
    code: str | None
    name: str
    default: float
    types: tuple[str, ...]
    source: str
    adjustable: bool = True
    per: str = ""
    everywhere: bool = False
    unit: str = ""
    a_day: bool = False

    @property
    def label(self) -> str:
        """The name and code, as messages give them."""
        return f"{self.name} ({self.service} {self.code or 'without a code'})"


UNITS_OF_A_VCPU: Final = 1024
"""Of a task's `cpu`, as ECS counts it."""

FARGATE: Final = Quota(
    "fargate-vcpu",
    "fargate",
    "L-3032A538",
    "Fargate On-Demand vCPU resource count",
    6,
    ("aws_ecs_task_definition",),
    f"{_REFERENCE}/ecs-service.html",
    unit="vCPU",
)
NAMESPACES: Final = Quota(
    "namespaces",
    "AWSCloudMap",
    "L-0FE3F50E",
    "Namespaces per Region",
    50,
    ("aws_service_discovery_http_namespace",),
    f"{_REFERENCE}/cloud_map.html",
)
ROLES: Final = Quota(
    "roles",
    "iam",
    "L-FE177D64",
    "Roles per account",
    1_000,
    ("aws_iam_role",),
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
    everywhere=True,
)
MAIL: Final = Quota(
    "mail",
    "cognito-idp",
    None,
    "Mail by Cognito's own sender",
    50,
    ("aws_cognito_user",),
    "https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html",
    adjustable=False,
    a_day=True,
)

QUOTAS: Final = (
    FARGATE,
    NAMESPACES,
    ROLES,
    MAIL,
    Quota(
        "clusters",
        "ecs",
        "L-21C621EB",
        "Clusters per account",
        10_000,
        ("aws_ecs_cluster",),
        f"{_REFERENCE}/ecs-service.html",
    ),
    Quota(
        "services-per-cluster",
        "ecs",
        "L-9EF96962",
        "Services per cluster",
        5_000,
        ("aws_ecs_service",),
        f"{_REFERENCE}/ecs-service.html",
        per="aws_ecs_cluster",
    ),
    Quota(
        "scalable-targets",
        "application-autoscaling",
        "L-782A3EE2",
        "Scalable targets for ECS",
        3_000,
        ("aws_appautoscaling_target",),
        "https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-quotas.html",
    ),
    Quota(
        "target-groups",
        "elasticloadbalancing",
        "L-B22855CB",
        "Target Groups per Region",
        3_000,
        ("aws_lb_target_group",),
        f"{_REFERENCE}/elb.html",
    ),
    Quota(
        "target-groups-per-balancer",
        "elasticloadbalancing",
        "L-822D1B1B",
        "Target Groups per Application Load Balancer",
        100,
        ("aws_lb_target_group",),
        f"{_REFERENCE}/elb.html",
        adjustable=False,
        per="aws_lb",
    ),
    Quota(
        "rules-per-balancer",
        "elasticloadbalancing",
        "L-7EED9B64",
        "Rules per Application Load Balancer",
        100,
        ("aws_lb_listener_rule",),
        f"{_REFERENCE}/elb.html",
        per="aws_lb",
    ),
    Quota(
        "application-load-balancers",
        "elasticloadbalancing",
        "L-53DA6B97",
        "Application Load Balancers per Region",
        50,
        ("aws_lb:application",),
        f"{_REFERENCE}/elb.html",
    ),
    Quota(
        "network-load-balancers",
        "elasticloadbalancing",
        "L-69A177A2",
        "Network Load Balancers per Region",
        50,
        ("aws_lb:network",),
        f"{_REFERENCE}/elb.html",
    ),
    Quota(
        "vpc-links",
        "apigateway",
        "L-A4C7274F",
        "VPC links",
        20,
        ("aws_api_gateway_vpc_link",),
        f"{_REFERENCE}/apigateway.html",
    ),
    Quota(
        "usage-plans",
        "apigateway",
        "L-E8693075",
        "Usage plans",
        300,
        ("aws_api_gateway_usage_plan",),
        f"{_REFERENCE}/apigateway.html",
    ),
    Quota(
        "api-keys",
        "apigateway",
        "L-1D180A63",
        "API keys",
        10_000,
        ("aws_api_gateway_api_key",),
        f"{_REFERENCE}/apigateway.html",
        adjustable=False,
    ),
    Quota(
        "tables",
        "dynamodb",
        "L-F98FE922",
        "Maximum number of tables",
        2_500,
        ("aws_dynamodb_table",),
        f"{_REFERENCE}/ddb.html",
    ),
    Quota(
        "user-pools",
        "cognito-idp",
        "L-66E6DF30",
        "User pools per account",
        1_000,
        ("aws_cognito_user_pool",),
        "https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html",
    ),
    Quota(
        "groups-per-pool",
        "cognito-idp",
        None,
        "Groups per user pool",
        10_000,
        ("aws_cognito_user_group",),
        "https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html",
        adjustable=False,
        per="aws_cognito_user_pool",
    ),
    Quota(
        "auto-scaling-groups",
        "autoscaling",
        "L-CDE20ADC",
        "Auto Scaling groups per region",
        500,
        ("aws_autoscaling_group",),
        f"{_REFERENCE}/as.html",
    ),
    Quota(
        "instance-profiles",
        "iam",
        "L-6E65F259",
        "Instance profiles per account",
        1_000,
        ("aws_iam_instance_profile",),
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
        everywhere=True,
    ),
    Quota(
        "security-groups",
        "vpc",
        "L-E79EC296",
        "VPC security groups per Region",
        2_500,
        ("aws_security_group",),
        "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html",
    ),
)
"""What a tenant takes one of, or a routing cell for all its tenants."""

UNCOUNTED: Final = {
    "aws_api_gateway_deployment": "one of each cell's API",
    "aws_api_gateway_method_settings": "a part of a stage",
    "aws_api_gateway_rest_api": "600 in a region, one for each cell: VPC links end at 20",
    "aws_api_gateway_stage": "one of each cell's API",
    "aws_api_gateway_usage_plan_key": "a part of a key",
    "aws_appautoscaling_policy": "50 of a target, which has one",
    "aws_cloudwatch_log_group": "1,000,000 in a region, one of each silo",
    "aws_cognito_identity_provider": "300 of a pool, which has a tenant's own",
    "aws_cognito_user_in_group": "a part of a user",
    "aws_cognito_user_pool_client": "1,000 of a pool: a silo's pool has one",
    "aws_cognito_user_pool_domain": "one of a pool",
    "aws_dynamodb_table_item": "tables have no number of items",
    "aws_ecs_capacity_provider": "20 of a cluster, which has one",
    "aws_ecs_cluster_capacity_providers": "a part of a cluster",
    "aws_iam_role_policy": "a part of a role",
    "aws_lambda_permission": "a part of a function's policy: one for each cell",
    "aws_launch_template": "5,000 in a region, one of each group, of which there are 500",
    "aws_lb_listener": "50 of a load balancer, which has one",
    "aws_lb_target_group_attachment": "one of each cell",
    "aws_ssm_parameter": "10,000 in a region, one for each cell",
    "aws_vpc_security_group_egress_rule": "60 of a security group, which has two",
    "aws_vpc_security_group_ingress_rule": "60 of a security group, which has two",
}
"""Resource types of tenants and cells that no row counts, and why none has to."""

"""What the control plane measures: where it is kept, and the rights to read it off AWS."""

from __future__ import annotations

from constructs import Construct

from constructs_lib.control_plane import ExpiringTable
from constructs_lib.identity import Statement
from services.configuration import Configuration
from services.contracts import traffic
from services.contracts.inventory import inventory_objects
from services.tenancy import Tier


def traffic_table(scope: Construct, configuration: Configuration) -> ExpiringTable:
    """Return the table of the counts, made in `scope`."""
    return ExpiringTable(
        scope,
        "traffic-counts",
        name=traffic.traffic_table(configuration.prefix),
        partition_key=traffic.PARTITION_KEY,
        sort_key=traffic.SORT_KEY,
        ttl_attribute=traffic.TTL_ATTRIBUTE,
        deletion_protection=configuration.deletion_protection,
    )


def counting_statements(configuration: Configuration, account: str) -> list[Statement]:
    """Return the rights to ask the access logs of all routing cells, which come at run time."""
    groups = traffic.access_log_groups(configuration.prefix)
    arn = f"arn:aws:logs:{configuration.region}:{account}:log-group:{groups}*"
    return [
        Statement(["logs:GetQueryResults", "logs:StartQuery"], [arn], sid="AccessLogs"),
        Statement(["logs:DescribeLogGroups"], sid="LogGroups"),
    ]


def inventory_statements(configuration: Configuration) -> list[Statement]:
    """Return the rights to read what builds have listed of tenants' resources, and no state."""
    key = configuration.state.kms
    objects = inventory_objects(configuration.state_bucket)
    return [
        Statement(["s3:GetObject"], [objects], sid="Inventories"),
        *([Statement(["kms:Decrypt"], [key], sid="InventoryKey")] if key else []),
    ]


def capacity_statements(configuration: Configuration, account: str) -> list[Statement]:
    """Return the rights to count what is used of AWS's quotas, and to read the quotas.

    Keys are not counted: who may list them may read them.
    """
    here = f"{configuration.region}:{account}"
    contract = f"{configuration.name}/{configuration.environment}/{Tier.BASIC.shared_stack}"
    return [
        Statement(
            [
                "application-autoscaling:DescribeScalableTargets",
                "autoscaling:DescribeAutoScalingGroups",
                "cloudwatch:GetMetricStatistics",
                "cognito-idp:ListUserPools",
                "dynamodb:ListTables",
                "ec2:DescribeSecurityGroups",
                "ecs:ListClusters",
                "ecs:ListServices",
                "ecs:ListTasks",
                "elasticloadbalancing:DescribeLoadBalancers",
                "elasticloadbalancing:DescribeTargetGroups",
                "iam:GetAccountSummary",
                "iam:ListInstanceProfiles",
                "servicediscovery:ListNamespaces",
                "servicequotas:GetServiceQuota",
            ],
            sid="Capacity",
        ),
        Statement(
            ["apigateway:GET"],
            [
                f"arn:aws:apigateway:{configuration.region}::/{path}"
                for path in ("usageplans", "vpclinks")
            ],
            sid="CountedInTheGateway",
        ),
        Statement(
            ["cognito-idp:ListGroups"],
            [f"arn:aws:cognito-idp:{here}:userpool/*"],
            sid="CountedGroups",
        ),
        Statement(
            ["ecs:DescribeTasks"],
            [f"arn:aws:ecs:{here}:task/{configuration.prefix}-*"],
            sid="CountedTasks",
        ),
        Statement(
            ["ssm:GetParameters"],
            [f"arn:aws:ssm:{here}:parameter/{contract}"],
            sid="ThePool",
        ),
    ]

"""What the control plane measures: where it is kept, and the rights to read it off AWS."""

from __future__ import annotations

from typing import Final

from constructs import Construct

from constructs_lib.control_plane import ExpiringTable
from constructs_lib.identity import Statement
from services.configuration import Configuration
from services.contracts import traffic
from services.contracts.inventory import inventory_objects
from services.tenancy import Tier

COUNTED: Final = (
    *("application-autoscaling:DescribeScalableTargets", "autoscaling:DescribeAutoScalingGroups"),
    *("cloudwatch:GetMetricStatistics", "cognito-idp:ListUserPools", "dynamodb:ListTables"),
    *("ec2:DescribeSecurityGroups", "ecs:ListClusters", "ecs:ListServices", "ecs:ListTasks"),
    *("elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTargetGroups"),
    *("iam:GetAccountSummary", "servicediscovery:ListNamespaces"),
    "servicequotas:GetServiceQuota",
)
"""What counts what an account has, by numbers and names; none of it takes a resource."""


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

    Keys are not counted, and who may read them is another question: listing them shows them.
    """
    here = f"{configuration.region}:{account}"
    contract = f"{configuration.name}/{configuration.environment}/{Tier.BASIC.shared_stack}"
    return [
        Statement(list(COUNTED), sid="Capacity"),
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


def measuring_statements(configuration: Configuration, account: str) -> list[Statement]:
    """Return what the boundary of the platform's roles has for the statements above."""
    groups = "CountedGroups"  # within what it has of users
    return [
        *inventory_statements(configuration),
        *(each for each in capacity_statements(configuration, account)[1:] if each.sid != groups),
    ]

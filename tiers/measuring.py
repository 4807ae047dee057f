"""What the control plane measures: where it is kept, and the rights to read it off AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from constructs import Construct

from constructs_lib.control_plane import ExpiringTable, Schedule, TableShape
from constructs_lib.functions import PythonFunction
from constructs_lib.identity import Statement
from services.configuration import Configuration
from services.contracts import traffic
from services.contracts.deployment_facts import DeploymentFacts
from services.contracts.inventory import inventory_objects
from services.tenancy import Tier
from tiers.deployment import tier_path

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
        shape=TableShape(traffic.PARTITION_KEY, traffic.SORT_KEY, traffic.TTL_ATTRIBUTE),
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
    gateway, *others = _counted_by_name(configuration, account)
    groups = Statement(
        ["cognito-idp:ListGroups"],
        [f"arn:aws:cognito-idp:{configuration.region}:{account}:userpool/*"],
        sid="CountedGroups",
    )
    return [Statement(list(COUNTED), sid="Capacity"), gateway, groups, *others]


def _counted_by_name(configuration: Configuration, account: str) -> list[Statement]:
    """Return the rights to what is counted that has a name; groups are users' rights too."""
    here = f"{configuration.region}:{account}"
    return [
        Statement(
            ["apigateway:GET"],
            [
                f"arn:aws:apigateway:{configuration.region}::/{path}"
                for path in ("usageplans", "vpclinks")
            ],
            sid="CountedInTheGateway",
        ),
        Statement(
            ["ecs:DescribeTasks"],
            [f"arn:aws:ecs:{here}:task/{configuration.prefix}-*"],
            sid="CountedTasks",
        ),
        Statement(
            ["ssm:GetParameters"],
            [f"arn:aws:ssm:{here}:parameter{tier_path(configuration, Tier.BASIC)}"],
            sid="ThePool",
        ),
    ]


def measuring_statements(configuration: Configuration, account: str) -> list[Statement]:
    """Return what the boundary of the platform's roles has for the statements above.

    The unnamed ones, and users' groups, are in what it has of its own.
    """
    return [*inventory_statements(configuration), *_counted_by_name(configuration, account)]


def count_by_the_clock(
    scope: Construct,
    configuration: Configuration,
    *,
    account: str,
    traffic: ExpiringTable,
    facts: DeploymentFacts,
    function: Callable[..., PythonFunction],
) -> None:
    """Make what counts requests every minute, and what is used of quotas every quarter of an hour.

    Parameters
    ----------
    function : callable
        Makes a function of the control plane: of a name, a description and statements.
    """
    requests = function(
        "traffic",
        "Counts the requests in the access logs of the routing cells",
        [traffic.grant_write("Counts"), *counting_statements(configuration, account)],
        timeout_seconds=90,
        environment={"TRAFFIC_TABLE": traffic.name},
    )
    quotas = function(
        "capacity",
        "Measures how much is used of the quota that ends first",
        capacity_statements(configuration, account),
        timeout_seconds=60,
        environment={"FACTS": facts.dump()},
    )
    for name, description, minutes, called in (
        ("traffic", "Counts what was logged since", 1, requests),
        ("capacity", "Counts what is used of quotas", 15, quotas),
    ):
        Schedule(
            scope,
            f"{name}-schedule",
            name=f"{configuration.prefix}-{name}",
            description=description,
            minutes=minutes,
            function=called,
        )

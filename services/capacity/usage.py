"""What an account uses and may use: asked of the services themselves and of Service Quotas."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from services.capacity.headroom import Headroom
from services.contracts.quotas import FARGATE, QUOTAS, ROLES, UNITS_OF_A_VCPU, Quota
from services.contracts.stacks import contract_path
from services.tenancy import Tier

GLOBAL_REGION: Final = "us-east-1"
"""Where Service Quotas knows what an account has once.

https://docs.aws.amazon.com/servicequotas/latest/userguide/intro.html
"""


class RegionalClients(Protocol):
    """Clients of one region."""

    def client(self, service: str) -> Any:
        """Return the client of a service, by botocore's name."""
        ...

    def of_region(self, region: str) -> RegionalClients:
        """Return the clients of another region."""
        ...


class Deployed(Protocol):
    """Which deployment is meant."""

    @property
    def name(self) -> str: ...

    @property
    def environment(self) -> str: ...

    @property
    def prefix(self) -> str: ...


_THREADS: Final = 8
_DESCRIBED: Final = 100
"""Of tasks in one call. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""

_LISTED: Final[Mapping[str, tuple[str, str, str, Mapping[str, Any]]]] = {
    "namespaces": ("servicediscovery", "list_namespaces", "Namespaces", {}),
    "clusters": ("ecs", "list_clusters", "clusterArns", {}),
    "scalable-targets": (
        "application-autoscaling",
        "describe_scalable_targets",
        "ScalableTargets",
        {"ServiceNamespace": "ecs"},
    ),
    "target-groups": ("elbv2", "describe_target_groups", "TargetGroups", {}),
    "vpc-links": ("apigateway", "get_vpc_links", "items", {}),
    "usage-plans": ("apigateway", "get_usage_plans", "items", {}),
    "api-keys": ("apigateway", "get_api_keys", "items", {}),
    "tables": ("dynamodb", "list_tables", "TableNames", {}),
    "user-pools": (
        "cognito-idp",
        "list_user_pools",
        "UserPools",
        {"PaginationConfig": {"PageSize": 60}},
    ),
    "auto-scaling-groups": (
        "autoscaling",
        "describe_auto_scaling_groups",
        "AutoScalingGroups",
        {},
    ),
    "instance-profiles": ("iam", "list_instance_profiles", "InstanceProfiles", {}),
    "security-groups": ("ec2", "describe_security_groups", "SecurityGroups", {}),
}
"""By quota: the service, the call, where its answer has the list, and what it is asked with."""


def headrooms(
    aws: RegionalClients, deployed: Deployed, quotas: Iterable[Quota], *, measured: bool = True
) -> list[Headroom]:
    """Return what the account may use and uses, asking for all of it at once.

    Parameters
    ----------
    measured : bool, default True
        Whether CloudWatch is asked for the vCPUs of others' tasks beside ours. A build is not: its
        boundary, of few characters, has no room for the right.
    """
    wanted = [each for each in quotas if each.per != "aws_lb"]
    with ThreadPoolExecutor(_THREADS) as threads:
        limits = [threads.submit(limit, aws, each) for each in wanted]
        counters = [
            _own_vcpu if each is FARGATE and not measured else usage_of(each) for each in wanted
        ]
        used = [threads.submit(counter, aws, deployed) for counter in counters]
        return [
            Headroom(quota, most.result(), now.result())
            for quota, most, now in zip(wanted, limits, used, strict=True)
        ]


def limit(aws: RegionalClients, quota: Quota) -> float:
    """Return the value that is applied to this account; the default if AWS says none."""
    if quota is ROLES:  # IAM tells it everywhere, and what is used in the same answer
        return float(_summary(aws)["RolesQuota"])
    if quota.code is None:
        return quota.default
    client = _where(aws, quota).client("service-quotas")
    try:
        answer = client.get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)
    except client.exceptions.NoSuchResourceException:  # as for some that nobody has raised
        return quota.default
    return float(answer["Quota"]["Value"])


def usage_of(quota: Quota) -> Callable[[RegionalClients, Deployed], float]:
    """Return what counts the use of a quota: 0 where nobody can, as of the mail of a day."""
    counter = _COUNTERS.get(quota.key)
    if counter is not None:
        return counter

    def count(aws: RegionalClients, deployed: Deployed) -> float:
        del deployed
        return float(len(_all(aws, *_LISTED[quota.key]))) if quota.key in _LISTED else 0.0

    return count


def countable() -> frozenset[str]:
    """Return the keys of the quotas whose use can be counted."""
    return frozenset({*_LISTED, *_COUNTERS})


def request(aws: RegionalClients, quota: Quota, value: float) -> str:
    """File an increase; return the state that AWS says it is in."""
    answer = (
        _where(aws, quota)
        .client("service-quotas")
        .request_service_quota_increase(
            ServiceCode=quota.service, QuotaCode=quota.code, DesiredValue=value
        )
    )
    return str(answer["RequestedQuota"]["Status"])


def _where(aws: RegionalClients, quota: Quota) -> RegionalClients:
    return aws.of_region(GLOBAL_REGION) if quota.everywhere else aws


def _all(
    aws: RegionalClients, service: str, call: str, key: str, given: Mapping[str, Any]
) -> Sequence[Any]:
    pages = aws.client(service).get_paginator(call).paginate(**given)
    return [each for page in pages for each in page.get(key, ())]


def _summary(aws: RegionalClients) -> Mapping[str, int]:
    found: Mapping[str, int] = aws.client("iam").get_account_summary()["SummaryMap"]
    return found


def _roles(aws: RegionalClients, deployed: Deployed) -> float:
    del deployed
    return float(_summary(aws)["Roles"])


def _balancers(kind: str) -> Callable[[RegionalClients, Deployed], float]:
    def count(aws: RegionalClients, deployed: Deployed) -> float:
        del deployed
        found = _all(aws, "elbv2", "describe_load_balancers", "LoadBalancers", {})
        return float(sum(each["Type"] == kind for each in found))

    return count


def _vcpu(aws: RegionalClients, deployed: Deployed) -> float:
    """Return the vCPUs of on-demand Fargate: as AWS measures them, else of our own tasks.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/monitoring-fargate-usage.html
    """
    now = datetime.now(UTC)
    points = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Usage",
        MetricName="ResourceCount",
        Dimensions=[
            {"Name": "Service", "Value": "Fargate"},
            {"Name": "Type", "Value": "Resource"},
            {"Name": "Resource", "Value": "vCPU"},
            {"Name": "Class", "Value": "Standard/OnDemand"},
        ],
        StartTime=now - timedelta(minutes=15),
        EndTime=now,
        Period=300,
        Statistics=["Maximum"],
    )["Datapoints"]
    measured = max((point["Maximum"] for point in points), default=0.0)
    return max(float(measured), _own_vcpu(aws, deployed))


def _own_vcpu(aws: RegionalClients, deployed: Deployed) -> float:
    """Return what our tasks have, those of the last minutes too, which no metric shows yet."""
    clusters = [
        each
        for each in _all(aws, "ecs", "list_clusters", "clusterArns", {})
        if each.rpartition("/")[2].startswith(f"{deployed.prefix}-")
    ]
    # A premium tenant has a cluster of its own: with hundreds, one after the other takes too long.
    with ThreadPoolExecutor(_THREADS) as threads:
        units = sum(threads.map(lambda cluster: _units_of(aws, cluster), clusters))
    return units / UNITS_OF_A_VCPU


def _units_of(aws: RegionalClients, cluster: str) -> int:
    """Return the CPU units of a cluster's tasks."""
    tasks = _all(aws, "ecs", "list_tasks", "taskArns", {"cluster": cluster})
    units = 0
    for start in range(0, len(tasks), _DESCRIBED):
        described = aws.client("ecs").describe_tasks(
            cluster=cluster, tasks=list(tasks[start : start + _DESCRIBED])
        )["tasks"]
        units += sum(int(each.get("cpu") or 0) for each in described if _on_demand(each))
    return units


def _on_demand(task: Mapping[str, Any]) -> bool:
    return task.get("launchType", "FARGATE") == "FARGATE" and not (
        task.get("capacityProviderName", "").endswith("SPOT")
    )


def _groups(aws: RegionalClients, deployed: Deployed) -> float:
    """Return the groups of the pool that basic tenants share; none before it is there."""
    path = contract_path(deployed.name, deployed.environment, str(Tier.BASIC.shared_stack))
    found = aws.client("ssm").get_parameters(Names=[path])["Parameters"]
    if not found:
        return 0.0
    pool = json.loads(found[0]["Value"])["user_pool_id"]
    return float(len(_all(aws, "cognito-idp", "list_groups", "Groups", {"UserPoolId": pool})))


def _services(aws: RegionalClients, deployed: Deployed) -> float:
    """Return the services of the fullest cluster that tenants share."""
    clusters = _all(aws, "ecs", "list_clusters", "clusterArns", {})
    shared = {f"{deployed.prefix}-{tier}" for tier in Tier if tier.shared_stack}
    return float(
        max(
            (
                len(_all(aws, "ecs", "list_services", "serviceArns", {"cluster": cluster}))
                for cluster in clusters
                if cluster.rpartition("/")[2] in shared
            ),
            default=0,
        )
    )


_COUNTERS: Final[Mapping[str, Callable[[RegionalClients, Deployed], float]]] = {
    FARGATE.key: _vcpu,
    ROLES.key: _roles,
    "application-load-balancers": _balancers("application"),
    "network-load-balancers": _balancers("network"),
    "groups-per-pool": _groups,
    "services-per-cluster": _services,
}

EVERY: Final = tuple(each for each in QUOTAS if each.per != "aws_lb")
"""What limits tenants: what limits a load balancer limits a cell, of which there are more."""

"""Resource Groups Tagging API: every resource that can carry a tag is found by it."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from ministack.core.responses import get_account_id, get_region
from ministack.services import (
    alb,
    apigateway,
    apigateway_v1,
    autoscaling,
    cloudwatch,
    cloudwatch_logs,
    dynamodb,
    ec2,
    ecs,
    iam,
    servicediscovery,
    ssm,
    tagging,
)

from services.local_aws.patches import application_autoscaling, schemas
from services.local_aws.patches.registry import patch, replace_entry, symbol

# For so many seconds a deleted resource is still listed, if a test says so to its server. On AWS it
# is minutes to hours: https://github.com/boto/boto3/issues/3341
_LAG: Final = float(os.environ.get("MINISTACK_TAG_LAG_SECONDS") or 0)

# What a collector yields: an ARN and its tags as AWS lists them.
Tagged = Iterator[tuple[str, list[dict[str, str]]]]

_EC2_TYPES = {
    "vpc": ("vpc", "_vpcs"),
    "subnet": ("subnet", "_subnets"),
    "igw": ("internet-gateway", "_internet_gateways"),
    "eipalloc": ("elastic-ip", "_addresses"),
    "rtb": ("route-table", "_route_tables"),
    "eni": ("network-interface", "_network_interfaces"),
    "vpce": ("vpc-endpoint", "_vpc_endpoints"),
    "acl": ("network-acl", "_network_acls"),
    "nat": ("natgateway", "_nat_gateways"),
    "fl": ("vpc-flow-log", "_flow_logs"),
    "sg": ("security-group", "_security_groups"),
    "lt": ("launch-template", "_launch_templates"),
    "i": ("instance", "_instances"),
    "vol": ("volume", "_volumes"),
}


@patch
def all_resources() -> None:
    """Tags find what the system makes, and only what still exists.

    Stock knows a third of the services, lists deleted ECS services and tables, and leaves out a
    service whose tags it fails to read. Whoever asks whether anything with a tag is left needs an
    answer that is complete, or an error.
    """
    collectors = symbol(tagging, "_COLLECTORS")
    collectors.update(
        {
            "ec2": _ec2,
            "elasticloadbalancing": _load_balancing,
            "apigateway": _api_gateway,
            "autoscaling": _auto_scaling,
            "application-autoscaling": _application_auto_scaling,
            "cloudwatch": _alarms,
            "logs": _log_groups,
            "iam": _iam,
            "servicediscovery": _cloud_map,
            "schemas": _event_schemas,
            "ssm": _parameters,
        }
    )
    # It lists user pools and identity pools alike, so one of its two entries is enough.
    del collectors["cognito-identity"]
    replace_entry(collectors, "ecs", lambda original: _ecs)
    replace_entry(collectors, "dynamodb", _tables)
    failures: list[str] = []
    for service in list(collectors):
        collector = _remembering(collectors[service]) if _LAG else collectors[service]
        collectors[service] = _noting_failures(service, collector, failures)

    def make(original: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
        def get_resources(data: dict[str, Any]) -> Any:
            failures.clear()
            answer = original(data)
            if failures:
                headers = {"Content-Type": "application/x-amz-json-1.1"}
                message = f"tags cannot be read: {'; '.join(failures)}"
                content = {"__type": "InternalServiceException", "message": message}
                return 500, headers, json.dumps(content).encode()
            return answer

        return get_resources

    replace_entry(symbol(tagging, "_HANDLERS"), "GetResources", make)


def _noting_failures(
    service: str, collector: Callable[[], Tagged], failures: list[str]
) -> Callable[[], Tagged]:
    def collect() -> Tagged:
        try:
            yield from list(collector())
        except Exception as error:
            failures.append(f"{service}: {error!r}")
            raise

    return collect


def _remembering(collector: Callable[[], Tagged]) -> Callable[[], Tagged]:
    """Go on listing what was listed before and is gone, as the index of AWS does."""
    listed: dict[tuple[str, str, str], tuple[float, list[dict[str, str]]]] = {}

    def collect() -> Tagged:
        now = time.monotonic()
        where = (get_account_id(), get_region())
        for arn, tags in collector():
            listed[*where, arn] = now, list(tags)
        for (account, region, arn), (seen, tags) in list(listed.items()):
            if (account, region) == where and now - seen <= _LAG:
                yield arn, tags

    return collect


def _flat(tags: dict[str, str] | None) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in (tags or {}).items()]


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"


def _ec2() -> Tagged:
    rules = {
        rule["SecurityGroupRuleId"]
        for group in ec2._security_groups.values()
        for rule in [*group["IpPermissions"], *group["IpPermissionsEgress"]]
        if "SecurityGroupRuleId" in rule
    }
    for resource_id, tags in ec2._tags.items():
        prefix = resource_id.partition("-")[0]
        if prefix == "sgr" and resource_id in rules:
            yield _arn("ec2", f"security-group-rule/{resource_id}"), tags
        elif prefix in _EC2_TYPES:
            kind, store = _EC2_TYPES[prefix]
            record = getattr(ec2, store).get(resource_id)
            if record is not None and record.get("State") not in ("deleted", "terminated"):
                yield _arn("ec2", f"{kind}/{resource_id}"), tags
    for template_id, template in ec2._launch_templates.items():
        if template_id not in ec2._tags and template.get("Tags"):
            yield _arn("ec2", f"launch-template/{template_id}"), template["Tags"]


def _load_balancing() -> Tagged:
    for arn, tags in alb._tags.items():
        if any(arn in store for store in (alb._lbs, alb._tgs, alb._listeners, alb._rules)):
            yield arn, tags


def _api_gateway() -> Tagged:
    # Keys, usage plans and stages keep the tags that they were made with in their own records.
    made = {
        f"arn:aws:apigateway:{get_region()}::/{kind}/{key}": record.get("tags") or {}
        for kind, store in (
            ("apikeys", apigateway_v1._api_keys),
            ("usageplans", apigateway_v1._usage_plans),
        )
        for key, record in store.items()
    } | {
        f"arn:aws:apigateway:{get_region()}::/restapis/{api}/stages/{name}": stage["tags"] or {}
        for api, stages in apigateway_v1._stages_v1.items()
        for name, stage in stages.items()
    }
    later = apigateway_v1._v1_tags
    for arn, tags in made.items():
        yield arn, _flat({**tags, **later.get(arn, {})})
    for store in (later, apigateway._api_tags):
        for arn, tags in store.items():
            if not re.search(r"/apikeys/|/usageplans/|/restapis/[^/]+/stages/", arn):
                yield arn, _flat(tags)


def _auto_scaling() -> Tagged:
    for group in autoscaling._asgs.values():
        tags = group.get("Tags") or []
        arn = group["AutoScalingGroupARN"]
        yield arn, [{"Key": tag["Key"], "Value": tag.get("Value", "")} for tag in tags]


def _application_auto_scaling() -> Tagged:
    for arn, tags in application_autoscaling.tagged():
        yield arn, _flat(tags)


def _event_schemas() -> Tagged:
    for arn, tags in schemas.tagged():
        yield arn, _flat(tags)


def _alarms() -> Tagged:
    alarms = [*cloudwatch._alarms.values(), *cloudwatch._composite_alarms.values()]
    for alarm in alarms:
        yield alarm["AlarmArn"], _flat(cloudwatch._resource_tags.get(alarm["AlarmArn"]))


def _log_groups() -> Tagged:
    for name, group in cloudwatch_logs._log_groups.items():
        yield _arn("logs", f"log-group:{name}"), _flat(group.get("tags"))


def _iam() -> Tagged:
    stores: Iterable[Any] = (
        iam._users,
        iam._roles,
        iam._policies,
        iam._instance_profiles,
        iam._oidc_providers,
    )
    for store in stores:
        for key, entity in store.items():
            yield entity.get("Arn") or key, entity.get("Tags") or []


def _cloud_map() -> Tagged:
    existing = {
        record["Arn"]
        for store in (servicediscovery._namespaces, servicediscovery._services)
        for record in store.values()
    }
    for arn, tags in servicediscovery._resource_tags.items():
        if arn in existing:
            yield arn, tags


def _parameters() -> Tagged:
    existing = {parameter.get("ARN") for parameter in ssm._parameters.values()}
    for arn, tags in ssm._tags.items():
        if arn in existing:
            yield arn, _flat(tags)


def _ecs() -> Tagged:
    existing = {
        *(cluster["clusterArn"] for cluster in ecs._clusters.values()),
        *(provider["capacityProviderArn"] for provider in ecs._capacity_providers.values()),
        *(s["serviceArn"] for s in ecs._services.values() if s["status"] != "INACTIVE"),
        *(d["taskDefinitionArn"] for d in ecs._task_defs.values() if d["status"] == "ACTIVE"),
        *(task["taskArn"] for task in ecs._tasks.values() if task["lastStatus"] != "STOPPED"),
    }
    for arn, tags in ecs._tags.items():
        if arn in existing:
            yield arn, [{"Key": tag["key"], "Value": tag["value"]} for tag in tags]


def _tables(original: Callable[[], Tagged]) -> Callable[[], Tagged]:
    def collect() -> Tagged:
        existing = {table.get("TableArn") for table in dynamodb._tables.values()}
        for arn, tags in original():
            if arn in existing:
                yield arn, tags

    return collect

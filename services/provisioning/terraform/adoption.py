"""How a resource that exists is given to a state that does not know it: pure data, and one file.

Terraform imports what `import` blocks name, in the same plan and apply as everything else. So a
run that adopts writes them beside the root module, for itself alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

_FILE: Final = "adopted.tf.json"
# What of an ARN the provider imports each type by.
_IMPORT_IDS: Final[Mapping[str, str]] = {
    "aws_api_gateway_api_key": r"/apikeys/([^/]+)$",
    "aws_api_gateway_rest_api": r":/restapis/([^/]+)$",
    "aws_api_gateway_stage": r":/restapis/([^/]+)/stages/([^/]+)$",
    "aws_api_gateway_usage_plan": r":/usageplans/([^/]+)$",
    "aws_api_gateway_vpc_link": r":/vpclinks/([^/]+)$",
    "aws_cloudwatch_log_group": r":log-group:([^:]+)",
    "aws_cognito_user_pool": r":userpool/(.+)$",
    "aws_db_instance": r":db:(.+)$",
    "aws_db_subnet_group": r":subgrp:(.+)$",
    "aws_dynamodb_table": r":table/([^/]+)$",
    "aws_ecs_capacity_provider": r"^(.+:capacity-provider/.+)$",
    "aws_ecs_cluster": r":cluster/(.+)$",
    "aws_ecs_service": r":service/([^/]+/[^/]+)$",
    "aws_ecs_task_definition": r"^(.+:task-definition/.+)$",
    "aws_iam_instance_profile": r":instance-profile/(.+)$",
    "aws_iam_role": r":role/(.+)$",
    "aws_launch_template": r":launch-template/(.+)$",
    "aws_lb": r"^(.+:loadbalancer/.+)$",
    "aws_lb_listener": r"^(.+:listener/.+)$",
    "aws_lb_listener_rule": r"^(.+:listener-rule/.+)$",
    "aws_lb_target_group": r"^(.+:targetgroup/.+)$",
    "aws_security_group": r":security-group/(.+)$",
    "aws_service_discovery_http_namespace": r":namespace/(.+)$",
    "aws_ssm_parameter": r":parameter(/.+)$",
    "aws_vpc_security_group_egress_rule": r":security-group-rule/(.+)$",
    "aws_vpc_security_group_ingress_rule": r":security-group-rule/(.+)$",
}
MADE_TWICE: Final = frozenset(
    {
        "aws_api_gateway_deployment",
        "aws_api_gateway_method_settings",
        "aws_appautoscaling_policy",
        "aws_appautoscaling_target",
        "aws_cognito_user_in_group",
        "aws_ecs_cluster_capacity_providers",
        "aws_iam_role_policy",
        "aws_iam_role_policy_attachment",
        "aws_lambda_permission",
        "aws_lb_target_group_attachment",
    }
)
"""Types whose creation takes what is there for its own, or does not mind it: a second deployment of
an API goes with the API, and a second permission for it permits no more. Nothing is adopted."""


@dataclass(frozen=True)
class Import:
    """One resource to adopt: its address in the root module, and what it is imported by."""

    address: str
    id: str


@dataclass(frozen=True)
class Creation:
    """A resource that a plan would create, with the values that are known."""

    address: str
    type: str
    values: Mapping[str, Any]


class Strays(Protocol):
    """Finds what exists and the state of one workspace does not know."""

    def tagged(self) -> Sequence[Import]:
        """Return what carries the workspace's tags."""
        ...

    def named(self, creations: Iterable[Creation]) -> Sequence[Import]:
        """Return what carries no tags, but is what the plan would create."""
        ...


def import_id(resource_type: str, arn: str) -> str | None:
    """Return what a resource is imported by, None if the ARN is of nothing of that type."""
    pattern = _IMPORT_IDS.get(resource_type)
    found = re.search(pattern, arn) if pattern else None
    return "/".join(found.groups()) if found else None


def importable(resource_type: str) -> bool:
    """Whether a resource of this type can be adopted by its ARN."""
    return resource_type in _IMPORT_IDS


def write(root: Path, imports: Iterable[Import]) -> None:
    """Make the next plan in `root` adopt these, and nothing else."""
    blocks = [{"to": each.address, "id": each.id} for each in imports]
    if blocks:
        (root / _FILE).write_text(json.dumps({"import": blocks}, indent=2) + "\n")
    else:
        (root / _FILE).unlink(missing_ok=True)


def creations(plan: Mapping[str, Any]) -> list[Creation]:
    """Return what a plan, as `terraform show -json` prints it, would create."""
    return [
        Creation(change["address"], change["type"], change["change"]["after"] or {})
        for change in plan.get("resource_changes", ())
        if change["mode"] == "managed" and "create" in change["change"]["actions"]
    ]

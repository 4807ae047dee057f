"""Application Auto Scaling: scalable targets and policies. They are kept; nothing acts on them."""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from ministack import app
from ministack.core.responses import (
    AccountRegionScopedDict,
    error_response_json,
    get_account_id,
    get_region,
    json_response,
)

from services.local_aws.patches.registry import add_entry, patch, symbol
from services.local_aws.patches.state import own_state

SERVICE = "application-autoscaling"

_targets: Any = AccountRegionScopedDict()
_policies: Any = AccountRegionScopedDict()
_tags: Any = AccountRegionScopedDict()

_SUSPENDED_NOTHING = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}


@patch
def scalable_targets_and_policies() -> None:
    """Services, tables and their like can have scaling targets and policies.

    Stock does not know the service.
    """
    module = sys.modules[__name__]
    registry = symbol(app, "SERVICE_REGISTRY")
    add_entry(registry, SERVICE, {"module": "application_autoscaling"})
    add_entry(symbol(app, "_loaded_modules"), "application_autoscaling", module)
    add_entry(symbol(app, "_state_map"), "application_autoscaling", "application_autoscaling")
    add_entry(symbol(app, "SERVICE_HANDLERS"), SERVICE, handle_request)


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> Any:
    """Answer one request of the JSON protocol."""
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    handler = _HANDLERS.get(action)
    if handler is None:
        return error_response_json("UnknownOperationException", f"{action} is not modelled", 400)
    return handler(json.loads(body or b"{}"))


get_state, load_persisted_state, reset = own_state(targets=_targets, policies=_policies, tags=_tags)


def tagged() -> list[tuple[str, dict[str, str]]]:
    """Return the ARN and tags of every scalable target."""
    return [
        (target["ScalableTargetARN"], _tags.get(target["ScalableTargetARN"], {}))
        for target in _targets.values()
    ]


def _key(data: Mapping[str, Any]) -> str:
    return "\n".join(data[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension"))


def _register(data: dict[str, Any]) -> Any:
    key = _key(data)
    target = _targets.get(key)
    if target is None:
        if "MinCapacity" not in data or "MaxCapacity" not in data:
            return error_response_json(
                "ValidationException", "MinCapacity and MaxCapacity are required", 400
            )
        where = f"{get_region()}:{get_account_id()}"
        target = {
            "ScalableTargetARN": (
                f"arn:aws:application-autoscaling:{where}:scalable-target/{secrets.token_hex(16)}"
            ),
            "CreationTime": int(time.time()),
            "RoleARN": data.get("RoleARN") or _service_role(data["ServiceNamespace"]),
            "SuspendedState": dict(_SUSPENDED_NOTHING),
        }
        _tags[target["ScalableTargetARN"]] = dict(data.get("Tags") or {})
        _targets[key] = target
    target.update({name: value for name, value in data.items() if name not in ("Tags", "RoleARN")})
    return json_response({"ScalableTargetARN": target["ScalableTargetARN"]})


def _service_role(namespace: str) -> str:
    name = {"ecs": "ECSService", "dynamodb": "DynamoDBTable"}.get(namespace, namespace.title())
    return (
        f"arn:aws:iam::{get_account_id()}:role/aws-service-role/"
        f"{namespace}.application-autoscaling.amazonaws.com/"
        f"AWSServiceRoleForApplicationAutoScaling_{name}"
    )


def _matches(record: dict[str, Any], data: dict[str, Any]) -> bool:
    ids = data.get("ResourceIds") or ([data["ResourceId"]] if data.get("ResourceId") else None)
    return (
        record["ServiceNamespace"] == data.get("ServiceNamespace")
        and (ids is None or record["ResourceId"] in ids)
        and data.get("ScalableDimension") in (None, record["ScalableDimension"])
        and (not data.get("PolicyNames") or record.get("PolicyName") in data["PolicyNames"])
    )


def _describe_targets(data: dict[str, Any]) -> Any:
    return json_response(
        {"ScalableTargets": [target for target in _targets.values() if _matches(target, data)]}
    )


def _deregister(data: dict[str, Any]) -> Any:
    target = _targets.pop(_key(data), None)
    if target is None:
        return _not_found("scalable target", data)
    _tags.pop(target["ScalableTargetARN"], None)
    for key, policy in _policies.items():
        if _key(policy) == _key(data):
            del _policies[key]
    return json_response({})


def _put_policy(data: dict[str, Any]) -> Any:
    if _key(data) not in _targets:
        return _not_found("scalable target", data)
    key = f"{_key(data)}\n{data['PolicyName']}"
    policy = _policies.get(key)
    if policy is None:
        where = f"{get_region()}:{get_account_id()}"
        arn = (
            f"arn:aws:autoscaling:{where}:scalingPolicy:{secrets.token_hex(16)}:resource/"
            f"{data['ServiceNamespace']}/{data['ResourceId']}:policyName/{data['PolicyName']}"
        )
        policy = {"PolicyARN": arn, "CreationTime": int(time.time()), "Alarms": []}
        _policies[key] = policy
    policy.update(data)
    return json_response({"PolicyARN": policy["PolicyARN"], "Alarms": policy["Alarms"]})


def _describe_policies(data: dict[str, Any]) -> Any:
    return json_response(
        {"ScalingPolicies": [policy for policy in _policies.values() if _matches(policy, data)]}
    )


def _delete_policy(data: dict[str, Any]) -> Any:
    if _policies.pop(f"{_key(data)}\n{data['PolicyName']}", None) is None:
        return _not_found("scaling policy", data)
    return json_response({})


def _not_found(what: str, data: dict[str, Any]) -> Any:
    message = f"No {what} found for {', '.join(_key(data).splitlines())}"
    return error_response_json("ObjectNotFoundException", message, 400)


def _list_tags(data: dict[str, Any]) -> Any:
    return json_response({"Tags": _tags.get(data["ResourceARN"], {})})


def _tag(data: dict[str, Any]) -> Any:
    _tags[data["ResourceARN"]] = {**_tags.get(data["ResourceARN"], {}), **data["Tags"]}
    return json_response({})


def _untag(data: dict[str, Any]) -> Any:
    kept = _tags.get(data["ResourceARN"], {})
    _tags[data["ResourceARN"]] = {k: v for k, v in kept.items() if k not in data["TagKeys"]}
    return json_response({})


def _none_of(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda data: json_response({name: []})


_HANDLERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "RegisterScalableTarget": _register,
    "DescribeScalableTargets": _describe_targets,
    "DeregisterScalableTarget": _deregister,
    "PutScalingPolicy": _put_policy,
    "DescribeScalingPolicies": _describe_policies,
    "DeleteScalingPolicy": _delete_policy,
    "DescribeScheduledActions": _none_of("ScheduledActions"),
    "DescribeScalingActivities": _none_of("ScalingActivities"),
    "ListTagsForResource": _list_tags,
    "TagResource": _tag,
    "UntagResource": _untag,
}

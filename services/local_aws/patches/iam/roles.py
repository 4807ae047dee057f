"""IAM: roles that one may make, change and hand on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import iam

from services.local_aws.patches.iam.resources import parameters
from services.local_aws.patches.registry import patch, replace, symbol

_BOUNDARY: Final = "iam:PermissionsBoundary"
# Our own context entry: the roles that a request hands on, and to which service.
_PASSED: Final = "local:passed"
_SETS_BOUNDARY: Final = frozenset({"CreateRole", "PutRolePermissionsBoundary"})
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
_HAS_BOUNDARY: Final = frozenset(
    {
        "AttachRolePolicy",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "PutRolePolicy",
        "UpdateAssumeRolePolicy",
    }
)

#: By action: the parameters that hold a role's ARN or name, and the service that gets it.
_PASSES: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "codebuild:CreateProject": (("serviceRole",), "codebuild.amazonaws.com"),
    "codebuild:UpdateProject": (("serviceRole",), "codebuild.amazonaws.com"),
    "ecs:RegisterTaskDefinition": (
        ("executionRoleArn", "taskRoleArn"),
        "ecs-tasks.amazonaws.com",
    ),
    "iam:AddRoleToInstanceProfile": (("RoleName",), "ec2.amazonaws.com"),
    "lambda:CreateFunction": (("Role",), "lambda.amazonaws.com"),
    "lambda:UpdateFunctionConfiguration": (("Role",), "lambda.amazonaws.com"),
    "states:CreateStateMachine": (("roleArn",), "states.amazonaws.com"),
    "states:UpdateStateMachine": (("roleArn",), "states.amazonaws.com"),
}


@patch
def permissions_boundaries_as_conditions() -> None:
    """`iam:PermissionsBoundary` is known where a role is made or its policies are changed.

    Stock never sets it: whoever may make roles with a certain boundary alone can make none.
    """
    symbol(iam, "_roles")

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def context(service: str, action: str, body: bytes, query: Any) -> Any:
            found = original(service, action, body, query)
            boundary = _boundary_of(action, query) if service == "iam" else None
            return {**found, _BOUNDARY: boundary} if boundary else found

        return context

    replace(iam_actions, "request_tag_context", make)


def _boundary_of(action: str, query: Any) -> str | None:
    operation = action.partition(":")[2]
    _, request = parameters({}, b"", query)
    if operation in _SETS_BOUNDARY:
        return request.get("PermissionsBoundary")
    if operation in _HAS_BOUNDARY:
        role = iam._roles.get(request.get("RoleName", "")) or {}
        boundary = role.get("PermissionsBoundary")
        return str(boundary) if boundary else None
    return None


@patch
def roles_are_handed_on_by_permission() -> None:
    """Who gives a role to a service needs `iam:PassRole` on it, for that service.

    Stock never asks: a policy that lacks the right works here and fails on AWS.
    """

    def make_context(original: Callable[..., Any]) -> Callable[..., Any]:
        def context(service: str, action: str, body: bytes, query: Any) -> Any:
            found = original(service, action, body, query)
            passed = _passed(action, body, query)
            return {**found, _PASSED: passed} if passed else found

        return context

    def make_enforce(original: Callable[..., Any]) -> Callable[..., Any]:
        def enforce(key: str, action: str, service: str, region: str, **named: Any) -> Any:
            context = dict(named.get("service_context") or {})
            passed = context.pop(_PASSED, [])
            named["service_context"] = context
            refused = original(key, action, service, region, **named)
            for role, receiver in [] if refused else passed:
                # By its name in the module: others have put themselves before it.
                refused = refused or iam_evaluator.enforce(
                    key,
                    "iam:PassRole",
                    "iam",
                    region,
                    resource_arn=role,
                    service_context={"iam:PassedToService": receiver},
                )
            return refused

        return enforce

    replace(iam_actions, "request_tag_context", make_context)
    replace(iam_evaluator, "enforce", make_enforce)


def _passed(action: str, body: bytes, query: Any) -> list[tuple[str, str]]:
    fields, receiver = _PASSES.get(action, ((), ""))
    if not fields:
        return []
    _, request = parameters({}, body, query)
    if body[:1] == b"{":
        try:
            request = json.loads(body)
        except ValueError:
            return []
    roles = [str(request[name]) for name in fields if request.get(name)]
    account = get_account_id()
    return [
        (role if role.startswith("arn:") else f"arn:aws:iam::{account}:role/{role}", receiver)
        for role in roles
    ]

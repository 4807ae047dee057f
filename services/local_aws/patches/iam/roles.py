"""IAM: roles that one may make and change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ministack.core import iam_actions
from ministack.services import iam

from services.local_aws.patches.iam.resources import parameters
from services.local_aws.patches.registry import patch, replace, symbol

_BOUNDARY: Final = "iam:PermissionsBoundary"
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

"""What a role may call, as the policy that API Gateway applies. Pure Python.

The policy is about the whole API and not about the path that was asked for: API Gateway keeps it
and applies it to the caller's next requests, whatever their paths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.application import ApplicationError

METHODS: Final = ("DELETE", "GET", "PATCH", "POST", "PUT")

POLICY_VERSION: Final = "2012-10-17"


class MethodArnError(ApplicationError, ValueError):
    """An event that is not API Gateway's."""


def stage_arn(method_arn: str) -> str:
    """Return the ARN of the stage that a request came to.

    >>> stage_arn("arn:aws:execute-api:us-east-1:111122223333:a1b2/prod/GET/orders/1")
    'arn:aws:execute-api:us-east-1:111122223333:a1b2/prod'
    """
    parts = method_arn.split("/", 2)
    if len(parts) < 3 or not parts[0].startswith("arn:"):
        raise MethodArnError(f"methodArn: got {method_arn!r}; allowed the ARN of a method")
    return f"{parts[0]}/{parts[1]}"


def allow(stage: str, paths: Sequence[str]) -> dict[str, Any]:
    """Return the policy of a user who may call services at `paths`; with none, a denial.

    Methods are named one by one: in a policy `*` crosses slashes, so `*/orders/*` would allow
    `GET/users/orders/1` too.
    """
    resources = [
        f"{stage}/{method}{path}{rest}"
        for path in paths
        for method in METHODS
        for rest in ("", "/*")
    ]
    return _policy("Allow", resources) if resources else deny(stage)


def deny(stage: str) -> dict[str, Any]:
    """Return the policy of whoever may call nothing."""
    return _policy("Deny", [f"{stage}/*"])


def paths_of(role: str, paths: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return the paths of a role; none of one that the platform does not know."""
    return paths.get(role, ())


def _policy(effect: str, resources: list[str]) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resources}
    return {"Version": POLICY_VERSION, "Statement": [statement]}

"""IAM: which resource a request is about, where the emulator does not say it as AWS does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ministack.core import iam_actions

from services.local_aws.patches.iam.resource_names import FINDERS
from services.local_aws.patches.registry import patch, replace

_BUILD_OPERATIONS = {"BatchGetBuilds", "StopBuild"}


@dataclass(frozen=True)
class JudgedCall:
    """What names the resource of a request; `where` is region and account, as in an ARN."""

    service: str
    path: str
    headers: dict[str, str]
    body: bytes
    query: Any
    where: str


def renamed(name: Callable[[JudgedCall, str], str]) -> None:
    """Have `name` say by which resource a request is judged, given what was found so far."""

    def make(original: Callable[..., str]) -> Callable[..., str]:
        def extract(  # noqa: PLR0917 - the emulator's own signature
            service: str,
            method: str,
            path: str,
            headers: dict[str, str],
            body: bytes,
            query: Any,
            region: str,
            account: str,
        ) -> str:
            found = original(service, method, path, headers, body, query, region, account)
            return name(
                JudgedCall(service, path, headers, body, query, f"{region}:{account}"), found
            )

        return extract

    replace(iam_actions, "extract_resource_arn", make)


@patch
def resources_of_builds_and_log_streams() -> None:
    """A build is allowed by its project, a log stream by `log-group:<name>:*`.

    Stock asks for `*` for one and for the group without the stream for the other, so that the
    policies that AWS needs allow nothing.
    """

    def name(call: JudgedCall, found: str) -> str:
        if call.service not in ("codebuild", "logs"):
            return found
        operation = call.headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            request = json.loads(call.body or b"{}")
        except ValueError:
            return found
        if call.service == "logs":
            return _of_logs(operation, request, found)
        project = _project(operation, request)
        return f"arn:aws:codebuild:{call.where}:project/{project}" if project else found

    renamed(name)


def _of_logs(operation: str, request: dict[str, Any], found: str) -> str:
    stream = request.get("logStreamName")
    if stream and found.endswith(f":log-group:{request.get('logGroupName')}"):
        return f"{found}:log-stream:{stream}"
    return f"{found}:log-stream:" if operation == "CreateLogGroup" else found


def _project(operation: str, request: dict[str, Any]) -> str | None:
    """Return the project of the builds a request names; None if it names none, or several's."""
    if operation not in _BUILD_OPERATIONS:
        return None
    listed = request.get("ids") or [request.get("id", "")]
    projects = {str(build).rpartition(":build/")[2].partition(":")[0] for build in listed}
    return projects.pop() if len(projects) == 1 else None


@patch
def resources_as_aws_names_them() -> None:
    """Requests are judged by the resource that AWS's Service Authorization Reference names.

    Stock asks for `*` for clusters, task definitions, target groups, scalable targets, launch
    templates, subnet groups, instance profiles and whatever is tagged by its ARN, and for the
    cluster in place of a service: policies that AWS needs allow nothing here, and those that
    allow too much are needed.
    """

    def name(call: JudgedCall, found: str) -> str:
        find = FINDERS.get(call.service)
        if find is None:
            return found
        operation, request = parameters(call.headers, call.body, call.query)
        return find(operation, request, call.where) or found

    renamed(name)


def parameters(headers: dict[str, str], body: bytes, query: Any) -> tuple[str, dict[str, Any]]:
    """Return the operation and the parameters of a request in the JSON or the query protocol."""
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    if not target:
        flat = {
            name: value[0] if isinstance(value, list) and value else value
            for name, value in dict(query).items()
        }
        return str(flat.get("Action", "")), flat
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return target, {}
    return target, request if isinstance(request, dict) else {}

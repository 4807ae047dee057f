"""IAM: which resource a request is about, where the emulator does not say it as AWS does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions

from services.local.overlay.registry import patch, replace

_BUILD_OPERATIONS = {"BatchGetBuilds", "StopBuild"}


@patch
def resources_of_builds_and_log_streams() -> None:
    """A build is allowed by its project, a log stream by `log-group:<name>:*`.

    Stock asks for `*` for one and for the group without the stream for the other, so that the
    policies that AWS needs allow nothing.
    """

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
            if service not in ("codebuild", "logs"):
                return found
            operation = headers.get("x-amz-target", "").rpartition(".")[2]
            try:
                request = json.loads(body or b"{}")
            except ValueError:
                return found
            if service == "logs":
                return _of_logs(operation, request, found)
            project = _project(operation, request)
            return f"arn:aws:codebuild:{region}:{account}:project/{project}" if project else found

        return extract

    replace(iam_actions, "extract_resource_arn", make)


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

"""Step Functions: builds as tasks, calls under the machine's role, names that are taken once."""

from __future__ import annotations

import contextvars
import json
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from ministack.core.responses import json_response
from ministack.services import stepfunctions

from services.local_aws.patches.registry import add_entry, patch, replace, replace_entry, symbol
from services.local_aws.service_roles import RoleRefusedError, assume, client

_PRINCIPAL = "states.amazonaws.com"
_POLL_SECONDS = 0.1

_execution: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar(
    "execution", default=None
)
_deadline: contextvars.ContextVar[float | None] = contextvars.ContextVar("deadline", default=None)


@patch
def builds_as_tasks() -> None:
    """`codebuild:startBuild` starts a build, `.sync` waits for it; both under the machine's role.

    Stock fails every execution with such a task. A build that ends otherwise than well fails the
    task (`States.TaskFailed`); one whose task times out or whose execution is stopped is stopped.
    """
    symbol(stepfunctions, "_pascal_to_camel")

    def make_task(original: Callable[..., Any]) -> Callable[..., Any]:
        def execute(state: Any, raw_input: Any, execution: Any, ctx: Any) -> Any:
            token = _execution.set(execution)
            try:
                return original(state, raw_input, execution, ctx)
            finally:
                _execution.reset(token)

        return execute

    def make_timeout(original: Callable[..., Any]) -> Callable[..., Any]:
        def invoke(resource: Any, given: Any, timeout: Any) -> Any:
            token = _deadline.set(time.monotonic() + float(timeout))
            try:
                return original(resource, given, timeout)
            finally:
                _deadline.reset(token)

        return invoke

    replace(stepfunctions, "_execute_task", make_task)
    replace(stepfunctions, "_invoke_resource_with_timeout", make_timeout)
    table = symbol(stepfunctions, "_SERVICE_DISPATCH")
    add_entry(table, "arn:aws:states:::codebuild:startBuild", _start_build)


def _start_build(resource: str, given: dict[str, Any]) -> Any:
    builds = _as_machine("codebuild", "CodeBuild")
    request = stepfunctions._pascal_to_camel(given)
    build = _call("CodeBuild", builds.start_build, request)["build"]
    if not resource.endswith(".sync"):
        return {"Build": _pascal(build)}
    while build["buildStatus"] == "IN_PROGRESS":
        if _is_over():
            _call("CodeBuild", builds.stop_build, {"id": build["id"]})
            raise stepfunctions._ExecutionError("States.Timeout", "the task is over")
        time.sleep(_POLL_SECONDS)
        (build,) = _call("CodeBuild", builds.batch_get_builds, {"ids": [build["id"]]})["builds"]
    result = {"Build": _pascal(build)}
    if build["buildStatus"] != "SUCCEEDED":
        raise stepfunctions._ExecutionError("States.TaskFailed", json.dumps(result))
    return result


def _is_over() -> bool:
    deadline, execution = _deadline.get(), _execution.get()
    if deadline is not None and time.monotonic() > deadline:
        return True
    return execution is not None and execution.get("status") != "RUNNING"


@patch
def events_under_the_machines_role() -> None:
    """`events:putEvents` needs the permission of the machine's role.

    Stock puts events for any role, and says that a task succeeded whose event was refused.
    """

    def make(_original: Callable[..., Any]) -> Callable[..., Any]:
        def put(_resource: str, given: dict[str, Any]) -> Any:
            entries = [
                {
                    **entry,
                    "Detail": entry["Detail"]
                    if isinstance(entry.get("Detail"), str)
                    else json.dumps(entry.get("Detail", {})),
                }
                for entry in given.get("Entries", [])
            ]
            answer = _call(
                "EventBridge", _as_machine("events", "EventBridge").put_events, {"Entries": entries}
            )
            if answer["FailedEntryCount"]:
                raise stepfunctions._ExecutionError(
                    "EventBridge.FailedEntry", json.dumps(answer["Entries"])
                )
            return answer

        return put

    table = symbol(stepfunctions, "_SERVICE_DISPATCH")
    replace_entry(table, "arn:aws:states:::events:putEvents", make)


def _as_machine(service: str, errors: str) -> Any:
    """Return a client under the role of the state machine whose task runs."""
    execution = _execution.get()
    machine = stepfunctions._state_machines.get((execution or {}).get("stateMachineArn", ""))
    try:
        role = (machine or {}).get("roleArn", "")
        credentials = assume(role, _PRINCIPAL, (execution or {}).get("name", "test")[:64])
    except RoleRefusedError as error:
        raise stepfunctions._ExecutionError(
            f"{errors}.AccessDeniedException", str(error)
        ) from error
    return client(service, credentials)


def _call(errors: str, operation: Callable[..., Any], request: dict[str, Any]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = operation(**request)
    except ClientError as error:
        code = error.response["Error"]["Code"].rpartition("#")[2]
        raise stepfunctions._ExecutionError(f"{errors}.{code}", str(error)) from error
    except BotoCoreError as error:
        raise stepfunctions._ExecutionError("States.Runtime", str(error)) from error
    answer.pop("ResponseMetadata", None)
    return answer


def _pascal(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: _pascal(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_pascal(child) for child in value]
    if hasattr(value, "timestamp"):
        return int(value.timestamp() * 1000)
    return value


@patch
def tracing_of_state_machines() -> None:
    """A state machine keeps its tracing configuration.

    Stock forgets it: the second plan wants to set it again.
    """

    def keep(data: dict[str, Any], arn: str) -> None:
        machine = stepfunctions._state_machines.get(arn)
        if machine is not None:
            given = data.get("tracingConfiguration")
            machine["tracingConfiguration"] = (
                given or machine.get("tracingConfiguration") or {"enabled": False}
            )

    def make_create(original: Callable[..., Any]) -> Callable[..., Any]:
        def create(data: dict[str, Any]) -> Any:
            answer = original(data)
            if answer[0] == 200:
                keep(data, json.loads(answer[2])["stateMachineArn"])
            return answer

        return create

    def make_update(original: Callable[..., Any]) -> Callable[..., Any]:
        def update(data: dict[str, Any]) -> Any:
            answer = original(data)
            if answer[0] == 200:
                keep(data, data["stateMachineArn"])
            return answer

        return update

    replace(stepfunctions, "_create_state_machine", make_create)
    replace(stepfunctions, "_update_state_machine", make_update)


@patch
def started_twice_is_started_once() -> None:
    """The same name and input again, while it runs, is the same execution.

    Stock refuses the second call, so that a caller who repeats a request whose answer was lost
    sees an error.
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def start(data: dict[str, Any]) -> Any:
            arn = data.get("stateMachineArn", "")
            base = stepfunctions._resolve_state_machine_arn(arn) or ""
            running = stepfunctions._executions.get(
                f"{base.replace(':stateMachine:', ':execution:')}:{data.get('name')}"
            )
            if (
                running is not None
                and running["status"] == "RUNNING"
                and running["input"] == data.get("input", "{}")
            ):
                return json_response(
                    {"executionArn": running["executionArn"], "startDate": running["startDate"]}
                )
            return original(data)

        return start

    replace(stepfunctions, "_start_execution", make)

"""A Lambda function that starts one execution for each operation, however often it is asked to.

EventBridge names the executions it starts by its own event, so that an event that is put twice
would run twice. Named by the operation, the second start is refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Final, cast

PREFIX: Final = "sbt_aws_"
_ANSWERS: Final = {
    "onboardingRequest": ("provisionFailure", "Failed to provision tenant."),
    "offboardingRequest": ("deprovisionFailure", "Failed to deprovision tenant."),
    "tenantUpdateRequest": ("tenantUpdateFailure", "Failed to update tenant."),
    "activateRequest": ("activateFailure", "Failed to activate tenant."),
    "deactivateRequest": ("deactivateFailure", "Failed to deactivate tenant."),
}
REQUESTS: Final = tuple(PREFIX + name for name in _ANSWERS)
"""The detail-types that ask for an operation."""


def failure_event_id(operation_id: str, attempt: object) -> str:
    """Return the id of the event that reports a failure, whoever reports it."""
    return f"{operation_id}-{attempt}-failed"


def execution_name(detail: Mapping[str, Any]) -> str:
    """Return the execution's name: the operation's id, and the attempt where it is not the first.

    >>> execution_name({"operationId": "01J", "attempt": 2})
    '01J-2'
    """
    attempt = detail.get("attempt", 1)
    operation = str(detail["operationId"])
    return operation if attempt == 1 else f"{operation}-{attempt}"


def execution_input(event: Mapping[str, Any]) -> dict[str, str]:
    """Return what the state machine gets for a request on the bus."""
    detail = event["detail"]
    failure, status = _ANSWERS[str(event["detail-type"]).removeprefix(PREFIX)]
    request = {"detail-type": event["detail-type"], "source": event["source"], "detail": detail}
    return {
        "operation": json.dumps(request, separators=(",", ":")),
        "operationId": str(detail["operationId"]),
        "tenantRegistrationId": str(detail["tenantRegistrationId"]),
        "failureDetailType": PREFIX + failure,
        "failureStatus": status,
        "failureEventId": failure_event_id(detail["operationId"], detail.get("attempt", 1)),
    }


def handler(event: Mapping[str, Any], context: object) -> dict[str, str]:
    """Start the execution of the request in `event`, unless it was started before."""
    del context
    import boto3  # noqa: PLC0415 - the tests of what is pure do not need it

    client: Any = cast(Any, boto3).client("stepfunctions")
    name = execution_name(event["detail"])
    try:
        client.start_execution(
            stateMachineArn=os.environ["STATE_MACHINE"],
            name=name,
            input=json.dumps(execution_input(event)),
        )
    except client.exceptions.ExecutionAlreadyExists:
        return {"execution": name, "started": "before"}
    return {"execution": name, "started": "now"}

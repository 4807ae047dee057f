"""A Lambda function that starts one execution for each operation, however often it is asked to.

EventBridge names the executions it starts by its own event, so that an event that is put twice
would run twice. Named by the operation, the second start is refused.

The registry has the last word: a request may come late (from a dead-letter queue, a replay, a bus
that was out) when its operation has ended and perhaps another one runs. Such a request is dropped.
One about an operation that the registry does not know is no request of ours: it is refused, and
the dead-letter queue keeps it with the reason, because nothing unknown to the registry is built.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from typing import Any, Final, cast

from services.provisioning.errors import ProvisionerError

_log = logging.getLogger(__name__)

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
_RUNNING: Final = "RUNNING"


class RequestRefusedError(ProvisionerError):
    """A request that the registry knows nothing of; the dead-letter queue keeps it."""


def failure_event_id(operation_id: str) -> str:
    """Return the id of the event that reports a failure, whoever reports it."""
    return f"{operation_id}-failed"


def operation_key(detail: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the key of the registry's item of the operation that a request is about.

    Raises
    ------
    RequestRefusedError
        If it names none: a request of the toolkit's own shape, which did not come from here.
    """
    missing = [name for name in ("tenantId", "operationId") if not detail.get(name)]
    if missing:
        raise RequestRefusedError(
            f"the request has no {' and no '.join(missing)}: the registry did not make it, and "
            "nothing else may; register the tenant with POST /tenant-registrations"
        )
    return {
        "PK": {"S": f"TENANT#{detail['tenantId']}"},
        "SK": {"S": f"OP#{detail['operationId']}"},
    }


def execution_input(event: Mapping[str, Any]) -> dict[str, str]:
    """Return what the state machine gets for a request on the bus."""
    detail = event["detail"]
    operation_id = str(detail["operationId"])
    failure, status = _ANSWERS[str(event["detail-type"]).removeprefix(PREFIX)]
    request = {"detail-type": event["detail-type"], "source": event["source"], "detail": detail}
    return {
        "operation": json.dumps(request, separators=(",", ":")),
        "operationId": operation_id,
        "tenantRegistrationId": str(detail["tenantRegistrationId"]),
        "failureDetailType": PREFIX + failure,
        "failureStatus": status,
        "failureEventId": failure_event_id(operation_id),
    }


def handler(event: Mapping[str, Any], context: object) -> dict[str, str]:
    """Start the execution of the request in `event`, unless that is over or was started before.

    Raises
    ------
    RequestRefusedError
        If the registry has no such operation.
    """
    del context
    key = operation_key(event["detail"])
    import boto3  # noqa: PLC0415 - the tests of what is pure do not need it

    name = str(event["detail"]["operationId"])
    clients = cast(Any, boto3)
    status = _status(clients.client("dynamodb"), key)
    if status != _RUNNING:
        _log.warning("operation %s is %s: its request is dropped", name, status)
        return {"execution": name, "started": "no"}
    client = clients.client("stepfunctions")
    try:
        client.start_execution(
            stateMachineArn=os.environ["STATE_MACHINE"],
            name=name,
            input=json.dumps(execution_input(event)),
        )
    except client.exceptions.ExecutionAlreadyExists:
        return {"execution": name, "started": "before"}
    return {"execution": name, "started": "now"}


def _status(client: Any, key: dict[str, dict[str, str]]) -> str:
    """Return what has become of an operation; each attempt is an operation of its own."""
    found = client.get_item(
        TableName=os.environ["REGISTRY_TABLE"],
        Key=key,
        ConsistentRead=True,
        ProjectionExpression="#status",
        ExpressionAttributeNames={"#status": "status"},
    ).get("Item")
    if found is None:
        raise RequestRefusedError(
            f"the registry has no operation {key['PK']['S']} {key['SK']['S']}"
        )
    return str(found["status"]["S"])

"""A Lambda function that starts one execution for each operation, however often it is asked to.

EventBridge names the executions it starts by its own event, so that an event that is put twice
would run twice. Named by the operation, the second start is refused.

The registry has the last word: a request may come late (from a dead-letter queue, a replay, a bus
that was out) when its operation has ended and perhaps another one runs. Such a request is dropped.
One about an operation that the registry does not know is no request of ours: it is refused, and
the dead-letter queue keeps it with the reason, because nothing unknown to the registry is built.

Environment: REGISTRY_TABLE, STATE_MACHINE, and FAILURES, a JSON object that has for the detail-type
of each request what a failed build is reported by: a detail-type and the toolkit's words. The stack
makes it from `services.tenancy.operations`, so that this function is packaged without pydantic and
starts without it.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from typing import Any, Final, cast

from services.contracts.registry_table import Key, operation_key, typed_key
from services.provisioning.errors import ProvisionerError

_log = logging.getLogger(__name__)

_RUNNING: Final = "RUNNING"


class RequestRefusedError(ProvisionerError):
    """A request that the registry knows nothing of; the dead-letter queue keeps it."""


def failure_event_id(operation_id: str) -> str:
    """Return the id of the event that reports a failure, whoever reports it."""
    return f"{operation_id}-failed"


def key_of(detail: Mapping[str, Any]) -> Key:
    """Return the key of the operation in the registry that a request is about.

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
    return operation_key(str(detail["tenantId"]), str(detail["operationId"]))


def execution_input(
    event: Mapping[str, Any], failures: Mapping[str, tuple[str, str]]
) -> dict[str, str]:
    """Return what the state machine gets for a request on the bus.

    Parameters
    ----------
    failures : Mapping
        For the detail-type of each request: that of its failure, and what this says.
    """
    detail = event["detail"]
    operation_id = str(detail["operationId"])
    failure, status = failures[event["detail-type"]]
    request = {"detail-type": event["detail-type"], "source": event["source"], "detail": detail}
    return {
        "operation": json.dumps(request, separators=(",", ":")),
        "operationId": operation_id,
        "tenantRegistrationId": str(detail["tenantRegistrationId"]),
        "failureDetailType": failure,
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
    key = key_of(event["detail"])
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
            input=json.dumps(execution_input(event, json.loads(os.environ["FAILURES"]))),
        )
    except client.exceptions.ExecutionAlreadyExists:
        return {"execution": name, "started": "before"}
    return {"execution": name, "started": "now"}


def _status(client: Any, key: Key) -> str:
    """Return what has become of an operation; each attempt is an operation of its own."""
    found = client.get_item(
        TableName=os.environ["REGISTRY_TABLE"],
        Key=typed_key(key),
        ConsistentRead=True,
        ProjectionExpression="#status",
        ExpressionAttributeNames={"#status": "status"},
    ).get("Item")
    if found is None:
        raise RequestRefusedError(f"the registry has no operation {' '.join(key)}")
    return str(found["status"]["S"])

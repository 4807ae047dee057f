"""Bring one event to one target of a rule: permission, attempts, dead letters."""

from __future__ import annotations

import fnmatch
import json
import logging
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from ministack.core.arn import parse_arn
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch_logs, eventbridge, lambda_svc, sqs

from services.local_aws.errors import LocalAwsError
from services.local_aws.service_roles import RoleRefusedError, assume, client

_log = logging.getLogger("services.local_aws.events")

_PRINCIPAL = "events.amazonaws.com"
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 30.0
_ATTEMPTS = 185
_AGE_SECONDS = 24 * 3600


class RefusedError(LocalAwsError, RuntimeError):
    """A target did not take an event."""

    def __init__(self, code: str, message: str, *, again: bool) -> None:
        super().__init__(message)
        self.code = code
        self.again = again


def deliver(
    target: dict[str, Any], payload: str, rule: dict[str, Any], event: dict[str, Any]
) -> None:
    """Deliver until it is taken or the target's retry policy is exhausted."""
    policy = target.get("RetryPolicy") or {}
    retries = int(policy.get("MaximumRetryAttempts", _ATTEMPTS))
    age = float(policy.get("MaximumEventAgeInSeconds", _AGE_SECONDS))
    started, wait, attempt = time.monotonic(), _FIRST_WAIT_SECONDS, 0
    send = _SENDERS[parse_arn(target["Arn"]).service]
    while True:
        exhausted = ""
        try:
            send(target, payload, rule, event)
        except RefusedError as error:
            refusal = error
        except Exception as error:
            _log.exception("delivery to %s", target["Arn"])
            refusal = RefusedError("INTERNAL_ERROR", str(error), again=True)
        else:
            return
        if attempt >= retries:
            exhausted = "MaximumRetryAttempts"
        elif time.monotonic() - started + wait > age:
            exhausted = "MaximumEventAgeInSeconds"
        if exhausted or not refusal.again:
            _bury(target, rule, event, refusal, exhausted=exhausted, attempts=attempt)
            return
        time.sleep(wait)
        attempt, wait = attempt + 1, min(wait * 2, _LONGEST_WAIT_SECONDS)


def _bury(
    target: dict[str, Any],
    rule: dict[str, Any],
    event: dict[str, Any],
    refusal: RefusedError,
    *,
    exhausted: str,
    attempts: int,
) -> None:
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    _log.warning("%s did not take an event: %s: %s", target["Arn"], refusal.code, refusal)
    if not queue or not sqs._queue_by_arn(queue):
        return
    named = {
        "RULE_ARN": rule.get("Arn", ""),
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": refusal.code,
        "ERROR_MESSAGE": str(refusal),
        "EXHAUSTED_RETRY_CONDITION": exhausted,
        "RETRY_ATTEMPTS": str(attempts),
    }
    eventbridge._dispatch_to_sqs(parse_arn(queue), json.dumps(event))
    sqs._queue_by_arn(queue)["messages"][-1]["message_attributes"] = {
        name: {"DataType": "String", "StringValue": value} for name, value in named.items() if value
    }


def _to_function(
    target: dict[str, Any], payload: str, rule: dict[str, Any], _event: dict[str, Any]
) -> None:
    function, config, name = lambda_svc._get_func_record_for_ref(target["Arn"])
    if not function or not config:
        raise RefusedError("RESOURCE_NOT_FOUND", f"function {name} does not exist", again=False)
    if not _may_invoke(function.get("policy") or {}, rule.get("Arn", "")):
        raise RefusedError(
            "NO_PERMISSIONS", f"the policy of function {name} does not let the rule", again=False
        )
    record = lambda_svc._execution_record_for_config(function, config)
    lambda_svc.invoke_async_with_retry(
        {**function, **record} if isinstance(record, dict) else record, json.loads(payload)
    )


def _may_invoke(policy: dict[str, Any], rule_arn: str) -> bool:
    for statement in policy.get("Statement", []):
        principal = statement.get("Principal")
        service = principal.get("Service") if isinstance(principal, dict) else principal
        if statement.get("Effect") != "Allow" or service not in (_PRINCIPAL, "*"):
            continue
        condition = statement.get("Condition") or {}
        sources = [
            value
            for operator in ("ArnLike", "ArnEquals", "StringEquals", "StringLike")
            for key, value in (condition.get(operator) or {}).items()
            if key.lower() == "aws:sourcearn"
        ]
        if all(fnmatch.fnmatchcase(rule_arn, pattern) for pattern in sources):
            return True
    return False


def _to_machine(
    target: dict[str, Any], payload: str, rule: dict[str, Any], event: dict[str, Any]
) -> None:
    try:
        credentials = assume(target.get("RoleArn", ""), _PRINCIPAL, event["id"])
        # The name is the event's own: what is delivered twice is executed once.
        client("stepfunctions", credentials).start_execution(
            stateMachineArn=target["Arn"],
            name=f"{event['id']}_{rule.get('Name', '')}"[:80],
            input=payload,
        )
    except RoleRefusedError as error:
        raise RefusedError("NO_PERMISSIONS", str(error), again=False) from error
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ExecutionAlreadyExists":
            return
        if "AccessDenied" in code:
            raise RefusedError("NO_PERMISSIONS", str(error), again=False) from error
        if code == "StateMachineDoesNotExist":
            raise RefusedError("RESOURCE_NOT_FOUND", str(error), again=False) from error
        raise RefusedError(code, str(error), again=True) from error


def _to_queue(
    target: dict[str, Any], payload: str, _rule: dict[str, Any], _event: dict[str, Any]
) -> None:
    if not sqs._queue_by_arn(target["Arn"]):
        raise RefusedError("RESOURCE_NOT_FOUND", f"{target['Arn']} does not exist", again=False)
    eventbridge._dispatch_to_sqs(
        parse_arn(target["Arn"]), payload, target.get("SqsParameters") or {}
    )


def _to_log_group(
    target: dict[str, Any], payload: str, _rule: dict[str, Any], event: dict[str, Any]
) -> None:
    group = target["Arn"].partition(":log-group:")[2].removesuffix(":*")
    if group not in cloudwatch_logs._log_groups:
        raise RefusedError("RESOURCE_NOT_FOUND", f"log group {group} does not exist", again=False)
    stream = event["id"]
    cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
    line = {"timestamp": int(time.time() * 1000), "message": payload}
    cloudwatch_logs._put_log_events(
        {"logGroupName": group, "logStreamName": stream, "logEvents": [line]}
    )


def _elsewhere(send: Callable[..., None]) -> Callable[..., None]:
    """EventBridge delivers to the rule's own account and region only."""

    def checked(target: dict[str, Any], payload: str, rule: Any, event: Any) -> None:
        spec = parse_arn(target["Arn"])
        if (spec.account_id, spec.region) != (get_account_id(), get_region()):
            raise RefusedError("INVALID_PARAMETER", "target of another region", again=False)
        send(target, payload, rule, event)

    return checked


_SENDERS = {
    "lambda": _elsewhere(_to_function),
    "logs": _elsewhere(_to_log_group),
    "sqs": _elsewhere(_to_queue),
    "states": _to_machine,
}
#: Targets that are delivered to here.
SERVICES = frozenset(_SENDERS)

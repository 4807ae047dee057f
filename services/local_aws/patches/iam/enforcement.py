"""IAM: what a policy's conditions and variables are evaluated with."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import dynamodb

from services.local_aws.patches.iam.leading_keys import UNKNOWN, leading_keys
from services.local_aws.patches.iam.policy_variables import expand
from services.local_aws.patches.registry import add_entry, patch, replace, symbol

_log = logging.getLogger("services.local_aws.iam")

_LEADING_KEYS = "dynamodb:leadingkeys"
# Our own context entry, the request's body: it may name keys of several tables, and the condition
# key is per table.
_BODY = "local:body"


@patch
def dynamodb_leading_keys() -> None:
    """`dynamodb:LeadingKeys` is set from the request.

    Stock never sets it, and an absent key satisfies `ForAllValues`: a policy that keeps tenants
    apart seems to work and lets everything through.
    """
    symbol(dynamodb, "_tables")

    def make_context(original: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
        def context(body: bytes) -> dict[str, Any]:
            return {**original(body), _BODY: body}

        return context

    def make_enforce(original: Callable[..., Any]) -> Callable[..., Any]:
        def enforce(
            access_key_id: str, iam_action: str, service: str, region: str, **named: Any
        ) -> Any:
            context = dict(named.get("service_context") or {})
            body = context.pop(_BODY, None)
            if body is not None:
                operation = context.get("dynamodb:EnclosingOperation", [iam_action])[0]
                keys = _keys(operation.rpartition(":")[2], body, named.get("resource_arn", "*"))
                if keys is not None:
                    context[_LEADING_KEYS] = keys
            named["service_context"] = context
            return original(access_key_id, iam_action, service, region, **named)

        return enforce

    replace(iam_actions, "dynamodb_service_context", make_context)
    replace(iam_evaluator, "enforce", make_enforce)


def _keys(operation: str, body: bytes, table_arn: str) -> list[str] | None:
    try:
        request = json.loads(body or b"{}")
        by_table = leading_keys(_OPERATIONS.get(operation, operation), request, _key_name)
    except (ValueError, TypeError, AttributeError):
        return [UNKNOWN]
    if not by_table:
        return None
    table = table_arn.rpartition(":table/")[2].split("/")[0]
    return by_table.get(table, [UNKNOWN])


# IAM actions that are called otherwise than the operations they allow.
_OPERATIONS = dict.fromkeys(
    ("PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"), "ExecuteStatement"
)


def _key_name(table: str, index: str | None) -> str | None:
    record = dynamodb._tables.get(table)
    if record is None:
        return None
    schema = record.get("KeySchema", [])
    if index:
        indexes = [
            *(record.get("GlobalSecondaryIndexes") or []),
            *(record.get("LocalSecondaryIndexes") or []),
        ]
        schema = next((i["KeySchema"] for i in indexes if i["IndexName"] == index), [])
    return next((str(key["AttributeName"]) for key in schema if key["KeyType"] == "HASH"), None)


@patch
def policy_variables() -> None:
    """Policy variables are replaced in resources and conditions.

    Stock compares `${aws:PrincipalTag/TenantId}` as it is written, so a statement with one never
    matches, be it an allow or a deny.
    """
    replace(iam_evaluator, "_first_match", _make_first_match)
    replace(iam_evaluator, "_conditions_met", _make_conditions_met)


def _expand_all(values: Any, context: Any) -> Any:
    def resolve(key: str) -> Any:
        return iam_evaluator._resolve_condition_key(key, context)

    if isinstance(values, str):
        return expand(values, resolve) if "${" in values else values
    if isinstance(values, list):
        return [_expand_all(value, context) for value in values]
    return values


def _make_first_match(original: Callable[..., Any]) -> Callable[..., Any]:
    def first_match(context: Any, statements: list[Any], effect: str) -> Any:
        expanded = [
            dataclasses.replace(
                statement,
                resources=_expand_all(statement.resources, context),
                not_resources=_expand_all(statement.not_resources, context),
            )
            for statement in statements
        ]
        return original(context, expanded, effect)

    return first_match


def _make_conditions_met(original: Callable[..., Any]) -> Callable[..., Any]:
    def conditions_met(conditions: dict[str, Any], context: Any) -> Any:
        expanded = {
            operator: {key: _expand_all(values, context) for key, values in block.items()}
            if isinstance(block, dict)
            else block
            for operator, block in (conditions or {}).items()
        }
        return original(expanded, context)

    return conditions_met


@patch
def actions_of_added_services() -> None:
    """Requests to services that the overlay adds need permission like all others.

    Stock lets every authenticated caller use a service whose actions it does not know.
    """
    add_entry(
        symbol(iam_actions, "SERVICE_TO_IAM_NAMESPACE"),
        "application-autoscaling",
        "application-autoscaling",
    )


@patch
def secure_transport() -> None:
    """What comes over the loopback counts as encrypted.

    There is no TLS here, and bucket policies that demand it hold for the same Terraform on AWS:
    every caller but root would be refused.
    """

    def make(original: Callable[[str, bool], None]) -> Callable[[str, bool], None]:
        def pin(source_ip: str, secure: bool) -> None:
            del secure
            original(source_ip, True)

        return pin

    # The front door has the name bound.
    replace(app, "pin_request_origin", make)


@patch
def denials_are_logged() -> None:
    """What IAM denies stands in the server's log.

    Stock tells the caller alone, and many callers tell nobody: a HEAD has no body to say it in.
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def enforce(
            access_key_id: str, iam_action: str, service: str, region: str, **named: Any
        ) -> Any:
            refused = original(access_key_id, iam_action, service, region, **named)
            if isinstance(refused, iam_evaluator.EvalResult):
                resource = named.get("resource_arn", "*")
                _log.warning("denied: %s: %s on %s", refused.principal_arn, iam_action, resource)
            return refused

        return enforce

    replace(iam_evaluator, "enforce", make)

"""The control plane's HTTP API: one Lambda function for every route.

A request passes, in this order: `access` (who calls, and may they), the body's JSON, the route's
models, the endpoint. What any of them refuses is answered in the toolkit's shapes.
"""

from __future__ import annotations

import base64
import json
import logging
import os
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from aws_lambda_powertools.event_handler.api_gateway import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)

from services.contracts.json_bodies import REASONS, refused_value
from services.control_plane.http import access, failures
from services.control_plane.http.endpoints.routing import load_endpoints, router
from services.control_plane.http.model import OUR_KINDS
from services.control_plane.runtime import current

logging.getLogger().setLevel(os.environ.get("LOG_LEVEL", "INFO"))
_log = logging.getLogger(__name__)

app = APIGatewayHttpResolver(enable_validation=True)
load_endpoints()
app.include_router(router)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request of the HTTP API (payload format 2.0)."""
    try:
        runtime = current()
        runtime.caller = access.check(event)
        _readable(event)
        return app.resolve(event, context)
    except access.RefusedError as refused:
        return _raw(refused.status, {"message": refused.message})
    except failures.AnswerError as answer:
        return _raw(answer.failure.status, answer.failure.body)


@app.exception_handler(Exception)  # type: ignore[untyped-decorator]
def _failed(error: Exception) -> Response[Any]:
    failure = _failure(error)
    return Response(failure.status, "application/json", dict(failure.body))


def _failure(error: Exception) -> failures.Failure:
    match error:
        case failures.AnswerError():
            return error.failure
        case NotFoundError():  # such as a path with characters that no route takes
            return failures.Failure(404, {"message": "Not Found"})
        case RequestUnsupportedContentType():
            body = {"statusCode": 415, "message": "Content-Type must be application/json"}
            return failures.Failure(415, body)
        case RequestValidationError():
            return failures.detailed([_finding(each) for each in error.errors()])
    known = failures.of_domain(error)
    if known is None:
        _log.error("unexpected: %s", error, exc_info=error)
        body = {"statusCode": 500, "message": "Internal Server Error"}
        return failures.Failure(500, body)
    return known


def _finding(error: Mapping[str, Any]) -> failures.Finding:
    where, kind = tuple(error["loc"]), str(error["type"])
    told = kind in OUR_KINDS or kind in _OF_THE_RULE
    return (where, kind, str(error["msg"])) if told else (where, kind)


#: Kinds of pydantic's whose message is made of the rule alone; others may repeat the value.
#: https://docs.pydantic.dev/latest/errors/validation_errors/
_OF_THE_RULE: Final = frozenset(
    {
        *("bool_type", "dict_type", "int_type", "list_type", "string_type"),
        *("enum", "literal_error", "extra_forbidden", "missing"),
        *("greater_than", "greater_than_equal", "less_than", "less_than_equal", "int_parsing"),
        *("string_pattern_mismatch", "string_too_long", "string_too_short", "too_long"),
    }
)


_SHOWN = 4  # of the way to a value: enough to find it by, where a caller nests without end


def _readable(event: Mapping[str, Any]) -> None:
    """Refuse a body that is no JSON object we could store, before anything relies on it."""
    body = event.get("body")
    if not body or _is_webhook(event):
        return
    try:
        text = base64.b64decode(body).decode() if event.get("isBase64Encoded") else body
        parsed = json.loads(text, parse_constant=_no_number)
        json.dumps(parsed, ensure_ascii=False).encode()  # lone surrogates cannot be stored
    except (ValueError, RecursionError):
        why = "the body has to be JSON as RFC 8259 has it, in UTF-8"
        raise failures.unprocessable((("body",), "json_invalid", why)) from None
    if not isinstance(parsed, dict):
        raise failures.unprocessable((("body",), "dict_type", "the body has to be an object"))
    if (refused := refused_value(parsed)) is not None:
        place, kind = refused
        raise failures.unprocessable((("body", *place[:_SHOWN]), kind, REASONS[kind]))


def _is_webhook(event: Mapping[str, Any]) -> bool:
    """Whether the body is a billing provider's: signed as it is, in whatever form."""
    return str(event.get("rawPath", "")).split("/")[-2:-1] == ["billing"]


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _raw(status: int, body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }

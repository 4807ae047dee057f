"""The API's own description, made from its code and its table of routes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from aws_lambda_powertools.event_handler.api_gateway import ApiGatewayResolver, Response

from services.contracts.http_routes import ROUTES, Access, Route
from services.control_plane.http.endpoints.routing import new_router

router = new_router()

_PROBLEM = {
    "type": "object",
    "properties": {"statusCode": {"type": "integer"}, "message": {"type": "string"}},
    "required": ["message"],
    "additionalProperties": False,
}
_DETAIL = {
    "type": "object",
    "properties": {
        "statusCode": {"const": 422},
        "detail": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
                    "type": {"type": "string"},
                    "msg": {"type": "string"},
                },
                "required": ["loc", "type"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["statusCode", "detail"],
    "additionalProperties": False,
}
_SCHEMES = {
    "jwt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "iam": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "SigV4"},
}
_WORDS: Mapping[int | str, str] = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    409: "Conflict",
    415: "Not JSON",
    422: "Unprocessable",
    "4XX": "Refused by the plug-in",
}
_GENERATED_PROBLEMS = ("HTTPValidationError", "ValidationError", "ResponseValidationError")


@router.get("/openapi.json")
def openapi() -> Response[str]:
    """Describe this API."""
    resolver = cast(ApiGatewayResolver, router.api_resolver)
    return Response(200, "application/json", _text(resolver))


@cache
def _text(resolver: ApiGatewayResolver) -> str:
    generated = resolver.get_openapi_json_schema(title="Control plane", version="1")
    return json.dumps(completed(json.loads(generated)), separators=(",", ":"))


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """Add to a generated document what the tables of routes and of answers know."""
    from services.control_plane.http.answers import ANSWERS, schemas  # noqa: PLC0415 - here alone

    components = document.setdefault("components", {})
    components["securitySchemes"] = _SCHEMES
    known = components.setdefault("schemas", {})
    known.update({**schemas(), "Problem": _PROBLEM, "Unprocessable": _DETAIL})
    for name in _GENERATED_PROBLEMS:
        known.pop(name, None)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            route = _declared(method.upper(), path)
            answer = ANSWERS[route.key]
            operation["security"] = _security(route)
            (good,) = (status for status in operation["responses"] if status.startswith("2"))
            operation["responses"] = {good: _answer("Done", answer.schema())}
            for status in sorted({*_refusals(route, operation), *answer.errors}, key=str):
                schema = "Unprocessable" if status == 422 else "Problem"
                reference = {"$ref": f"#/components/schemas/{schema}"}
                operation["responses"][str(status)] = _answer(_WORDS[status], reference)
    return document


def _refusals(route: Route, operation: Mapping[str, Any]) -> tuple[int, ...]:
    """Return how a request can be refused for who sends it and what is in it."""
    access = {Access.PUBLIC: (), Access.IAM: (403,), Access.JWT: (401, 403)}[route.access]
    body = (415, 422) if "requestBody" in operation else ()
    return (*access, *body, *((422,) if operation.get("parameters") else ()))


def _declared(method: str, path: str) -> Route:
    wanted = _nameless(path)
    return next(r for r in ROUTES if r.method == method and _nameless(r.path) == wanted)


def _nameless(path: str) -> str:
    return re.sub(r"\{[^}]+\}|<[^>]+>", "{}", path)


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.access is Access.PUBLIC:
        return []
    return [{route.access.value: [route.scope] if route.scope else []}]


def _answer(words: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": schema}}}

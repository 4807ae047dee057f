"""The API's own description, made from its code and its table of routes."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, cast

from aws_lambda_powertools.event_handler.api_gateway import ApiGatewayResolver, Response

from services.control_plane.endpoints.routing import new_router
from services.control_plane.routes import ROUTES, Access, Route

router = new_router()

_PROBLEM = {
    "type": "object",
    "properties": {"statusCode": {"type": "integer"}, "message": {"type": "string"}},
    "required": ["message"],
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
                },
                "required": ["loc", "type"],
            },
        },
    },
    "required": ["statusCode", "detail"],
}
_SCHEMES = {
    "jwt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "iam": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "SigV4"},
}
_WORDS = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    409: "Conflict",
    415: "Not JSON",
}


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
    """Add to a generated document what the table of routes knows: access, and error answers."""
    components = document.setdefault("components", {})
    components["securitySchemes"] = _SCHEMES
    components.setdefault("schemas", {}).update({"Problem": _PROBLEM, "Unprocessable": _DETAIL})
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            route = _declared(method.upper(), path)
            operation["security"] = _security(route)
            responses = operation["responses"]
            for status, words in _WORDS.items():
                responses[str(status)] = _answer(words, "Problem")
            responses["422"] = _answer("Unprocessable", "Unprocessable")
    described = document["paths"]["/openapi.json"]["get"]["responses"]["200"]
    described["content"] = {"application/json": {"schema": {"type": "object"}}}
    return document


def _declared(method: str, path: str) -> Route:
    wanted = _nameless(path)
    return next(r for r in ROUTES if r.method == method and _nameless(r.path) == wanted)


def _nameless(path: str) -> str:
    return re.sub(r"\{[^}]+\}|<[^>]+>", "{}", path)


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.access is Access.PUBLIC:
        return []
    return [{route.access.value: [route.scope] if route.scope else []}]


def _answer(words: str, schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": words, "content": content}

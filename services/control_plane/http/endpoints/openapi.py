"""The API's own description, made from its code and its table of routes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from aws_lambda_powertools.event_handler.api_gateway import ApiGatewayResolver, Response
from pydantic.json_schema import models_json_schema

from services.contracts.http_routes import Access, Route, Routes
from services.control_plane.http import responses
from services.control_plane.http.endpoints.routing import endpoint, load_endpoints, router

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
_REFERENCE = "#/components/schemas/{model}"
_GENERATED_PROBLEMS = ("HTTPValidationError", "ValidationError", "ResponseValidationError")


@endpoint(Routes.OPENAPI, responses.bare(responses.Anything))
def openapi() -> Response[str]:
    """Describe this API."""
    resolver = cast(ApiGatewayResolver, router.api_resolver)
    return Response(200, "application/json", _text(resolver))


@cache
def _text(resolver: ApiGatewayResolver) -> str:
    generated = resolver.get_openapi_json_schema(title="Control plane", version="1")
    return json.dumps(completed(json.loads(generated)), separators=(",", ":"))


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """Add to a generated document what routes and endpoints declare."""
    endpoints = load_endpoints()
    components = document.setdefault("components", {})
    components["securitySchemes"] = _SCHEMES
    models = sorted({each.response.model for each in endpoints.values()}, key=lambda m: m.__name__)
    references, made = models_json_schema(
        [(model, "validation") for model in models], by_alias=True, ref_template=_REFERENCE
    )
    known = components.setdefault("schemas", {})
    known.update({**made["$defs"], "Problem": _PROBLEM, "Unprocessable": _DETAIL})
    for name in _GENERATED_PROBLEMS:
        known.pop(name, None)
    for route, described in endpoints.items():
        operation = document["paths"][described.path][route.method.lower()]
        response = described.response
        operation["security"] = _security(route)
        (good,) = (status for status in operation["responses"] if status.startswith("2"))
        shown = response.schema(references[response.model, "validation"])
        operation["responses"] = {good: _answer("Done", shown)}
        for status in sorted({*_refusals(route, operation), *response.errors}, key=str):
            reference = _REFERENCE.format(model="Unprocessable" if status == 422 else "Problem")
            operation["responses"][str(status)] = _answer(_WORDS[status], {"$ref": reference})
    return document


def _refusals(route: Route, operation: Mapping[str, Any]) -> tuple[int, ...]:
    """Return how a request can be refused for who sends it and what is in it."""
    access = {Access.PUBLIC: (), Access.IAM: (403,), Access.JWT: (401, 403)}[route.access]
    body = (415, 422) if "requestBody" in operation else ()
    return (*access, *body, *((422,) if operation.get("parameters") else ()))


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.access is Access.PUBLIC:
        return []
    return [{route.access.value: [route.scope] if route.scope else []}]


def _answer(words: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": schema}}}

"""The OpenAPI document of a tenant-facing REST API. Pure Python.

One document instead of a dozen resources for each route: a plan shows it as one value, and a
deployment takes all of it or nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from constructs_lib.errors import ConfigError
from constructs_lib.sequences import takes_sequences

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""What a route answers; anything else is refused before a tenant's quota is touched."""

TENANT_HEADER: Final = "tenantPath"
REQUEST_ID_HEADER: Final = "x-request-id"

# What the API leads to is told by its stage. In the document itself it would be a dependency of the
# deployment, whose replacement rule Terraform passes on to all that a deployment depends on: load
# balancers and groups, which cannot exist twice by their names. Both may be stage variables:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/aws-api-gateway-stage-variables-reference.html
# https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-api-with-vpclink-using-swagger.html
BACKEND_VARIABLE: Final = "backend"
"""The stage variable that has the host name behind the VPC link."""

VPC_LINK_VARIABLE: Final = "vpcLinkId"
"""The stage variable that has the id of the VPC link."""

_BACKEND: Final = f"${{stageVariables.{BACKEND_VARIABLE}}}"
_VPC_LINK: Final = f"${{stageVariables.{VPC_LINK_VARIABLE}}}"
# Seconds under the 29 that API Gateway allows, so that the caller gets an answer of ours.
_TIMEOUT_MILLISECONDS: Final = 28_000
_AUTHORIZER: Final = "tenant"
_API_KEY: Final = "tenantKey"
_BODY_MODEL: Final = "JsonObject"
_CORS_ALLOWED_HEADERS: Final = ("authorization", "content-type", "idempotency-key", "if-match")
_CORS_EXPOSED_HEADERS: Final = ("retry-after", "x-amzn-requestid")
_CORS_MAX_AGE_SECONDS: Final = 3600
_BEARER: Final = r"^Bearer [-_0-9a-zA-Z]+\.[-_0-9a-zA-Z]+\.[-_0-9a-zA-Z]+$"
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")


@dataclass(frozen=True)
class EdgeRoute:
    """A service that the API leads to.

    Parameters
    ----------
    name : str
        The service's name.
    path : str
        As `/orders`: the API answers it and everything below it.
    """

    name: str
    path: str


@takes_sequences
@dataclass(frozen=True)
class DocumentInputs:
    """What the document is made from; all but the routes may be Terraform expressions."""

    title: str
    description: str
    routes: Sequence[EdgeRoute]
    authorizer_invoke_arn: str
    authorizer_ttl_seconds: int
    cors_origin: str


def api_document(inputs: DocumentInputs) -> dict[str, Any]:
    """Return the OpenAPI document with API Gateway's extensions.

    Its stages must have the variables `BACKEND_VARIABLE` and `VPC_LINK_VARIABLE`.

    Raises
    ------
    ConfigError
        If there is no route, one is given twice, or a path is no plain one: all at once.
    """
    _check(inputs.routes)
    paths: dict[str, Any] = {}
    for route in sorted(inputs.routes, key=lambda route: route.path):
        paths[route.path] = _path_item(inputs, route, below=False)
        paths[f"{route.path}/{{proxy+}}"] = _path_item(inputs, route, below=True)
    return {
        "openapi": "3.0.1",
        "info": {"title": inputs.title, "description": inputs.description, "version": "1"},
        "paths": paths,
        "components": {
            "securitySchemes": {_AUTHORIZER: _authorizer(inputs), _API_KEY: _api_key()},
            "schemas": {_BODY_MODEL: {"type": "object"}},
        },
        "x-amazon-apigateway-api-key-source": "AUTHORIZER",
        "x-amazon-apigateway-request-validators": {
            "parameters": {"validateRequestParameters": True, "validateRequestBody": False},
            "all": {"validateRequestParameters": True, "validateRequestBody": True},
        },
        "x-amazon-apigateway-gateway-responses": _gateway_responses(inputs.cors_origin),
    }


def _check(routes: Sequence[EdgeRoute]) -> None:
    problems = [] if routes else ["routes: got none; allowed one or more"]
    for what, values in (
        ("name", [route.name for route in routes]),
        ("path", [route.path for route in routes]),
    ):
        problems += [
            f"routes: got {what} {value!r} {count} times; allowed once"
            for value, count in Counter(values).items()
            if count > 1
        ]
    problems += [
        f"routes.{route.name}.path: got {route.path!r}; allowed a path as /orders"
        for route in routes
        if not _PATH.fullmatch(route.path)
    ]
    if problems:
        raise ConfigError(problems)


def _path_item(inputs: DocumentInputs, route: EdgeRoute, *, below: bool) -> dict[str, Any]:
    item: dict[str, Any] = {
        method.lower(): _operation(inputs, route, method, below=below) for method in METHODS
    }
    item["options"] = _preflight(inputs.cors_origin, below=below)
    return item


def _operation(
    inputs: DocumentInputs, route: EdgeRoute, method: str, *, below: bool
) -> dict[str, Any]:
    # Below a service's path some services take a POST or PUT without a body, as an action.
    with_body = method == "PATCH" or (method == "POST" and not below)
    parameters = {
        # Whatever the client says about itself is overwritten here.
        f"integration.request.header.{TENANT_HEADER}": "context.authorizer.tenantPath",
        f"integration.request.header.{REQUEST_ID_HEADER}": "context.requestId",
    }
    if below:
        parameters["integration.request.path.proxy"] = "method.request.path.proxy"
    operation: dict[str, Any] = {
        "tags": [route.name],
        "parameters": _parameters(below),
        # A proxy passes every answer on; an import warns of the response `default`.
        "responses": {"200": {"description": f"The answer of the service {route.name}"}},
        "security": [{_AUTHORIZER: [], _API_KEY: []}],
        "x-amazon-apigateway-request-validator": "all" if with_body else "parameters",
        "x-amazon-apigateway-integration": {
            "type": "http_proxy",
            "httpMethod": method,
            "uri": f"http://{_BACKEND}{route.path}{'/{proxy}' if below else ''}",
            "connectionType": "VPC_LINK",
            "connectionId": _VPC_LINK,
            "passthroughBehavior": "when_no_match",
            "timeoutInMillis": _TIMEOUT_MILLISECONDS,
            "requestParameters": parameters,
        },
    }
    if with_body:
        schema = {"$ref": f"#/components/schemas/{_BODY_MODEL}"}
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _parameters(below: bool) -> list[dict[str, Any]]:
    if not below:
        return []
    return [{"name": "proxy", "in": "path", "required": True, "schema": {"type": "string"}}]


def _preflight(origin: str, *, below: bool) -> dict[str, Any]:
    """Answer a browser's question; it carries no token, so it has neither tenant nor key."""
    headers = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": ",".join((*METHODS, "OPTIONS")),
        "Access-Control-Allow-Headers": ",".join(_CORS_ALLOWED_HEADERS),
        "Access-Control-Max-Age": str(_CORS_MAX_AGE_SECONDS),
    }
    return {
        "summary": "What a browser may send from another origin",
        "parameters": _parameters(below),
        "responses": {
            "200": {
                "description": "Allowed methods and headers",
                "headers": {name: {"schema": {"type": "string"}} for name in headers},
            }
        },
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "passthroughBehavior": "when_no_match",
            "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "responses": {
                "default": {
                    "statusCode": "200",
                    "responseParameters": {
                        f"method.response.header.{name}": f"'{value}'"
                        for name, value in headers.items()
                    },
                }
            },
        },
    }


def _authorizer(inputs: DocumentInputs) -> dict[str, Any]:
    return {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {
            "type": "token",
            "authorizerUri": inputs.authorizer_invoke_arn,
            "authorizerResultTtlInSeconds": inputs.authorizer_ttl_seconds,
            # What is no token costs no invocation.
            "identityValidationExpression": _BEARER,
        },
    }


def _api_key() -> dict[str, Any]:
    return {"type": "apiKey", "name": "x-api-key", "in": "header"}


def _gateway_responses(origin: str) -> dict[str, Any]:
    """Answers of the API itself: a browser reads them only with the headers of CORS."""
    parameters = {
        "gatewayresponse.header.Access-Control-Allow-Origin": f"'{origin}'",
        "gatewayresponse.header.Access-Control-Allow-Headers": (
            f"'{','.join(_CORS_ALLOWED_HEADERS)}'"
        ),
        "gatewayresponse.header.Access-Control-Expose-Headers": (
            f"'{','.join(_CORS_EXPOSED_HEADERS)}'"
        ),
    }
    template = {"application/json": '{"message":$context.error.messageString}'}
    return {
        kind: {"responseParameters": parameters, "responseTemplates": template}
        for kind in ("DEFAULT_4XX", "DEFAULT_5XX")
    }

"""The API's document: every method judged and counted, the tenant set by the API alone."""

from __future__ import annotations

from typing import Any

import pytest

from constructs_lib.edge.document import METHODS, DocumentInputs, EdgeRoute, api_document
from constructs_lib.errors import ConfigError


def document(*routes: EdgeRoute) -> dict[str, Any]:
    return api_document(
        DocumentInputs(
            title="shop",
            description="A shop",
            routes=routes,
            authorizer_invoke_arn="arn:authorizer",
            authorizer_ttl_seconds=30,
            cors_origin="https://app.example.com",
        )
    )


ORDERS = EdgeRoute("orders", "/orders")
USERS = EdgeRoute("users", "/users")


def test_a_service_has_its_path_and_all_below() -> None:
    paths = document(USERS, ORDERS)["paths"]

    assert list(paths) == ["/orders", "/orders/{proxy+}", "/users", "/users/{proxy+}"]
    for path, item in paths.items():
        assert set(item) == {*(method.lower() for method in METHODS), "options"}, path


def test_every_method_but_the_preflight_needs_a_token_and_a_key() -> None:
    made = document(ORDERS)
    schemes = made["components"]["securitySchemes"]

    assert made["x-amazon-apigateway-api-key-source"] == "AUTHORIZER"
    for item in made["paths"].values():
        for method, operation in item.items():
            if method == "options":
                assert "security" not in operation
                assert operation["x-amazon-apigateway-integration"]["type"] == "mock"
                continue
            (required,) = operation["security"]  # in one entry: all of them, not any
            assert set(required) == set(schemes)
    assert any("x-amazon-apigateway-authorizer" in scheme for scheme in schemes.values())


def test_the_api_says_which_tenant_it_is() -> None:
    for path, item in document(ORDERS)["paths"].items():
        for method in METHODS:
            integration = item[method.lower()]["x-amazon-apigateway-integration"]
            parameters = integration["requestParameters"]
            assert parameters["integration.request.header.tenantPath"] == (
                "context.authorizer.tenantPath"
            )
            assert parameters["integration.request.header.x-request-id"] == "context.requestId"
            assert integration["connectionType"] == "VPC_LINK"
            assert integration["connectionId"] == "${stageVariables.vpcLinkId}"
            assert integration["httpMethod"] == method
            assert integration["uri"] == (
                "http://${stageVariables.backend}" + path.replace("+", "")
            )


def test_what_a_service_creates_is_json() -> None:
    item = document(ORDERS)["paths"]["/orders"]

    assert item["post"]["x-amazon-apigateway-request-validator"] == "all"
    assert "requestBody" in item["post"]
    assert "requestBody" not in item["delete"]


def test_a_page_may_read_the_apis_own_answers() -> None:
    responses = document(ORDERS)["x-amazon-apigateway-gateway-responses"]

    for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
        origin = responses[kind]["responseParameters"][
            "gatewayresponse.header.Access-Control-Allow-Origin"
        ]
        assert origin == "'https://app.example.com'"


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        document(ORDERS, EdgeRoute("orders", "/users"), EdgeRoute("x", "/a/{b}"), USERS)

    assert "name 'orders' 2 times" in str(raised.value)
    assert "path '/users' 2 times" in str(raised.value)
    assert "'/a/{b}'" in str(raised.value)
    with pytest.raises(ConfigError, match="routes: got none"):
        document()

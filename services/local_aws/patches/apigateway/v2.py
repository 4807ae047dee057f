"""API Gateway HTTP APIs: fields of authorizers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.services import apigateway

from services.local_aws.patches.registry import patch, replace

# What only authorizers that are functions have.
_OF_FUNCTIONS = (
    "authorizerPayloadFormatVersion",
    "authorizerUri",
    "authorizerCredentialsArn",
    "authorizerResultTtlInSeconds",
    "enableSimpleResponses",
)


@patch
def jwt_authorizer_fields() -> None:
    """A JWT authorizer has no payload format.

    Stock gives it the one of functions: the second plan wants to remove it.
    """

    def without(authorizer: dict[str, Any]) -> dict[str, Any]:
        if authorizer.get("authorizerType") != "JWT":
            return authorizer
        return {name: value for name, value in authorizer.items() if name not in _OF_FUNCTIONS}

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def handle(*arguments: Any) -> Any:
            status, headers, body = original(*arguments)
            if status >= 400:
                return status, headers, body
            content = json.loads(body)
            if "items" in content:
                content["items"] = [without(item) for item in content["items"]]
            return status, headers, json.dumps(without(content)).encode()

        return handle

    for name in ("_create_authorizer", "_get_authorizer", "_get_authorizers", "_update_authorizer"):
        replace(apigateway, name, make)

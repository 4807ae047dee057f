"""API Gateway, REST APIs: from an OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import apigateway_v1

from services.local_aws.patches.registry import patch, replace, symbol

_PREFIX = "x-amazon-apigateway-"
_METHODS = frozenset(("get", "post", "put", "delete", "patch", "head", "options"))


@patch
def put_rest_api() -> None:
    """An API takes an OpenAPI document as a whole.

    Stock knows no PutRestApi, which is how Terraform gives an API its body; its own import leaves
    out integrations' parameters, validators, models and answers of the API itself.
    """
    apis = symbol(apigateway_v1, "_rest_apis")
    fail = symbol(apigateway_v1, "_v1_error")
    respond = symbol(apigateway_v1, "_v1_response")
    view = symbol(apigateway_v1, "_rest_api_view")

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        async def handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
        ) -> Any:
            parts = path.strip("/").split("/")
            if method != "PUT" or len(parts) != 2 or parts[0] != "restapis":
                return await original(method, path, headers, body, query)
            api = apis.get(parts[1])
            if api is None:
                return fail("NotFoundException", "Invalid API identifier specified", 404)
            try:
                document = json.loads(body)
            except ValueError:
                return fail("BadRequestException", "Unable to parse the document as JSON", 400)
            _Import(api, document).run()
            return respond(view(api))

        return handle

    replace(apigateway_v1, "handle_request", make)


class _Import:
    """Replaces what an API consists of by what a document says."""

    def __init__(self, api: dict[str, Any], document: Mapping[str, Any]) -> None:
        self._api = api
        self._id: str = api["id"]
        self._document = document
        self._validators: dict[str, str] = {}
        self._security: dict[str, dict[str, Any]] = {}

    def run(self) -> None:
        self._clear()
        info = self._document.get("info", {})
        self._api["name"] = info.get("title", self._api["name"])
        self._api["description"] = info.get("description", self._api["description"])
        if source := self._document.get(f"{_PREFIX}api-key-source"):
            self._api["apiKeySource"] = source
        components = self._document.get("components", {})
        for name, schema in components.get("schemas", {}).items():
            self._made("_create_model", {"name": name, "schema": json.dumps(schema)})
        for name, fields in self._document.get(f"{_PREFIX}request-validators", {}).items():
            created = self._made("_create_request_validator", {"name": name, **fields})
            self._validators[name] = created["id"]
        for name, scheme in components.get("securitySchemes", {}).items():
            self._security[name] = self._scheme(name, scheme)
        put = symbol(apigateway_v1, "_put_gateway_response")
        for kind, fields in self._document.get(f"{_PREFIX}gateway-responses", {}).items():
            put(self._id, kind, fields)
        for path, operations in self._document.get("paths", {}).items():
            resource = self._resource(path)
            for method, operation in operations.items():
                if method in _METHODS:
                    self._operation(resource, method.upper(), operation)

    def _clear(self) -> None:
        resources = symbol(apigateway_v1, "_resources")[self._id]
        for resource_id in [key for key, each in resources.items() if each["path"] != "/"]:
            del resources[resource_id]
        self._root: str = next(iter(resources))
        resources[self._root]["resourceMethods"] = {}
        for name in ("_authorizers_v1", "_models", "_gateway_responses", "_request_validators"):
            symbol(apigateway_v1, name)[self._id] = {}

    def _made(self, function: str, *arguments: Any) -> dict[str, Any]:
        status, _, body = symbol(apigateway_v1, function)(self._id, *arguments)
        made: dict[str, Any] = json.loads(body)
        if status >= 400:
            raise ValueError(f"{function}: {made}")
        return made

    def _scheme(self, name: str, scheme: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a method has that requires this scheme."""
        given = scheme.get(f"{_PREFIX}authorizer")
        if given is None:
            return {"apiKeyRequired": True} if scheme.get("type") == "apiKey" else {}
        fields = {
            "name": name,
            "authType": scheme.get(f"{_PREFIX}authtype", "custom"),
            "identitySource": f"method.request.header.{scheme.get('name', 'Authorization')}",
            **given,
            "type": given["type"].upper(),
        }
        authorizer = self._made("_create_authorizer", fields)
        pools = fields["type"] == "COGNITO_USER_POOLS"
        return {
            "authorizationType": "COGNITO_USER_POOLS" if pools else "CUSTOM",
            "authorizerId": authorizer["id"],
        }

    def _resource(self, path: str) -> str:
        resources = symbol(apigateway_v1, "_resources")[self._id]
        parent = self._root
        for part in path.strip("/").split("/"):
            known = (
                key
                for key, each in resources.items()
                if each["parentId"] == parent and each["pathPart"] == part
            )
            found = next(known, None)
            parent = found or self._made("_create_resource", parent, {"pathPart": part})["id"]
        return parent

    def _operation(self, resource: str, method: str, operation: Mapping[str, Any]) -> None:
        fields: dict[str, Any] = {
            "operationName": operation.get("operationId", ""),
            "requestParameters": {
                f"method.request.{_place(each['in'])}.{each['name']}": each.get("required", False)
                for each in operation.get("parameters", ())
            },
            "requestModels": {
                kind: content["schema"]["$ref"].rpartition("/")[2]
                for kind, content in operation.get("requestBody", {}).get("content", {}).items()
                if "$ref" in content.get("schema", {})
            },
            "requestValidatorId": self._validators.get(
                operation.get(f"{_PREFIX}request-validator", "")
            ),
        }
        for requirement in operation.get("security", self._document.get("security", ())):
            for name in requirement:
                fields |= self._security.get(name, {})
        self._made("_put_method", resource, method, fields)
        for status, response in operation.get("responses", {}).items():
            if status != "default":
                given = {
                    f"method.response.header.{name}": False for name in response.get("headers", {})
                }
                self._made(
                    "_put_method_response", resource, method, status, {"responseParameters": given}
                )
        if integration := operation.get(f"{_PREFIX}integration"):
            self._integration(resource, method, integration)

    def _integration(self, resource: str, method: str, given: Mapping[str, Any]) -> None:
        fields = {**given, "type": given["type"].upper()}
        if behavior := given.get("passthroughBehavior"):
            fields["passthroughBehavior"] = behavior.upper()
        self._made("_put_integration", resource, method, fields)
        for pattern, response in given.get("responses", {}).items():
            selection = "" if pattern == "default" else pattern
            self._made(
                "_put_integration_response",
                resource,
                method,
                response["statusCode"],
                {**response, "selectionPattern": selection},
            )


def _place(place: str) -> str:
    return "querystring" if place == "query" else place

"""API Gateway, REST APIs: what happens to a request on its way."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ministack.services import alb, apigateway_v1, cloudwatch_logs

from services.local_aws.patches.apigateway.v1 import VPC_LINKS
from services.local_aws.patches.registry import patch, replace, symbol

_HEADER = "integration.request.header."
_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_.]+[A-Za-z0-9_])")
_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")
# What a path may hold without an escape. https://www.rfc-editor.org/rfc/rfc3986#section-3.3
_PATH_CHARACTERS = "/-._~!$&'()*+,;=:@"
# In the authorizer's policy, which is cached and applied to each request, and nowhere else.
_TOLD = "\0told"


@dataclass
class _Exchange:
    """One request, as far as it has come."""

    method: str
    path: str
    started: float = field(default_factory=time.monotonic)
    request: Mapping[str, Any] = field(default_factory=dict)
    authorizer: Mapping[str, str] = field(default_factory=dict)
    usage_key: str = ""
    error: tuple[str, str] | None = None
    authorizer_seconds: float | None = None
    integration_seconds: float | None = None


_exchange: ContextVar[_Exchange] = ContextVar("exchange")


@patch
def generated_api_key() -> None:
    """A key without a value gets one.

    Terraform sends an empty value where AWS shall make one up, which stock finds too short.
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def create(data: Mapping[str, Any]) -> Any:
            return original({n: v for n, v in data.items() if n != "value" or v})

        return create

    replace(apigateway_v1, "_create_api_key", make)


@patch
def numbers_of_usage_plans() -> None:
    """What a usage plan allows stays a number when it is changed.

    A patch operation has its value as text, which stock keeps, and the provider cannot read then.
    https://docs.aws.amazon.com/apigateway/latest/api/API_UsagePlan.html
    """
    plans = symbol(apigateway_v1, "_usage_plans")
    respond = symbol(apigateway_v1, "_v1_response")
    kinds: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
        "throttle": {"rateLimit": float, "burstLimit": int},
        "quota": {"limit": int, "offset": int},
    }

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def update(plan_id: str, data: Mapping[str, Any]) -> Any:
            answer = original(plan_id, data)
            if answer[0] >= 400:
                return answer
            plan = plans[plan_id]
            for block, fields in kinds.items():
                for name, kind in fields.items():
                    if isinstance((plan.get(block) or {}).get(name), str):
                        plan[block][name] = kind(plan[block][name])
            return respond(plan)

        return update

    replace(apigateway_v1, "_update_usage_plan", make)


@patch
def authorizers_api_key() -> None:
    """The authorizer names the API key where the API says so.

    Stock takes keys from the header `x-api-key` whatever `apiKeySource` is, so nobody's usage is
    told from another's.
    """

    def make_invoke(original: Callable[..., Any]) -> Callable[..., Any]:
        async def invoke(*arguments: Any) -> Any:
            result = await original(*arguments)
            body = (result or {}).get("body")
            try:
                answer = json.loads(body) if isinstance(body, str | bytes) else body
            except ValueError:
                return result
            if not isinstance(answer, dict) or result.get("error"):
                return result
            policy = answer.get("policyDocument")
            if not isinstance(policy, dict):
                return result
            return {**result, "body": {**answer, "policyDocument": {**policy, _TOLD: answer}}}

        return invoke

    def make_authorize(original: Callable[..., Any]) -> Callable[..., Any]:
        async def authorize(*arguments: Any) -> Any:
            started = time.monotonic()
            result = await original(*arguments)
            _exchange.get().authorizer_seconds = time.monotonic() - started
            return result

        return authorize

    def make_evaluate(original: Callable[..., Any]) -> Callable[..., Any]:
        def evaluate(policy: Mapping[str, Any], method_arn: str) -> Any:
            told = policy.get(_TOLD, {})
            exchange = _exchange.get()
            exchange.usage_key = str(told.get("usageIdentifierKey") or "")
            # Of who is denied too: the access log names them.
            context = {**(told.get("context") or {}), "principalId": told.get("principalId")}
            exchange.authorizer = symbol(apigateway_v1, "_stringify_context")(context)
            return original(policy, method_arn)

        return evaluate

    def make_check(original: Callable[..., Any]) -> Callable[..., Any]:
        def check(method: Any, api_id: str, stage: str, headers: Any) -> Any:
            api = symbol(apigateway_v1, "_rest_apis").get(api_id, {})
            if api.get("apiKeySource") == "AUTHORIZER":
                headers = {"x-api-key": _exchange.get().usage_key}
            return original(method, api_id, stage, headers)

        return check

    replace(apigateway_v1, "_invoke_authorizer_lambda", make_invoke)
    replace(apigateway_v1, "_authorize_request_v1", make_authorize)
    replace(apigateway_v1, "_evaluate_policy", make_evaluate)
    replace(apigateway_v1, "_check_api_key", make_check)


@patch
def vpc_link_integrations() -> None:
    """A proxy integration goes through its VPC link, with the headers that it maps.

    Stock looks the backend's host name up, which only AWS knows, and passes the client's headers
    on as they are.
    """

    def make_put(original: Callable[..., Any]) -> Callable[..., Any]:
        def put(api_id: str, resource_id: str, method: str, data: dict[str, Any]) -> Any:
            status, headers, body = original(api_id, resource_id, method, data)
            if status >= 400 or "connectionId" not in data:
                return status, headers, body
            resource = symbol(apigateway_v1, "_resources")[api_id][resource_id]
            integration = resource["resourceMethods"][method]["methodIntegration"]
            integration["connectionId"] = data["connectionId"]
            return status, headers, json.dumps(integration).encode()

        return put

    def make_invoke(original: Callable[..., Any]) -> Callable[..., Any]:
        async def invoke(  # noqa: PLR0917 - the emulator's signature
            integration: Mapping[str, Any],
            path: str,
            method: str,
            headers: Mapping[str, Any],
            body: bytes,
            query: Mapping[str, Any],
            path_params: Mapping[str, str] | None = None,
        ) -> Any:
            mapped = _mapped_headers(integration, headers)
            exchange = _exchange.get()
            started = time.monotonic()
            try:
                if integration.get("connectionType") != "VPC_LINK":
                    return await original(
                        integration, path, method, mapped, body, query, path_params
                    )
                wait = int(integration.get("timeoutInMillis") or 29_000) / 1000
                sending = _through_link(integration, mapped, body, query, path_params or {})
                return await asyncio.wait_for(sending, wait)
            except TimeoutError:
                fail = symbol(apigateway_v1, "_gw_error")
                return fail("INTEGRATION_TIMEOUT", "Endpoint request timed out")
            finally:
                exchange.integration_seconds = time.monotonic() - started

        return invoke

    replace(apigateway_v1, "_put_integration", make_put)
    replace(apigateway_v1, "_invoke_http_proxy_v1", make_invoke)


def _mapped_headers(
    integration: Mapping[str, Any], headers: Mapping[str, Any]
) -> dict[str, str | list[str]]:
    """Return the headers of the backend's request: mapped ones replace the client's."""
    sent = {name.lower(): value for name, value in headers.items()}
    for target, source in (integration.get("requestParameters") or {}).items():
        if not target.startswith(_HEADER):
            continue
        # The emulator has header names in lower case everywhere.
        name = target.removeprefix(_HEADER).lower()
        sent.pop(name, None)
        value = _value_of(source, headers)
        if value is not None:
            sent[name] = value
    return sent


def _value_of(source: str, headers: Mapping[str, Any]) -> str | None:
    exchange = _exchange.get()
    if source.startswith("'"):
        return source.strip("'")
    if source == "context.requestId":
        return str(exchange.request["request_id"])
    kind, _, name = source.rpartition(".")
    if kind == "context.authorizer":
        return exchange.authorizer.get(name)
    if kind == "method.request.header":
        found = symbol(apigateway_v1, "_header_ci")(headers, name)
        return str(found) if found else None
    return None


def _staged(text: str) -> str:
    """Return `text` with the variables of the request's stage put in, as AWS does.

    A variable that the stage lacks becomes nothing.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/stage-variables.html
    """
    variables = (_exchange.get().request.get("stage") or {}).get("variables") or {}
    return _STAGE_VARIABLE.sub(lambda found: variables.get(found[1], ""), text)


async def _through_link(
    integration: Mapping[str, Any],
    headers: Mapping[str, Any],
    body: bytes,
    query: Mapping[str, Any],
    path_params: Mapping[str, str],
) -> Any:
    """Send a request to the network load balancer that a VPC link is made for."""
    link = symbol(apigateway_v1, VPC_LINKS).get(_staged(integration.get("connectionId") or ""))
    balancer = symbol(alb, "_lbs").get(link["targetArns"][0]) if link else None
    if balancer is None:
        fail = symbol(apigateway_v1, "_gw_error")
        return fail("INTEGRATION_FAILURE", "Internal server error")
    uri = urlsplit(_staged(integration["uri"]))
    path = raw_path = uri.path
    for target, source in (integration.get("requestParameters") or {}).items():
        if target.startswith("integration.request.path."):
            place = f"{{{target.rpartition('.')[2]}}}"
            value = path_params.get(source.rpartition(".")[2], "")
            path = path.replace(place, value)
            raw_path = raw_path.replace(place, quote(value, safe=_PATH_CHARACTERS))
    sent = {name: value for name, value in headers.items() if name.lower() != "host"}
    sent["host"] = uri.netloc
    sent["x-amzn-apigateway-api-id"] = _exchange.get().request["api_id"]
    dispatch = symbol(alb, "dispatch_request")
    return await dispatch(
        balancer,
        integration["httpMethod"],
        path,
        sent,
        body or b"",
        query,
        uri.port or 80,
        raw_query_string=urlencode(query, doseq=True),
        raw_path=raw_path,
    )


@patch
def access_logs() -> None:
    """Each request to a stage is a line in the log group that the stage names.

    Stock keeps the setting and writes nothing.
    """

    def make_handle(original: Callable[..., Any]) -> Callable[..., Any]:
        async def handle(api_id: str, stage: str, method: str, path: str, *more: Any) -> Any:
            exchange = _Exchange(method, path)
            token = _exchange.set(exchange)
            try:
                answer = await original(api_id, stage, method, path, *more)
            finally:
                _exchange.reset(token)
            if exchange.request.get("request_id"):
                answer[1].setdefault("x-amzn-requestid", exchange.request["request_id"])
                _write(exchange, stage, answer)
            return answer

        return handle

    def make_execute(original: Callable[..., Any]) -> Callable[..., Any]:
        async def execute(request: Mapping[str, Any], *more: Any) -> Any:
            _exchange.get().request = request
            return await original(request, *more)

        return execute

    def make_error(original: Callable[..., Any]) -> Callable[..., Any]:
        def answer(error: Any, request: Mapping[str, Any]) -> Any:
            if exchange := _exchange.get(None):
                exchange.error = (error.response_type, error.message or "")
            return original(error, request)

        return answer

    replace(apigateway_v1, "_handle_execute_in_scope", make_handle)
    replace(apigateway_v1, "_execute_in_scope", make_execute)
    replace(apigateway_v1, "_gateway_error_response", make_error)


def _write(exchange: _Exchange, stage_name: str, answer: Any) -> None:
    stage = exchange.request.get("stage") or {}
    settings = stage.get("accessLogSettings") or {}
    group = settings.get("destinationArn", "").partition(":log-group:")[2].removesuffix(":*")
    if not group:
        return
    values = _variables(exchange, stage_name, answer)
    line = _VARIABLE.sub(lambda found: values.get(found[1]) or "-", settings.get("format") or "")
    where = {"logGroupName": group, "logStreamName": f"{exchange.request['api_id']}-{stage_name}"}
    symbol(cloudwatch_logs, "_create_log_stream")(where)  # an error if it exists, which is well
    event = {"timestamp": int(time.time() * 1000), "message": line}
    symbol(cloudwatch_logs, "_put_log_events")({**where, "logEvents": [event]})


def _variables(exchange: _Exchange, stage_name: str, answer: Any) -> dict[str, str]:
    """Return the variables of access logs that the emulator can tell."""
    status, _, body = answer
    header = symbol(apigateway_v1, "_header_ci")
    headers = exchange.request["headers"]
    kind, message = exchange.error or ("", "")
    length = len(body) if isinstance(body, bytes | str) else None
    return {
        "requestId": str(exchange.request["request_id"]),
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
        "httpMethod": exchange.method,
        "path": quote(f"/{stage_name}{exchange.path}", safe=_PATH_CHARACTERS),
        "resourcePath": str(exchange.request["resource_path"]),
        "stage": stage_name,
        "apiId": str(exchange.request["api_id"]),
        "status": str(status),
        "responseLength": "" if length is None else str(length),
        "responseLatency": _milliseconds(time.monotonic() - exchange.started),
        "integrationLatency": _milliseconds(exchange.integration_seconds),
        "authorizer.latency": _milliseconds(exchange.authorizer_seconds),
        "identity.sourceIp": header(headers, "x-forwarded-for").partition(",")[0] or "127.0.0.1",
        "error.message": message,
        "error.messageString": json.dumps(message) if message else "",
        "error.responseType": kind,
        **{f"authorizer.{name}": value for name, value in exchange.authorizer.items()},
    }


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else str(round(seconds * 1000))

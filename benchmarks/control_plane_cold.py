"""Cold start of each function, beside a warm call of the same; and what its imports cost."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.control_plane_system import PROJECT, System
from benchmarks.measure import Verdict, at_most
from services.tenancy.events import EventName

RUNS = 5
LIMIT_SECONDS = 1.0
_WARM = 10
_COLDER = 1.5  # times a warm call, at least: else no new worker was started
_IMPORT = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"


@dataclass(frozen=True)
class Function:
    """A function, its code, and an event that it answers without changing anything."""

    name: str
    module: str
    event: Mapping[str, Any]
    refuses: bool = False


def cold_starts(system: System, registration_id: str) -> Iterator[Verdict]:
    """Measure each function. The registration is of a tenant whose onboarding has ended."""
    client = system.client("lambda")
    for function in _functions(system, registration_id):
        cold, warm = [], []
        timeout = client.get_function_configuration(FunctionName=function.name)["Timeout"]
        for _ in range(RUNS):
            # The next call gets a new worker: that of an older configuration has ended.
            client.update_function_configuration(FunctionName=function.name, Timeout=timeout)
            client.get_waiter("function_updated_v2").wait(FunctionName=function.name)
            cold.append(_invoke(client, function))
            warm += [_invoke(client, function) for _ in range(_WARM)]
        imports = [_import_seconds(function.module) for _ in range(RUNS)]
        name = f"cold start of {function.name.removeprefix(f'{system.configuration.prefix}-')}"
        measured = (
            f"least {min(cold):.2f}, most {max(cold):.2f}; "
            f"warm {statistics.median(warm) * 1e3:.0f} ms; imports {min(imports):.2f} s"
        )
        if statistics.median(cold) < _COLDER * statistics.median(warm):
            # The worker was kept, or a refusal has ended the warm one: no figure of a cold start.
            yield Verdict(name, f"cold and warm calls cannot be told apart: {measured}", "-", None)
        else:
            yield at_most(name, statistics.median(cold), LIMIT_SECONDS, " s", measured)


def _functions(system: System, registration_id: str) -> tuple[Function, ...]:
    prefix, region = system.configuration.prefix, system.configuration.region
    started = _started_operation(system)
    detail = {"eventId": f"bench-{uuid.uuid4().hex}", "tenantRegistrationId": registration_id}
    usage = {
        "id": uuid.uuid4().hex,
        "source": "benchmarks",
        "detail-type": EventName.PROVISION_SUCCESS.value,
        "detail": detail,
    }
    return (
        Function(f"{prefix}-cp-api", "services.control_plane.http.api", _api_event()),
        Function(f"{prefix}-cp-outbox", "services.control_plane.outbox", {"Records": []}),
        Function(
            f"{prefix}-cp-events",
            "services.control_plane.consumers.application_events",
            usage,
            refuses=True,
        ),
        Function(f"{prefix}-cp-sweep", "services.control_plane.sweep", {}),
        Function(
            f"{prefix}-cp-billing",
            "services.control_plane.consumers.billing_events",
            usage,
            refuses=True,
        ),
        Function(f"{prefix}-start-operation", "services.provisioning.jobs.starter", started),
        Function(
            f"{prefix}-authorizer",
            "services.application.authorizer.function",
            {
                "methodArn": f"arn:aws:execute-api:{region}:1:api/prod/GET/orders",
                "authorizationToken": "Bearer no.real.token",
            },
            refuses=True,
        ),
        Function(
            f"{prefix}-token-claims",
            "services.application.token_claims.handler",
            {"region": region, "userPoolId": f"{region}_None", "request": {}},
            refuses=True,
        ),
    )


def _api_event() -> dict[str, Any]:
    """Return a request that reads the registry, as most do."""
    scope = "tenant/tenant_read"
    claims = {"sub": "benchmark", "client_id": "benchmark", "scope": scope}
    return {
        "version": "2.0",
        "routeKey": "GET /tenants",
        "rawPath": "/tenants",
        "rawQueryString": "limit=1",
        "queryStringParameters": {"limit": "1"},
        "headers": {"host": "benchmark"},
        "requestContext": {
            "stage": "$default",
            "requestId": "benchmark",
            "authorizer": {"jwt": {"claims": claims, "scopes": [scope]}},
            "http": {"method": "GET", "path": "/tenants", "sourceIp": "127.0.0.1"},
        },
        "isBase64Encoded": False,
    }


def _started_operation(system: System) -> dict[str, Any]:
    """Return the request of an operation that has run: to start it again does nothing."""
    states = system.client("stepfunctions")
    (machine,) = (
        each["stateMachineArn"]
        for each in states.list_state_machines()["stateMachines"]
        if each["name"].startswith(system.configuration.prefix)
    )
    execution = states.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")[
        "executions"
    ][0]
    given = states.describe_execution(executionArn=execution["executionArn"])["input"]
    request: dict[str, Any] = json.loads(json.loads(given)["operation"])
    return request


def _invoke(client: Any, function: Function) -> float:
    payload = json.dumps(function.event).encode()
    started = time.perf_counter()
    answer = client.invoke(FunctionName=function.name, Payload=payload)
    text = answer["Payload"].read().decode()
    seconds = time.perf_counter() - started
    if ("FunctionError" in answer) is not function.refuses:
        raise RuntimeError(f"{function.name} answered {text[:500]}")
    return seconds


def _import_seconds(module: str) -> float:
    finished = subprocess.run(
        [sys.executable, "-c", _IMPORT.format(module)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(finished.stdout)

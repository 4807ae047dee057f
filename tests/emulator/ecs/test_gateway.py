"""The gateway's configuration in the real Envoy, in front of services that misbehave."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import envoy
import pytest

from constructs_lib.gateway.config import MAX_REQUEST_BYTES, envoy_config
from constructs_lib.gateway.upstream import Route
from tests.aws import free_port
from tests.emulator.ecs.environment import call, wait_for

pytestmark = pytest.mark.local_aws

TIMEOUT_SECONDS = 2


class Service(ThreadingHTTPServer):
    """One task of a service: answers with what it has got, or as it was told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[str] = []
        self.behaviour = "well"
        self.awake = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        service = self.server
        assert isinstance(service, Service)
        self.rfile.read(int(self.headers.get("content-length", 0)))
        service.seen.append(self.command)
        if service.behaviour == "hang up":
            self.close_connection = True
            return
        if service.behaviour == "sleep":
            service.awake.wait(10)
            self.close_connection = True
            return
        body = json.dumps(dict(self.headers.items())).encode()
        self.send_response(503 if service.behaviour == "fail" else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - names of the base class

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class Gateway:
    """An Envoy and the two tasks of its only service."""

    port: int
    log: Path
    tasks: list[Service] = field(default_factory=lambda: [Service(), Service()])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def seen(self) -> list[str]:
        """Return the requests since the last time."""
        seen = [method for task in self.tasks for method in task.seen]
        for task in self.tasks:
            task.seen.clear()
        return seen

    def behave(self, *behaviours: str) -> None:
        for task, behaviour in zip(self.tasks, behaviours, strict=True):
            task.behaviour = behaviour

    def logged(self, request_id: str) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            lines = [line for line in self.log.read_text().splitlines() if request_id in line]
            return json.loads(lines[0]) if lines else None

        line = wait_for("access log", found)
        assert line is not None
        return line


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    gateway = Gateway(free_port(), tmp_path / "log")
    config: dict[str, Any] = envoy_config(
        [Route("orders", "/orders", 1)],
        "acme.sc",
        port=gateway.port,
        timeout_seconds=TIMEOUT_SECONDS,
    )
    config["static_resources"]["listeners"][0]["address"]["socket_address"]["address"] = "127.0.0.1"
    (cluster,) = config["static_resources"]["clusters"]
    # The alias' addresses, without the name server of a task.
    cluster["load_assignment"]["endpoints"][0]["lb_endpoints"] = [
        {
            "endpoint": {
                "address": {
                    "socket_address": {"address": "127.0.0.1", "port_value": task.server_port}
                }
            }
        }
        for task in gateway.tasks
    ]
    cluster.pop("cluster_type")
    cluster["type"] = "STATIC"
    binary = Path(envoy.__file__).parent / "_bin" / "envoy"
    with gateway.log.open("wb") as log:
        process = subprocess.Popen(
            [
                *(binary, "--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"),
                *("--config-yaml", json.dumps(config)),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for("gateway", lambda: _healthy(gateway, process))
            yield gateway
        finally:
            process.terminate()
            process.wait(10)
            for task in gateway.tasks:
                task.awake.set()
                task.shutdown()
                task.server_close()


def _healthy(gateway: Gateway, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, gateway.log.read_text()
    try:
        return call("GET", gateway.url("/health")).status == 200
    except OSError:
        return False


def test_what_a_client_says_of_itself_ends_at_the_gateway(gateway: Gateway) -> None:
    sent = {
        "Authorization": "Bearer token",
        "tenantPath": "acme",
        "tenantId": "other",
        "X-Tenant-Anything": "other",
        "x_tenant_id": "other",
        "x-user-role": "TenantAdmin",
        "X-Envoy-Retry-On": "5xx",
        "X-Envoy-Max-Retries": "50",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=1.2.3.4",
        "X-Original-Url": "/admin",
    }
    answer = call("GET", gateway.url("/orders/1"), headers=sent)
    got = {name.lower(): value for name, value in answer.body.items()}
    assert (got["authorization"], got["tenantpath"]) == ("Bearer token", "acme")
    assert "other" not in got.values()
    assert not {"x-forwarded-host", "forwarded", "x-original-url", "x-user-role"} & got.keys()

    gateway.behave("fail", "fail")
    gateway.seen()
    assert call("GET", gateway.url("/orders/1"), headers=sent).status == 503
    assert gateway.seen() == ["GET"]  # and not fifty times


def test_reads_are_tried_again_and_writes_are_not(gateway: Gateway) -> None:
    gateway.behave("hang up", "well")
    for _ in range(4):
        assert call("GET", gateway.url("/orders")).status == 200
    gateway.behave("hang up", "hang up")
    gateway.seen()
    assert call("POST", gateway.url("/orders"), {"a": 1}).status == 503
    assert gateway.seen() == ["POST"]


def test_a_task_that_only_fails_is_left_alone(gateway: Gateway) -> None:
    gateway.behave("fail", "well")

    def settled() -> bool:
        return all(call("GET", gateway.url("/orders")).status == 200 for _ in range(12))

    wait_for("ejection", settled, 10)
    gateway.tasks[0].seen.clear()
    assert settled()
    assert gateway.tasks[0].seen == []


def test_who_waits_too_long_is_told_so(gateway: Gateway) -> None:
    gateway.behave("sleep", "sleep")
    began = time.monotonic()
    answer = call("POST", gateway.url("/orders"), {"a": 1})
    took = time.monotonic() - began
    assert (answer.status, "message" in answer.body) == (504, True)
    assert TIMEOUT_SECONDS - 0.1 < took < TIMEOUT_SECONDS + 2
    assert gateway.seen() == ["POST"]  # and not once more


def test_a_body_has_a_limit_and_so_have_headers(gateway: Gateway) -> None:
    assert call("POST", gateway.url("/orders"), "x" * (MAX_REQUEST_BYTES // 2)).status == 200
    gateway.seen()
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    connection.request("POST", "/orders", b"x" * (MAX_REQUEST_BYTES + 1))
    answer = connection.getresponse()
    assert answer.status == 413
    assert "message" in json.loads(answer.read())
    connection.close()
    assert call("GET", gateway.url("/orders"), headers={"x-long": "x" * 40_000}).status == 431
    assert gateway.seen() == []


def test_no_path_becomes_another(gateway: Gateway) -> None:
    refused = [
        *("/users/../orders", "/users/%2e%2e/orders", "/users/.%2E/orders/1", "/orders/../users"),
        *("/orders/./1", "//orders", "/orders//1", "/orders/%2e%2e/..", "/users/..%5corders"),
        *("/users/..%2forders", "/users\\..\\orders"),
    ]
    assert {path: raw(gateway, path) for path in refused} == dict.fromkeys(refused, 400)
    assert gateway.seen() == []
    passing = ["/orders/1?at=/../users", "/orders/1.2"]
    assert {path: raw(gateway, path) for path in passing} == dict.fromkeys(passing, 200)


def raw(gateway: Gateway, path: str) -> int:
    """Ask for a path as it stands: clients resolve some of them before they ask."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])


def test_each_request_has_an_id_and_a_line_with_the_tenant(gateway: Gateway) -> None:
    answer = call("GET", gateway.url("/orders"), headers={"tenantPath": "acme"})
    given = answer.headers["x-request-id"]
    assert {name.lower(): value for name, value in answer.body.items()}["x-request-id"] == given
    line = gateway.logged(given)
    assert (line["tenantPath"], line["status"], line["service"]) == ("acme", 200, "orders")
    kept = call("GET", gateway.url("/orders"), headers={"x-request-id": "from-the-client"})
    assert kept.headers["x-request-id"] == "from-the-client"


def test_a_page_of_another_origin_may_read_answers(gateway: Gateway) -> None:
    for path in ("/orders", "/nothing"):
        answer = call("GET", gateway.url(path))
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "etag" in answer.headers["access-control-expose-headers"]

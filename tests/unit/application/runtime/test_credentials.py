"""Credentials: one session for each tenant, kept, renewed and bounded."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.application.runtime.credentials import (
    REFRESH_SECONDS,
    RENEWAL_SECONDS,
    RETRY_SECONDS,
    SESSION_SECONDS,
    TENANTS_KEPT,
    BoundCredentials,
    CredentialsUnavailableError,
    ForeignTenantError,
    PoolCredentials,
    SiloCredentials,
)
from services.application.runtime.logs import current_tenant
from services.application.runtime.tenant import Tenant

ROLE = "arn:aws:iam::123456789012:role/tenant"


class Later(Executor):
    """Runs what it is given when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], Any]] = []

    def submit(self, call: Any, /, *args: Any, **named: Any) -> Future[Any]:
        self.waiting.append(lambda: call(*args, **named))
        return Future()

    def run(self) -> None:
        while self.waiting:
            self.waiting.pop()()


class Sts:
    """An STS that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.refuses = False
        self.now = 0.0
        self.background = Later()

    def assume_role(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        if self.refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole")
        number = len(self.asked)
        return {
            "Credentials": {
                "AccessKeyId": f"ASIA{number:016d}",
                "SecretAccessKey": "secret",
                "SessionToken": f"token-{number}",
            }
        }

    def credentials(self, kept: int = 500) -> PoolCredentials:
        return PoolCredentials(
            "eu-west-1",
            ROLE,
            "products",
            sts=lambda: self,
            clock=lambda: self.now,
            kept=kept,
            background=self.background,
        )


@pytest.fixture
def sts() -> Sts:
    return Sts()


def key_of(client: Any) -> str:
    return str(client._request_signer._credentials.access_key)


def test_the_session_carries_the_tenant_as_its_tag(sts: Sts) -> None:
    sts.credentials().client("acme", "dynamodb")
    (request,) = sts.asked
    assert request["RoleArn"] == ROLE
    assert request["Tags"] == [{"Key": "TenantId", "Value": "acme"}]
    assert request["RoleSessionName"] == "products-acme"


def test_tenants_never_share_a_client(sts: Sts) -> None:
    credentials = sts.credentials()
    one, two = credentials.client("one", "dynamodb"), credentials.client("two", "dynamodb")
    assert key_of(one) != key_of(two)
    assert credentials.client("one", "dynamodb") is one
    assert len(sts.asked) == 2


def test_credentials_are_renewed_beside_the_requests_that_use_them(sts: Sts) -> None:
    credentials = sts.credentials()
    first = credentials.client("acme", "dynamodb")
    sts.now = SESSION_SECONDS - REFRESH_SECONDS - 1
    assert credentials.client("acme", "dynamodb") is first
    sts.now += 2
    for _ in range(3):
        assert credentials.client("acme", "dynamodb") is first
    assert (len(sts.asked), len(sts.background.waiting)) == (1, 1)
    sts.background.run()
    assert key_of(credentials.client("acme", "dynamodb")) != key_of(first)
    assert len(sts.asked) == 2


def test_a_renewal_that_fails_leaves_what_there_is_and_is_tried_again(sts: Sts) -> None:
    credentials = sts.credentials()
    first = credentials.client("acme", "dynamodb")
    sts.now = SESSION_SECONDS - REFRESH_SECONDS + 1
    sts.refuses = True
    for _ in range(3):
        assert credentials.client("acme", "dynamodb") is first
        sts.background.run()
    assert len(sts.asked) == 2
    sts.now += RETRY_SECONDS
    sts.refuses = False
    credentials.client("acme", "dynamodb")
    sts.background.run()
    assert key_of(credentials.client("acme", "dynamodb")) != key_of(first)


def test_nothing_is_done_with_credentials_about_to_end(sts: Sts) -> None:
    credentials = sts.credentials()
    first = credentials.client("acme", "dynamodb")
    sts.now = SESSION_SECONDS - RENEWAL_SECONDS + 1
    assert key_of(credentials.client("acme", "dynamodb")) != key_of(first)


def test_credentials_are_those_of_the_verified_tenant_or_none(sts: Sts) -> None:
    credentials = BoundCredentials(sts.credentials())
    with pytest.raises(ForeignTenantError, match="no token"):
        credentials.client("acme", "dynamodb")
    verified = current_tenant.set(Tenant("acme", "Acme", "basic", "u", "ann", "TenantUser"))
    try:
        assert credentials.client("acme", "dynamodb")
        with pytest.raises(ForeignTenantError, match="acme, the call for other"):
            credentials.client("other", "dynamodb")
    finally:
        current_tenant.reset(verified)
    assert len(sts.asked) == 1


def test_the_tenant_not_seen_for_longest_is_forgotten(sts: Sts) -> None:
    credentials = sts.credentials(kept=2)
    for tenant in ("one", "two", "one", "three", "one"):
        credentials.client(tenant, "dynamodb")
    assert len(sts.asked) == 3
    credentials.client("two", "dynamodb")
    assert len(sts.asked) == 4


def test_many_requests_of_a_new_tenant_ask_once(sts: Sts) -> None:
    credentials = sts.credentials()
    threads = [
        threading.Thread(target=credentials.client, args=("acme", "dynamodb")) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sts.asked) == 1


def test_a_refusal_is_told_and_not_kept(sts: Sts) -> None:
    credentials = sts.credentials()
    sts.refuses = True
    with pytest.raises(CredentialsUnavailableError):
        credentials.client("acme", "dynamodb")
    sts.refuses = False
    assert credentials.client("acme", "dynamodb") is not None


def test_a_silo_serves_its_own_tenant_only() -> None:
    credentials = SiloCredentials("eu-west-1", "acme")
    with pytest.raises(CredentialsUnavailableError):
        credentials.client("other", "dynamodb")


def test_a_tenant_costs_a_fraction_of_a_megabyte(sts: Sts) -> None:
    credentials = sts.credentials()
    credentials.client("first", "dynamodb")  # what all of them share
    tenants = 10
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(tenants):
            credentials.client(f"tenant-{number}", "dynamodb")
        gc.collect()
        each = tracemalloc.get_traced_memory()[0] / tenants
    finally:
        tracemalloc.stop()
    assert each < 300 * 1024


def test_what_is_kept_leaves_room_for_requests_in_the_smallest_task() -> None:
    proxy, process, tenant = 64, 100, 0.31
    assert 512 - proxy - process - TENANTS_KEPT * tenant >= 100


def test_tenants_share_connections_and_no_keys(sts: Sts, monkeypatch: pytest.MonkeyPatch) -> None:
    with Dynamo() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url)
        credentials = sts.credentials()
        for tenant in ("one", "two", "three"):
            credentials.client(tenant, "dynamodb").list_tables()
    assert server.connections == 1
    assert [key for key in server.keys if key.startswith("ASIA")] == server.keys
    assert len(set(server.keys)) == 3


class Dynamo(AbstractContextManager["Dynamo"]):
    """A DynamoDB that notes over how many connections and with which keys it is asked."""

    def __init__(self) -> None:
        noted = self
        self.connections = 0
        self.keys: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                noted.connections += 1
                super().setup()

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                authorization = self.headers["Authorization"]
                noted.keys.append(authorization.partition("Credential=")[2].partition("/")[0])
                body = b'{"TableNames": []}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

"""A system with its control plane on the local AWS, and what the measurements need of it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from benchmarks.laboratory import aws_client
from services.client.tokens import MachineTokens
from services.configuration import Configuration, load
from services.contracts.images import CONTEXT
from services.contracts.stacks import contract_path
from services.control_plane.registry import items
from services.control_plane.registry.keys import name_key
from services.control_plane.registry.records import RegistrationRecord, TenantRecord
from services.local_aws.machine import LocalAws
from services.tenancy import Tier
from services.tenancy.operations import State

PROJECT = Path(__file__).parent.parent
MODULES = Path(os.environ.get("ECS_SAAS_MODULES", PROJECT / "cdktf.out/stacks")).absolute()
KEPT = "ECS_SAAS_BENCH_SYSTEM"
"""Names a directory with a system that runs, to be used and left as it is."""

_SCOPES = "tenant/tenant_write user/user_write"
_BATCH = 25  # items of one BatchWriteItem, at most
_RETENTION = timedelta(days=90)


@dataclass(frozen=True)
class System:
    """A local AWS with everything applied that tenants stand on."""

    path: Path
    local: LocalAws
    configuration: Configuration

    def client(self, service: str) -> Any:
        return aws_client(self.local, self.configuration.region, service)

    @property
    def contract(self) -> dict[str, Any]:
        """What the control plane publishes."""
        name = contract_path(
            self.configuration.name, self.configuration.environment, "control-plane"
        )
        parameter = self.client("ssm").get_parameter(Name=name)["Parameter"]
        published: dict[str, Any] = json.loads(parameter["Value"])
        return published

    @contextlib.contextmanager
    def api(self) -> Iterator[Api]:
        """Open the deployed HTTP API as the machine client, with the scopes of every route."""
        contract = self.contract
        endpoint = self.local.environment()["AWS_ENDPOINT_URL"]
        machine = self.client("cognito-idp").describe_user_pool_client(
            UserPoolId=contract["admin_pool_id"], ClientId=contract["machine_client_id"]
        )["UserPoolClient"]
        with httpx.Client(timeout=30, trust_env=False) as http:
            tokens = MachineTokens(
                http,
                f"{endpoint}/oauth2/token",
                machine["ClientId"],
                machine["ClientSecret"],
                _SCOPES,
            )
            yield Api(http, f"{endpoint}/_aws/execute-api/{contract['api_id']}/$default", tokens)

    @contextlib.contextmanager
    def more_tenants(self, count: int) -> Iterator[list[TenantRecord]]:
        """Let the registry have `count` more active tenants, as rows that nothing was made for."""
        table = self.contract["registry_table_name"]
        tenants = [_tenant(number) for number in range(count)]
        rows = [row for tenant in tenants for row in _rows(tenant)]
        self._write(table, [{"PutRequest": {"Item": row}} for row in rows])
        try:
            yield tenants
        finally:
            keys = [{name: row[name] for name in ("PK", "SK")} for row in rows]
            self._write(table, [{"DeleteRequest": {"Key": key}} for key in keys])

    def _write(self, table: str, requests: list[dict[str, Any]]) -> None:
        dynamodb = self.client("dynamodb")
        for start in range(0, len(requests), _BATCH):
            waiting = {table: requests[start : start + _BATCH]}
            while waiting:
                waiting = dynamodb.batch_write_item(RequestItems=waiting)["UnprocessedItems"]


@dataclass(frozen=True)
class Api:
    """The control plane's HTTP API."""

    http: httpx.Client
    url: str
    token: MachineTokens

    def send(self, method: str, path: str, *, key: str = "", body: Any = None) -> httpx.Response:
        """Send one request; a refusal is an error."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        if key:
            headers["Idempotency-Key"] = key
        answer = self.http.request(method, self.url + path, json=body, headers=headers)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer

    def get(self, path: str) -> Any:
        return self.send("GET", path).json()["data"]

    def register(self, name: str, tier: Tier, key: str = "") -> dict[str, Any]:
        """Register a tenant; return the registration."""
        body = {
            "tenantData": {"tenantName": name, "email": "admin@example.com", "tier": tier.value},
            "tenantRegistrationData": {"registrationStatus": "In progress"},
        }
        answer = self.send("POST", "/tenant-registrations", key=key or uuid.uuid4().hex, body=body)
        made: dict[str, Any] = answer.json()["data"]
        return made


@contextlib.contextmanager
def running_system() -> Iterator[System]:
    """Bring a system up in a temporary directory and remove it in the end, or use a kept one."""
    if kept := os.environ.get(KEPT):
        path = Path(kept).absolute()
        local = LocalAws(path / ".ecs-saas/local")
        yield System(path, local, load(path / "saas.tfvars"))
        return
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        shutil.copy(PROJECT / "saas.tfvars", path)
        for name in CONTEXT:
            (path / name).symlink_to(PROJECT / name)
        local = LocalAws(path / ".ecs-saas/local")
        port = str(_free_port())
        try:
            _ecs_saas(path, port, "local", "up")
            _ecs_saas(path, port, "platform", "apply")
            yield System(path, local, load(path / "saas.tfvars"))
        finally:
            local.reset()


def _ecs_saas(path: Path, port: str, *arguments: str) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_", "ECS_"))}
    finished = subprocess.run(
        [sys.executable, "-m", "services.cli.app", *arguments],
        cwd=path,
        env={
            **kept,
            "PYTHONPATH": str(PROJECT),
            "ECS_SAAS_TARGET": "local",
            "ECS_SAAS_MODULES": str(MODULES),
            "ECS_SAAS_LOCAL_PORT": port,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {finished.stdout}{finished.stderr}")


def _tenant(number: int) -> TenantRecord:
    now = datetime.now(UTC)
    return TenantRecord(
        id=str(uuid.uuid4()),
        registration_id=str(uuid.uuid4()),
        name=f"row-{number:05d}-{uuid.uuid4().hex[:6]}",
        tier=list(Tier)[number % len(Tier)],
        email="admin@example.com",
        status=State.ACTIVE,
        release="latest",
        created_at=now,
        updated_at=now,
        data={
            "tenantConfig": json.dumps(
                {"userPoolId": "us-east-1_a", "appClientId": "a", "apiGatewayUrl": "http://a"}
            )
        },
        last_operation=None,
    )


def _rows(tenant: TenantRecord) -> Iterator[items.Item]:
    at = tenant.created_at
    yield items.tenant_item(tenant, _RETENTION)
    yield items.registration_item(
        RegistrationRecord(
            tenant.registration_id, tenant.id, {"registrationStatus": "created"}, at, at
        ),
        _RETENTION,
    )
    yield items.item(name_key(tenant.name), tenantId=tenant.id)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

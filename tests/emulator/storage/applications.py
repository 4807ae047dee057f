"""Services on PostgreSQL as their environment describes them, in a pool and in silos."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.application.runtime import Settings
from services.local_aws.postgres import PostgresServer
from services.storage import Shape
from services.storage.engines.postgresql import connections
from services.storage.engines.postgresql.migrations import TENANT_SETTING
from tests.emulator.storage.conftest import Service, make_service
from tests.unit.application.runtime.client import AsgiClient
from tests.unit.application.runtime.test_application import CLAIMS, Verifier, bearer
from tests.unit.application.runtime.test_settings import POOL, SILO

#: By the token of a tenant's user, the tenant.
TENANTS: Mapping[str, str] = {"one": CLAIMS["custom:tenantId"], "two": "two"}


@dataclass(frozen=True)
class Applications:
    """The application that each tenant's requests come to, and the databases behind them."""

    isolation: str
    apps: Mapping[str, FastAPI]
    databases: Mapping[str, Service]

    def empty(self) -> None:
        """Delete all documents."""
        for service in set(self.databases.values()):
            with service.server.connect(service.database.name) as connection:
                connection.execute("TRUNCATE storage.documents")

    def rows(self, token: str, *, of: str | None = None) -> list[dict[str, Any]]:
        """Return what the service of a tenant sees when it names a tenant, or none."""
        with self.databases[token].as_service() as connection:
            connection.execute("SELECT set_config(%s, %s, false)", (TENANT_SETTING, of or ""))
            return [row[0] for row in connection.execute("SELECT document FROM storage.documents")]


class Caller(AsgiClient):
    """Sends requests to where the gateway would: to the application of the token's tenant."""

    def __init__(self, apps: Mapping[str, FastAPI]) -> None:
        super().__init__(apps["one"])
        self._apps = apps

    def __call__(self, method: str, path: str, **given: Any) -> httpx.Response:
        headers = given.setdefault("headers", bearer("one"))
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        return AsgiClient(self._apps.get(token, self._apps["one"]))(method, path, **given)


@contextmanager
def on_postgresql(
    server: PostgresServer,
    isolation: str,
    name: str,
    shape: Shape,
    create: Callable[[Settings], FastAPI],
) -> Iterator[Applications]:
    """Run a service for two tenants: with one database, or with one for each."""
    owners = {"one": "shared", "two": "shared"} if isolation == "pool" else TENANTS
    made = {owner: make_service(server, f"{name}_{owner}", shape) for owner in owners.values()}
    with pytest.MonkeyPatch.context() as patch:
        # The server is none of RDS: it takes a password where RDS takes a token.
        patch.setattr(connections, "iam_token", lambda *_: lambda: "service")
        apps = {
            owner: create(Settings.from_environment(_environment(isolation, name, owner, service)))
            for owner, service in made.items()
        }
    for app in apps.values():
        app.state.verifier = Verifier(
            **{token: {**CLAIMS, "custom:tenantId": tenant} for token, tenant in TENANTS.items()}
        )
    try:
        yield Applications(
            isolation,
            {token: apps[owner] for token, owner in owners.items()},
            {token: made[owner] for token, owner in owners.items()},
        )
    finally:
        for app in apps.values():
            asyncio.run(_end(app))


def _environment(isolation: str, name: str, owner: str, service: Service) -> dict[str, str]:
    contract = POOL if isolation == "pool" else {**SILO, "TENANT_ID": owner}
    return {
        **{key: value for key, value in contract.items() if key != "TABLE_NAME"},
        "SERVICE_NAME": name,
        "DATABASE_HOST": service.database.host,
        "DATABASE_PORT": str(service.database.port),
        "DATABASE_NAME": service.database.name,
        "DATABASE_USER": service.database.user,
        "DATABASE_SSLMODE": "disable",
    }


async def _end(app: FastAPI) -> None:
    """Let it close what it holds, as it does when its process ends."""
    async with app.router.lifespan_context(app):
        pass

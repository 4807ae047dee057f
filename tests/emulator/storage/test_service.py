"""A microservice on PostgreSQL: from its environment, over HTTP, to rows of one tenant."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from fastapi import APIRouter, FastAPI, Request

from services.application.runtime import CurrentTenant, Settings, create_app
from services.application.runtime.stores import open_store
from services.local_aws.postgres import PostgresServer
from services.storage import Shape
from services.storage.engines.postgresql import connections
from tests.emulator.storage.conftest import Service, make_service
from tests.unit.application.runtime.client import AsgiClient
from tests.unit.application.runtime.test_application import CLAIMS, Verifier, bearer
from tests.unit.application.runtime.test_settings import POOL

pytestmark = pytest.mark.local_aws

SHAPE = Shape("orderId", {"by-status": "status"})
router = APIRouter(prefix="/products")


@router.put("/{key}")
def put(key: str, tenant: CurrentTenant, request: Request) -> dict[str, str]:
    """Keep a document of the caller's tenant."""
    request.app.state.store.create(tenant.id, {"orderId": key, "total": Decimal("0.10")})
    return {"of": tenant.id}


@router.get("/broken/{key}")
def broken(key: str, victim: str, _: CurrentTenant, request: Request) -> str:
    """Take the tenant from where a caller can say it: what no handler should do."""
    return str(request.app.state.store.get(victim, key).document)


@router.get("/{key}")
def get(key: str, tenant: CurrentTenant, request: Request) -> str:
    """Return the total of a document of the caller's tenant."""
    return str(request.app.state.store.get(tenant.id, key).document["total"])


@pytest.fixture(scope="module")
def made(server: PostgresServer) -> Service:
    """Return the service's database."""
    return make_service(server, "over_http")


@pytest.fixture
def environment(made: Service, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the environment of the service."""
    # The server is none of RDS: it takes a password where RDS takes a token.
    monkeypatch.setattr(connections, "iam_token", lambda *_: lambda: made.password)
    monkeypatch.setattr(connections, "WAIT_SECONDS", 0.5)
    return {
        **{name: value for name, value in POOL.items() if name != "TABLE_NAME"},
        "DATABASE_HOST": made.database.host,
        "DATABASE_PORT": str(made.database.port),
        "DATABASE_NAME": made.database.name,
        "DATABASE_USER": made.database.user,
        "DATABASE_SSLMODE": "disable",
    }


@pytest.fixture
def app(environment: dict[str, str]) -> Iterator[FastAPI]:
    """Return the service as its environment describes it."""
    settings = Settings.from_environment(environment)
    verifier = Verifier(one=CLAIMS, two={**CLAIMS, "custom:tenantId": "globex"})
    app = create_app(settings, [router], verifier=verifier)
    app.state.store = open_store(settings, app.state.credentials, SHAPE)
    yield app
    app.state.store.close()


def test_each_tenant_finds_its_own(app: FastAPI) -> None:
    client = AsgiClient(app)
    assert client.put("/products/o-1", headers=bearer("one")).json() == {"of": "acme"}
    assert client.get("/products/o-1", headers=bearer("one")).json() == "0.1"
    assert client.get("/products/o-1", headers=bearer("two")).status_code != 200


def test_a_broken_handler_reaches_no_other_tenant(app: FastAPI) -> None:
    client = AsgiClient(app)
    client.put("/products/o-2", headers=bearer("one"))
    own = client.get("/products/broken/o-2?victim=acme", headers=bearer("one"))
    assert own.status_code == 200
    foreign = client.get("/products/broken/o-2?victim=acme", headers=bearer("two"))
    assert foreign.status_code == 403
    assert "0.1" not in foreign.text


def test_a_database_that_is_gone_is_503(app: FastAPI, made: Service) -> None:
    client = AsgiClient(app)
    with made.server.connect() as connection:
        connection.execute(f"ALTER ROLE {made.database.user} NOLOGIN".encode())
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
            (made.database.user,),
        )
        try:
            answer = client.get("/products/o-1", headers=bearer("one"))
        finally:
            connection.execute(f"ALTER ROLE {made.database.user} LOGIN".encode())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")

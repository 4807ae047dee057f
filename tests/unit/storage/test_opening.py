"""A store serves the tenant of the verified token and no other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from unittest.mock import create_autospec

import pytest

from services.application.runtime import Settings, SettingsError, Tenant
from services.application.runtime.logs import current_tenant
from services.application.runtime.stores import BoundStore, open_store
from services.local_aws.images.bases import LIBRARY
from services.storage import DocumentStore, Shape, TenantRefusedError
from services.storage.engine import Clients
from services.storage.engines.dynamodb.store import DynamoStore
from services.storage.engines.postgresql import database_of
from services.storage.engines.postgresql.connections import ROOT_CERTIFICATES, Database, iam_token
from tests.unit.application.runtime.test_settings import POOL, SILO
from tests.unit.provisioning.images.dockerfile import laid_out

CALLS: dict[str, Callable[[DocumentStore, str], Any]] = {
    "create": lambda store, tenant: store.create(tenant, {}),
    "get": lambda store, tenant: store.get(tenant, "a"),
    "replace": lambda store, tenant: store.replace(tenant, {}, 1),
    "delete": lambda store, tenant: store.delete(tenant, "a"),
    "list": lambda store, tenant: store.list(tenant, limit=1),
}


@pytest.fixture
def verified() -> Iterator[None]:
    tenant = Tenant("acme", "Acme", "basic", "u-1", "ann", "TenantUser")
    token = current_tenant.set(tenant)
    yield
    current_tenant.reset(token)


@pytest.mark.usefixtures("verified")
@pytest.mark.parametrize("name", CALLS)
def test_the_tenant_of_a_call_is_that_of_the_token(name: str) -> None:
    inner = create_autospec(DynamoStore, instance=True)
    CALLS[name](BoundStore(inner), "acme")
    inner.reset_mock()
    with pytest.raises(TenantRefusedError, match="other"):
        CALLS[name](BoundStore(inner), "other")
    assert inner.mock_calls == []


@pytest.mark.parametrize("name", CALLS)
def test_without_a_token_nothing_is_reached(name: str) -> None:
    inner = create_autospec(DynamoStore, instance=True)
    with pytest.raises(TenantRefusedError, match="no token"):
        CALLS[name](BoundStore(inner), "acme")
    assert inner.mock_calls == []


def test_a_service_needs_somewhere_to_keep_documents() -> None:
    nowhere = {name: value for name, value in SILO.items() if name != "TABLE_NAME"}
    with pytest.raises(SettingsError, match="TABLE_NAME"):
        open_store(Settings.from_environment(nowhere), create_autospec(Clients), Shape("id"))
    assert open_store(Settings.from_environment(POOL), create_autospec(Clients), Shape("id"))


def test_a_database_takes_the_place_of_a_table() -> None:
    database = {
        "DATABASE_HOST": "db.internal",
        "DATABASE_NAME": "orders",
        "DATABASE_USER": "orders",
    }
    pool = {name: value for name, value in POOL.items() if not name.startswith("TENANT_ROLE")}
    with pytest.raises(SettingsError, match="TABLE_NAME: got acme-dev-basic-products"):
        Settings.from_environment({**POOL, **database})
    del pool["TABLE_NAME"]
    settings = Settings.from_environment({**pool, **database})
    assert database_of(settings.place) == Database("db.internal", 5432, "orders", "orders")
    with pytest.raises(SettingsError, match=r"DATABASE_PORT: got '0'.*\n.*DATABASE_SSLMODE: got"):
        Settings.from_environment(
            {**pool, **database, "DATABASE_PORT": "0", "DATABASE_SSLMODE": "prefer"}
        )
    with pytest.raises(SettingsError, match="DATABASE_NAME"):
        Settings.from_environment({**pool, "DATABASE_HOST": "db.internal"})


def test_a_token_of_iam_is_for_one_user_of_one_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    database = Database("db.internal", 5432, "orders", "orders_user")
    token = iam_token(database, "eu-west-1")()
    assert token.startswith("db.internal:5432/?Action=connect&DBUser=orders_user&")
    assert "X-Amz-Expires=900" in token
    assert "%2Feu-west-1%2Frds-db%2Faws4_request" in token
    arguments = database.arguments(token)
    assert (arguments["sslmode"], arguments["sslrootcert"]) == ("verify-full", ROOT_CERTIFICATES)


@pytest.mark.parametrize("service", ["orders", "products"])
def test_an_image_has_what_postgresql_takes(service: str, tmp_path: Path) -> None:
    """The migration runs in the service's own image, before it."""
    tree = laid_out(tmp_path, service).tree
    for name in ("psycopg", "psycopg_binary", "psycopg_pool"):
        place = PurePosixPath("/usr/local") / LIBRARY / name
        assert tree.get(place) is not None, name
    certificates = ROOT_CERTIFICATES.replace(sys.prefix, "/usr/local")
    assert tree.get(PurePosixPath(certificates)) is not None
    assert (
        tree.get(PurePosixPath("/app/services/storage/engines/postgresql/migrate.py")) is not None
    )

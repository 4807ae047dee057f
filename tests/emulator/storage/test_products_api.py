"""The products API, all of it, on PostgreSQL: for a pool's tenants and for those of silos."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from services.application.products.application import create_products_app
from services.application.products.store import SHAPE
from services.local_aws.postgres import PostgresServer
from tests.emulator.storage.applications import TENANTS, Applications, Caller, on_postgresql
from tests.unit.application.products import test_products_api as api
from tests.unit.application.products.test_products_api import DRAFT, created
from tests.unit.application.runtime.test_application import bearer

pytestmark = pytest.mark.local_aws


@pytest.fixture(scope="module", params=["pool", "silo"])
def applications(request: pytest.FixtureRequest, server: PostgresServer) -> Iterator[Applications]:
    isolation = cast(str, request.param)
    with on_postgresql(server, isolation, "products", SHAPE, create_products_app) as applications:
        yield applications


@pytest.fixture
def client(applications: Applications) -> Caller:
    applications.empty()
    return Caller(applications.apps)


class TestOnPostgresql(api.TestProductsApi):
    """Each test of the API, on `client` above."""


@pytest.mark.parametrize("price", ["0.1", 0.1, "0.10"])
def test_prices_are_exact_and_written_to_the_cent(
    client: Caller, applications: Applications, price: Any
) -> None:
    assert created(client, price=price)["price"] == "0.10"
    (row,) = applications.rows("one", of=TENANTS["one"])
    assert str(row["price"]) in ("0.10", "0.1")


def test_each_row_is_its_tenants(client: Caller, applications: Applications) -> None:
    for token in TENANTS:
        assert client.post("/products", json=DRAFT, headers=bearer(token)).status_code == 201
        (mine,) = applications.rows(token, of=TENANTS[token])
        assert mine["sku"] == DRAFT["sku"]
        assert applications.rows(token) == []
        assert applications.rows(token, of="globex") == []

"""The orders API, all of it, on PostgreSQL: for a pool's tenants and for those of silos."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from services.application.orders.application import SHAPE, create_orders_app
from services.local_aws.postgres import PostgresServer
from tests.emulator.storage.applications import TENANTS, Applications, Caller, on_postgresql
from tests.unit.application.orders import test_orders_api as api
from tests.unit.application.orders.test_orders_api import DRAFT, ListedPrices
from tests.unit.application.runtime.client import AsgiClient
from tests.unit.application.runtime.test_application import bearer

pytestmark = pytest.mark.local_aws


@pytest.fixture(scope="module", params=["pool", "silo"])
def applications(request: pytest.FixtureRequest, server: PostgresServer) -> Iterator[Applications]:
    with on_postgresql(
        server,
        cast(str, request.param),
        "orders",
        SHAPE,
        lambda settings: create_orders_app(settings, prices=ListedPrices()),
    ) as applications:
        yield applications


@pytest.fixture
def prices() -> ListedPrices:
    return ListedPrices()


@pytest.fixture
def client(applications: Applications, prices: ListedPrices) -> Caller:
    applications.empty()
    for app in applications.apps.values():
        app.state.prices = prices
    return Caller(applications.apps)


class TestOnPostgresql(api.TestOrdersApi):
    """Each test of the API, on `client` above."""


def test_each_row_is_its_tenants(client: Caller, applications: Applications) -> None:
    for token in TENANTS:
        assert client.post("/orders", json=DRAFT, headers=bearer(token)).status_code == 201
        (mine,) = applications.rows(token, of=TENANTS[token])
        assert mine["orderName"] == DRAFT["orderName"]
        assert applications.rows(token) == []
        assert applications.rows(token, of="globex") == []


def test_a_silo_knows_no_other_tenant(client: Caller, applications: Applications) -> None:
    others = AsgiClient(applications.apps["two"]).get("/orders", headers=bearer("one"))
    assert others.status_code == (200 if applications.isolation == "pool" else 403)

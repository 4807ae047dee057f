"""The orders API on documents in memory and prices from a list."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from services.application.orders.application import create_orders_app
from services.application.orders.lifecycle import MOVES, OrderStatus
from services.application.orders.model import PricedProduct
from services.application.orders.prices import (
    CallerRefusedError,
    ProductsUnavailableError,
    ProductsUnknownError,
)
from services.application.runtime import Settings, SettingsError
from services.storage import (
    AlreadyExistsError,
    ConflictError,
    CursorRefusedError,
    NotFoundError,
    Page,
    Stored,
)
from services.storage.documents import fingerprint
from tests.unit.application.runtime.client import AsgiClient
from tests.unit.application.runtime.test_application import CLAIMS, Verifier, bearer
from tests.unit.application.runtime.test_settings import POOL

SETTINGS = Settings.from_environment({**POOL, "SERVICE_NAME": "orders"})
DRAFT: dict[str, Any] = {
    "orderName": "Breakfast",
    "orderProducts": [{"productId": "kettle", "quantity": 3}],
}


class MemoryDocuments:
    """Documents in a dictionary; the rules of the interface, as far as orders needs them."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], tuple[Stored, str]] = {}

    def create(self, tenant_id: str, document: Any, *, request: object = None) -> Stored:
        made_by = fingerprint(request)
        place = tenant_id, document["orderId"]
        is_new = place not in self.rows
        stored, maker = self.rows.setdefault(place, (Stored(dict(document), 1), made_by))
        if maker != made_by:
            raise AlreadyExistsError(document["orderId"])
        return replace(stored, is_new=is_new)

    def get(self, tenant_id: str, key: str) -> Stored:
        if (tenant_id, key) not in self.rows:
            raise NotFoundError(key)
        return self.rows[tenant_id, key][0]

    def get_many(self, tenant_id: str, keys: Collection[str]) -> dict[str, Stored]:
        raise AssertionError("orders reads one at a time")

    def replace(self, tenant_id: str, document: Any, version: int) -> Stored:
        current = self.get(tenant_id, document["orderId"])
        if current.version != version:
            raise ConflictError(current.version)
        written = Stored(dict(document), version + 1)
        self.rows[tenant_id, document["orderId"]] = written, ""
        return written

    def delete(self, tenant_id: str, key: str, version: int | None = None) -> None:
        self.get(tenant_id, key)
        del self.rows[tenant_id, key]

    def list(self, tenant_id: str, **asked: Any) -> Page:
        assert (asked["index"], asked["descending"]) == ("by-created", True)
        if asked["cursor"] == "forged":
            raise CursorRefusedError("forged")
        mine = [row for (tenant, _), (row, _) in self.rows.items() if tenant == tenant_id]
        mine.sort(key=lambda row: str(row.document["createdAt"]), reverse=True)
        begin = int(asked["cursor"] or 0)
        end = begin + asked["limit"]
        return Page(tuple(mine[begin:end]), str(end) if len(mine) > end else None)


class ListedPrices:
    """Prices from a list, and who asked for them."""

    def __init__(self) -> None:
        self.listed = {"kettle": Decimal("19.90"), "cup": Decimal("0.10")}
        self.asked: list[Mapping[str, str]] = []
        self.refuses: Exception | None = None

    def of(
        self, product_ids: Sequence[str], headers: Mapping[str, str]
    ) -> Mapping[str, PricedProduct]:
        self.asked.append(headers)
        if self.refuses:
            raise self.refuses
        if unknown := frozenset(product_ids) - set(self.listed):
            raise ProductsUnknownError(unknown)
        return {each: PricedProduct(name=each, price=self.listed[each]) for each in product_ids}


@pytest.fixture
def prices() -> ListedPrices:
    return ListedPrices()


@pytest.fixture
def client(prices: ListedPrices) -> AsgiClient:
    app = create_orders_app(SETTINGS, MemoryDocuments(), prices)
    app.state.verifier = Verifier(one=CLAIMS, two={**CLAIMS, "custom:tenantId": "two"})
    return AsgiClient(app, headers=bearer("one"))


def with_key(key: str, tenant: str = "one") -> dict[str, str]:
    return {**bearer(tenant), "Idempotency-Key": key}


def created(client: AsgiClient, **changes: Any) -> dict[str, Any]:
    answer = client.post("/orders", json={**DRAFT, **changes})
    assert answer.status_code == 201, answer.text
    order: dict[str, Any] = answer.json()["data"]
    assert answer.headers["location"] == f"/orders/{order['orderId']}"
    return order


class TestOrdersApi:
    """The API, whatever store is behind `client`: a suite on another has this class too."""

    def test_prices_are_those_of_products_and_totals_are_exact(
        self, client: AsgiClient, prices: ListedPrices
    ) -> None:
        lines = [{"productId": "kettle", "quantity": 3}, {"productId": "cup", "quantity": 3}]
        headers = {**bearer("one"), "x-request-id": "r-1"}
        order = client.post(
            "/orders", json={**DRAFT, "orderProducts": lines}, headers=headers
        ).json()["data"]
        assert [line["price"] for line in order["orderProducts"]] == ["19.90", "0.10"]
        assert [line["amount"] for line in order["orderProducts"]] == ["59.70", "0.30"]
        assert (order["totalPrice"], order["status"], order["createdBy"]) == (
            "60.00",
            "CREATED",
            "user-1",
        )
        assert prices.asked == [{"authorization": "Bearer one", "x-request-id": "r-1"}]

    def test_a_price_the_caller_is_wrong_about_is_told(self, client: AsgiClient) -> None:
        line = {"productId": "kettle", "quantity": 1}
        assert created(client, orderProducts=[{**line, "price": "19.9"}])["totalPrice"] == "19.90"
        answer = client.post("/orders", json={**DRAFT, "orderProducts": [{**line, "price": "1"}]})
        assert (answer.status_code, answer.json()["field"]) == (409, "orderProducts.0.price")
        assert "costs 19.90" in answer.json()["detail"]

    def test_unknown_products_are_named_each_by_its_field(self, client: AsgiClient) -> None:
        lines = [{"productId": each, "quantity": 1} for each in ("pan", "kettle", "pot")]
        answer = client.post("/orders", json={**DRAFT, "orderProducts": lines})
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:problem:product-unknown")
        assert [each["field"] for each in answer.json()["errors"]] == [
            "orderProducts.0.productId",
            "orderProducts.2.productId",
        ]

    @pytest.mark.parametrize(
        ("refusal", "status"),
        [(ProductsUnavailableError("no"), 503), (CallerRefusedError("no"), 401)],
    )
    def test_without_prices_there_is_no_order(
        self, client: AsgiClient, prices: ListedPrices, refusal: Exception, status: int
    ) -> None:
        prices.refuses = refusal
        answer = client.post("/orders", json=DRAFT)
        assert answer.status_code == status
        assert answer.headers.get("retry-after") == ("1" if status == 503 else None)
        assert client.get("/orders").json() == {"data": []}

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"orderName": " "}, "orderName"),
            ({"orderProducts": []}, "orderProducts"),
            ({"orderProducts": DRAFT["orderProducts"] * 2}, "orderProducts"),
            (
                {"orderProducts": [{"productId": "a/../b", "quantity": 1}]},
                "orderProducts.0.productId",
            ),
            (
                {"orderProducts": [{"productId": "kettle", "quantity": 0}]},
                "orderProducts.0.quantity",
            ),
            ({"orderProducts": [{"productId": "kettle"}]}, "orderProducts.0.quantity"),
            ({"tenantId": "two"}, "tenantId"),
            ({"totalPrice": "0"}, "totalPrice"),
        ],
    )
    def test_what_is_wrong_is_named(
        self, client: AsgiClient, change: dict[str, Any], field: str
    ) -> None:
        answer = client.post("/orders", json={**DRAFT, **change})
        assert (answer.status_code, answer.json()["field"]) == (422, field)

    def test_the_same_key_is_the_same_order(self, client: AsgiClient, prices: ListedPrices) -> None:
        first = client.post("/orders", json=DRAFT, headers=with_key("k-1"))
        # It was made: prices that have changed since, or cannot be had, are none of its business.
        prices.refuses = ProductsUnavailableError("no")
        again = client.post("/orders", json=DRAFT, headers=with_key("k-1"))
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotency-replayed"] == "true"
        assert "idempotency-replayed" not in first.headers
        other = client.post("/orders", json={**DRAFT, "orderName": "x"}, headers=with_key("k-1"))
        assert (other.status_code, other.json()["field"]) == (422, "Idempotency-Key")
        prices.refuses = None
        elsewhere = client.post("/orders", json=DRAFT, headers=with_key("k-1", "two")).json()[
            "data"
        ]
        assert elsewhere["orderId"] != first.json()["data"]["orderId"]
        assert client.post("/orders", json=DRAFT, headers=with_key("k 1")).status_code == 422

    @pytest.mark.parametrize(
        ("way", "wanted"),
        [
            ([], "SHIPPED"),
            (["CONFIRMED"], "CREATED"),
            (["CONFIRMED", "SHIPPED"], "CANCELLED"),
            (["CONFIRMED", "SHIPPED", "DELIVERED"], "CANCELLED"),
            (["CANCELLED"], "CONFIRMED"),
        ],
    )
    def test_an_order_moves_on_as_it_may(
        self, client: AsgiClient, way: list[str], wanted: str
    ) -> None:
        path = f"/orders/{created(client)['orderId']}/status"
        for status in way:
            assert client.put(path, json={"status": status}).json()["data"]["status"] == status
        answer = client.put(path, json={"status": wanted})
        assert (answer.status_code, answer.json()["field"]) == (409, "status")
        assert answer.json()["type"] == "urn:problem:order-status-refused"
        current = OrderStatus(([*way] or ["CREATED"])[-1])
        assert all(each in answer.json()["detail"] for each in (current, wanted, *MOVES[current]))
        if way:
            assert client.put(path, json={"status": current}).json()["data"]["status"] == current

    def test_a_move_may_insist_on_a_version(self, client: AsgiClient) -> None:
        path = f"/orders/{created(client)['orderId']}/status"
        stale = client.put(path, json={"status": "CONFIRMED", "version": 2})
        assert (stale.status_code, stale.json()["field"]) == (409, "version")
        moved = client.put(path, json={"status": "CONFIRMED", "version": 1}).json()["data"]
        assert (moved["status"], moved["version"]) == ("CONFIRMED", 2)
        assert client.put(path, json={"status": "LOST"}).json()["field"] == "status"

    def test_an_order_on_its_way_cannot_be_deleted(self, client: AsgiClient) -> None:
        path = f"/orders/{created(client)['orderId']}"
        client.put(f"{path}/status", json={"status": "CONFIRMED"})
        refused = client.delete(path)
        assert (refused.status_code, refused.json()["field"]) == (409, "orderId")
        client.put(f"{path}/status", json={"status": "CANCELLED"})
        assert client.delete(path).status_code == 204
        assert client.get(path).status_code == 404
        assert client.delete(path).status_code == 404

    def test_pages_are_the_newest_first(self, client: AsgiClient) -> None:
        ids = [created(client)["orderId"] for _ in range(5)]
        seen: list[str] = []
        token: str | None = ""
        while token is not None:
            answer = client.get(f"/orders?limit=2&next_token={token}").json()
            seen += [order["orderId"] for order in answer["data"]]
            token = answer.get("next_token")
        assert seen == ids[::-1]
        assert client.get("/orders?next_token=forged").json()["field"] == "next_token"
        assert client.get("/orders?limit=101").json()["field"] == "limit"

    def test_another_tenant_finds_nothing(self, client: AsgiClient) -> None:
        path = f"/orders/{created(client)['orderId']}"
        other = bearer("two")
        assert client.get(path, headers=other).status_code == 404
        change = {"status": "CANCELLED"}
        assert client.put(f"{path}/status", json=change, headers=other).status_code == 404
        assert client.delete(path, headers=other).status_code == 404
        assert client.get("/orders", headers=other).json() == {"data": []}


@pytest.mark.parametrize("name", ["TABLE_NAME", "PRODUCTS_URL"])
def test_orders_need_a_table_and_products(name: str) -> None:
    environment = {**POOL, "PRODUCTS_URL": "http://products-api.acme.sc:3010", name: ""}
    with pytest.raises(SettingsError, match=name):
        create_orders_app(Settings.from_environment(environment))

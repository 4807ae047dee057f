"""The products API on a store in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

import pytest

from services.application.products.application import create_products_app
from services.application.products.model import Product
from services.application.products.store import Page, ProductNotFound, VersionConflictError
from services.application.runtime import Settings, SettingsError
from tests.unit.application.runtime.client import AsgiClient
from tests.unit.application.runtime.test_application import CLAIMS, Verifier, bearer
from tests.unit.application.runtime.test_settings import POOL

DRAFT = {"name": "Kettle", "price": "19.90", "sku": "kt-1", "category": "kitchen"}


class MemoryStore:
    """Products in a dictionary; the rules of the interface and nothing else."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Product] = {}

    def add(self, tenant_id: str, product: Product) -> None:
        self.rows[tenant_id, product.product_id] = product

    def get(self, tenant_id: str, product_id: str) -> Product:
        try:
            return self.rows[tenant_id, product_id]
        except KeyError as error:
            raise ProductNotFound(product_id) from error

    def get_many(self, tenant_id: str, product_ids: Collection[str]) -> Mapping[str, Product]:
        return {
            each: self.rows[tenant_id, each]
            for each in product_ids
            if (tenant_id, each) in self.rows
        }

    def page(
        self, tenant_id: str, limit: int, token: str | None, category: str | None = None
    ) -> Page:
        mine = sorted(
            each
            for (tenant, each), row in self.rows.items()
            if tenant == tenant_id
            and (not token or each > token)
            and category in (None, row.category)
        )
        found = tuple(self.rows[tenant_id, each] for each in mine[:limit])
        return Page(found, mine[limit - 1] if len(mine) > limit else None)

    def replace(self, tenant_id: str, product: Product) -> Product:
        current = self.get(tenant_id, product.product_id)
        if current.version != product.version:
            raise VersionConflictError(current.version)
        written = product.model_copy(update={"version": product.version + 1})
        self.rows[tenant_id, product.product_id] = written
        return written

    def delete(self, tenant_id: str, product_id: str, version: int | None) -> None:
        current = self.get(tenant_id, product_id)
        if version not in (None, current.version):
            raise VersionConflictError(current.version)
        del self.rows[tenant_id, product_id]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def client(store: MemoryStore) -> AsgiClient:
    app = create_products_app(Settings.from_environment(POOL), store)
    app.state.verifier = Verifier(one=CLAIMS, two={**CLAIMS, "custom:tenantId": "two"})
    return AsgiClient(app, headers=bearer("one"))


def created(client: AsgiClient, **changes: Any) -> dict[str, Any]:
    answer = client.post("/products", json={**DRAFT, **changes})
    assert answer.status_code == 201, answer.text
    product: dict[str, Any] = answer.json()["data"]
    assert answer.headers["location"] == f"/products/{product['productId']}"
    return product


@pytest.mark.parametrize("price", ["0.1", 0.1, "0.10"])
def test_prices_are_exact_and_written_to_the_cent(
    client: AsgiClient, store: MemoryStore, price: Any
) -> None:
    assert created(client, price=price)["price"] == "0.10"
    (row,) = store.rows.values()
    assert row.price == Decimal("0.10")


class TestProductsApi:
    """The API, whatever store is behind `client`: a suite on another has this class too."""

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"price": "-1"}, "price"),
            ({"price": "1.005"}, "price"),
            ({"price": "NaN"}, "price"),
            ({"price": "99999999999999"}, "price"),
            ({"name": "  "}, "name"),
            ({"name": None}, "name"),
            ({"sku": "../etc"}, "sku"),
            ({"category": "x" * 101}, "category"),
            ({"tenantId": "two"}, "tenantId"),
            ({"version": 7}, "version"),
        ],
    )
    def test_what_is_wrong_is_named(
        self, client: AsgiClient, change: dict[str, Any], field: str
    ) -> None:
        answer = client.post("/products", json={**DRAFT, **change})
        assert answer.status_code == 422
        assert answer.json()["message"] == f"not valid: {field}"
        assert [each["field"] for each in answer.json()["errors"]] == [field]

    @pytest.mark.parametrize("content", [rb'{"\ud800": 1}', rb'{"name": "\ud800"}', b"\xff", b"[]"])
    def test_no_body_is_more_than_the_service_can_answer(
        self, client: AsgiClient, content: bytes
    ) -> None:
        headers = {"content-type": "application/json", **bearer("one")}
        answer = client.post("/products", content=content, headers=headers)
        assert answer.status_code in (400, 422)
        assert answer.json()["detail"]

    def test_something_that_is_no_json_is_422(self, client: AsgiClient) -> None:
        answer = client.post(
            "/products", content=b"{", headers={"content-type": "application/json"}
        )
        assert answer.status_code == 422

    def test_a_change_needs_the_version_that_was_read(self, client: AsgiClient) -> None:
        product = created(client)
        path = f"/products/{product['productId']}"
        changed = client.put(path, json={**DRAFT, "price": "21", "version": 1}).json()["data"]
        assert (changed["price"], changed["version"]) == ("21.00", 2)
        stale = client.put(path, json={**DRAFT, "version": 1})
        assert (stale.status_code, stale.json()["field"]) == (409, "version")
        assert "version 2" in stale.json()["message"]
        unsaid = client.put(path, json=DRAFT)
        assert (unsaid.status_code, unsaid.json()["field"]) == (428, "version")

    def test_the_version_may_be_said_in_http(self, client: AsgiClient) -> None:
        product = created(client)
        path = f"/products/{product['productId']}"
        etag = client.get(path).headers["etag"]
        headers = {**bearer("one"), "If-Match": etag}
        changed = client.put(path, json={**DRAFT, "price": "21"}, headers=headers)
        assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
        assert client.put(path, json=DRAFT, headers=headers).status_code == 412
        assert client.delete(path, headers=headers).status_code == 412
        for etag, body in (("3", DRAFT), ("*", DRAFT), ('"2"', {**DRAFT, "version": 1})):
            refused = client.put(path, json=body, headers={**headers, "If-Match": etag})
            assert refused.status_code == 422
        assert client.delete(path, headers={**headers, "If-Match": '"2"'}).status_code == 204

    def test_search_by_category(self, client: AsgiClient) -> None:
        created(client)
        lamp = created(client, category="living room")
        found = client.get("/products?category=living%20room").json()["data"]
        assert [each["productId"] for each in found] == [lamp["productId"]]
        assert client.get("/products?category=").json()["message"] == "not valid: category"

    def test_delete_may_insist_on_a_version(self, client: AsgiClient) -> None:
        path = f"/products/{created(client)['productId']}"
        assert client.delete(f"{path}?version=9").status_code == 409
        assert client.delete(f"{path}?version=1").status_code == 204
        missing = client.delete(path)
        assert (missing.status_code, missing.json()["field"]) == (404, "productId")

    def test_pages(self, client: AsgiClient) -> None:
        ids = {created(client)["productId"] for _ in range(5)}
        seen: list[str] = []
        token = ""
        while True:
            answer = client.get(f"/products?limit=2&next_token={token}").json()
            seen += [product["productId"] for product in answer["data"]]
            if "next_token" not in answer:
                break
            token = answer["next_token"]
        assert sorted(seen) == sorted(ids)
        assert client.get("/products?limit=0").json()["message"] == "not valid: limit"
        assert client.get("/products?limit=101").status_code == 422

    def test_several_are_read_at_once(self, client: AsgiClient) -> None:
        made = [client.post("/products", json=DRAFT).json()["data"] for _ in range(3)]
        first, second, _ = (each["productId"] for each in made)
        theirs = client.post("/products", json=DRAFT, headers=bearer("two")).json()["data"][
            "productId"
        ]
        query = f"productId={second}&productId={first}&productId=none&productId={theirs}"
        found = client.get(f"/products?{query}").json()
        assert sorted(each["productId"] for each in found["data"]) == sorted([first, second])
        assert "next_token" not in found
        for wrong in (f"{query}&category=kitchen", f"{query}&next_token=a", "productId="):
            assert client.get(f"/products?{wrong}").status_code == 422, wrong
        assert client.get("/products?" + "&".join(["productId=a"] * 51)).status_code == 422

    def test_another_tenant_finds_nothing(self, client: AsgiClient) -> None:
        path = f"/products/{created(client)['productId']}"
        other = bearer("two")
        assert client.get(path, headers=other).status_code == 404
        assert client.put(path, json={**DRAFT, "version": 1}, headers=other).status_code == 404
        assert client.delete(path, headers=other).status_code == 404
        assert client.get("/products", headers=other).json() == {"data": []}
        assert client.get(path).status_code == 200

    @pytest.mark.parametrize("method", ["get", "put", "delete"])
    def test_nothing_is_told_without_a_token(self, client: AsgiClient, method: str) -> None:
        assert getattr(client, method)("/products/x", headers=bearer("none")).status_code == 401


def test_products_need_a_table() -> None:
    settings = Settings.from_environment({**POOL, "TABLE_NAME": ""})
    with pytest.raises(SettingsError, match="TABLE_NAME"):
        create_products_app(settings)

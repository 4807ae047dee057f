"""Orders, products and users as processes on the local AWS, called with tokens of real sign-ins."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.emulator.local_aws.conftest import Aws
from tests.emulator.local_aws.microservices import Pool

pytestmark = pytest.mark.local_aws

DRAFT = {"name": "Kettle", "price": "19.90", "sku": "kt-1", "category": "kitchen"}
WRITERS = 100


@pytest.fixture(scope="module")
def pool(patched: Aws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    pool = Pool(patched, tmp_path_factory.mktemp("services"))
    try:
        for tenant in ("ant", "bee"):
            pool.onboard(tenant)
        pool.add_user("ant", "ant.worker", "TenantUser")
        pool.start("products")
        pool.start("products", "tests.emulator.local_aws.careless_products")
        pool.start("users")
        pool.start("orders", PRODUCTS_URL=pool.urls["products"])
        pool.await_ready()
        yield pool
    finally:
        pool.close()


@pytest.fixture(scope="module")
def ant(pool: Pool) -> Iterator[httpx.Client]:
    with caller(pool, "ant-admin") as client:
        yield client


@pytest.fixture(scope="module")
def bee(pool: Pool) -> Iterator[httpx.Client]:
    with caller(pool, "bee-admin") as client:
        yield client


def caller(pool: Pool, name: str) -> httpx.Client:
    return httpx.Client(
        headers={"Authorization": f"Bearer {pool.token(name)}"},
        timeout=30,
        limits=httpx.Limits(max_connections=WRITERS),
    )


def make_product(pool: Pool, client: httpx.Client, **changes: Any) -> dict[str, Any]:
    answer = client.post(f"{pool.urls['products']}/products", json={**DRAFT, **changes})
    assert answer.status_code == 201, answer.text
    product: dict[str, Any] = answer.json()["data"]
    return product


def order_of(product: dict[str, Any], quantity: int = 3) -> dict[str, Any]:
    line = {"productId": product["productId"], "quantity": quantity}
    return {"orderName": "Breakfast", "orderProducts": [line]}


def test_an_order_lives_at_the_price_of_its_moment(pool: Pool, ant: httpx.Client) -> None:
    product = make_product(pool, ant)
    url = f"{pool.urls['orders']}/orders"
    key = {"Idempotency-Key": "first", "x-request-id": "from-the-start"}
    order = ant.post(url, json=order_of(product), headers=key).json()["data"]
    assert (order["totalPrice"], order["orderProducts"][0]["price"]) == ("59.70", "19.90")
    # Products was asked with the caller's own token, in the same request.
    asked = pool.line("products", "from-the-start")
    assert (asked["tenantId"], asked["path"]) == ("ant", "/products")

    changed = f"{pool.urls['products']}/products/{product['productId']}"
    assert ant.put(changed, json={**DRAFT, "price": "25", "version": 1}).status_code == 200
    path = f"{url}/{order['orderId']}"
    assert ant.get(path).json()["data"] == order
    assert ant.post(url, json=order_of(product), headers=key).json()["data"] == order
    assert ant.post(url, json=order_of(product)).json()["data"]["totalPrice"] == "75.00"
    moved = ant.put(f"{path}/status", json={"status": "CONFIRMED"}).json()["data"]
    assert (moved["status"], moved["version"]) == ("CONFIRMED", 2)
    refused = ant.put(f"{path}/status", json={"status": "DELIVERED"})
    assert (refused.status_code, refused.json()["field"]) == (409, "status")
    assert ant.put(f"{path}/status", json={"status": "CANCELLED"}).status_code == 200
    assert ant.delete(path).status_code == 204
    assert ant.get(path).status_code == 404


def test_one_key_makes_one_order_however_many_send_it(pool: Pool, ant: httpx.Client) -> None:
    product = make_product(pool, ant)
    url = f"{pool.urls['orders']}/orders"

    def send(_: int) -> str:
        answer = ant.post(url, json=order_of(product), headers={"Idempotency-Key": "at-once"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"])

    with ThreadPoolExecutor(10) as many:
        assert len(set(many.map(send, range(10)))) == 1


def test_orders_are_listed_the_newest_first(pool: Pool, bee: httpx.Client) -> None:
    product = make_product(pool, bee)
    url = f"{pool.urls['orders']}/orders"
    made = [bee.post(url, json=order_of(product)).json()["data"]["orderId"] for _ in range(5)]
    seen, token = [], ""
    while True:
        answer = bee.get(url, params={"limit": 2, "next_token": token}).json()
        seen += [order["orderId"] for order in answer["data"]]
        if not (token := answer.get("next_token", "")):
            break
    assert seen == made[::-1]


def test_a_product_of_another_tenant_is_none(
    pool: Pool, ant: httpx.Client, bee: httpx.Client
) -> None:
    product = make_product(pool, bee)
    answer = ant.post(f"{pool.urls['orders']}/orders", json=order_of(product))
    assert (answer.status_code, answer.json()["field"]) == (422, "orderProducts.0.productId")


def test_search_by_category(pool: Pool, ant: httpx.Client, bee: httpx.Client) -> None:
    mine = {make_product(pool, ant, category="garden")["productId"] for _ in range(3)}
    make_product(pool, bee, category="garden")
    url = f"{pool.urls['products']}/products"
    first = ant.get(url, params={"category": "garden", "limit": 2}).json()
    rest = ant.get(url, params={"category": "garden", "next_token": first["next_token"]}).json()
    assert {each["productId"] for each in first["data"] + rest["data"]} == mine
    # The token belongs to the search that it was made by.
    assert ant.get(url, params={"next_token": first["next_token"]}).status_code == 422


def test_a_hundred_writers_lose_no_update(pool: Pool, ant: httpx.Client) -> None:
    url = f"{pool.urls['products']}/products/{make_product(pool, ant, price='0')['productId']}"
    statuses: Counter[int] = Counter()
    begin = threading.Barrier(WRITERS)

    def add_a_cent(number: int) -> None:
        # Not all of them have to be beaten by all the others, but at first they are.
        patience = random.Random(number)
        begin.wait()
        while True:
            read = ant.get(url)
            price = Decimal(read.json()["data"]["price"]) + Decimal("0.01")
            answer = ant.put(
                url, json={**DRAFT, "price": str(price)}, headers={"If-Match": read.headers["etag"]}
            )
            statuses[answer.status_code] += 1
            if answer.status_code == 200:
                return
            time.sleep(patience.uniform(0, 0.03 * WRITERS))

    with ThreadPoolExecutor(WRITERS) as many:
        list(many.map(add_a_cent, range(WRITERS)))
    assert set(statuses) == {200, 412}
    product = ant.get(url).json()["data"]
    assert (product["price"], product["version"]) == ("1.00", WRITERS + 1)


@pytest.mark.parametrize(
    ("mistake", "status"),
    [
        ("store", 403),
        ("page", 403),
        ("unbound", 403),
        ("item", 500),
        ("query", 500),
        ("scan", 500),
        ("own-role", 500),
    ],
)
def test_a_careless_service_still_reads_no_other_tenants_rows(
    pool: Pool, ant: httpx.Client, bee: httpx.Client, mistake: str, status: int
) -> None:
    product = make_product(pool, bee, sku="secret-of-bee")
    body = {"tenantId": "bee", "productId": product["productId"]}
    url = f"{pool.urls['careless_products']}/careless/{mistake}"
    refused = ant.post(url, json=body)
    assert refused.status_code == status, refused.text
    assert "secret-of-bee" not in refused.text
    # It is not that the route does not work: with the right token it does.
    if mistake not in ("scan", "own-role"):
        assert "secret-of-bee" in bee.post(url, json=body).text


def test_an_administrator_administers_their_own_users(pool: Pool, ant: httpx.Client) -> None:
    url = f"{pool.urls['users']}/users"
    invitation = {"userName": "eva", "userEmail": "eva@example.com"}
    user = ant.post(url, json=invitation).json()["data"]
    assert (user["userName"], user["userRole"], user["enabled"]) == ("ant.eva", "TenantUser", True)
    assert ant.post(url, json=invitation).status_code == 409
    pool.set_password("ant.eva")
    with caller(pool, "ant.eva") as eva:
        mine = eva.get(f"{pool.urls['orders']}/orders/identity").json()["data"]
        assert (mine["tenantId"], mine["userRole"]) == ("ant", "TenantUser")
        assert eva.post(url, json=invitation).status_code == 403
    path = f"{url}/ant.eva"
    assert ant.put(path, json={"userRole": "TenantAdmin"}).json()["data"]["userRole"] == (
        "TenantAdmin"
    )
    with caller(pool, "ant.eva") as eva:
        assert eva.put(f"{path}/disable").status_code == 409
        assert eva.get(url).status_code == 200
    assert ant.put(f"{path}/disable").json()["data"]["enabled"] is False
    with pytest.raises(Exception, match="disabled"):
        pool.token("ant.eva")
    assert ant.put(f"{path}/enable").json()["data"]["enabled"] is True
    assert pool.token("ant.eva")
    assert ant.delete(path).status_code == 204
    assert ant.get(path).status_code == 404


def test_users_of_another_tenant_are_nobody(
    pool: Pool, ant: httpx.Client, bee: httpx.Client
) -> None:
    url = f"{pool.urls['users']}/users"
    bee.post(url, json={"userName": "zoe", "userEmail": "zoe@example.com"})
    listed: list[str] = []
    token = ""
    while True:
        page = ant.get(url, params={"limit": 1, "next_token": token}).json()
        listed += [user["userName"] for user in page["data"]]
        if not (token := page.get("next_token", "")):
            break
    assert sorted(listed) == ["ant-admin", "ant.worker"]
    before = bee.get(url).json()
    for name in ("bee.zoe", "bee-admin", "nobody"):
        path = f"{url}/{name}"
        answers = [
            ant.get(path),
            ant.put(path, json={"userRole": "TenantAdmin"}),
            ant.put(f"{path}/disable"),
            ant.put(f"{path}/enable"),
            ant.post(f"{path}/invitation"),
            ant.delete(path),
        ]
        # The same answer as for who does not exist: nobody learns which names others have.
        assert {(each.status_code, each.json()["detail"]) for each in answers} == {
            (404, f"no user {name}")
        }
    assert bee.get(url).json() == before
    # Nor can one take a name that is another tenant's.
    taken = ant.post(url, json={"userName": "bee-admin", "userEmail": "x@example.com"})
    assert taken.json()["data"]["userName"] == "ant.bee-admin"


def test_a_silo_tenants_users_are_those_of_its_pool(
    pool: Pool, ant: httpx.Client, bee: httpx.Client
) -> None:
    silo = {"ISOLATION": "silo", "TENANT_ID": "ant", "TIER": "premium"}
    pool.run("silo_users", "services.application.users", "users-task", SERVICE_NAME="users", **silo)
    pool.await_ready("silo_users")
    url = f"{pool.urls['silo_users']}/users"
    assert bee.get(url).status_code == 403
    listed: list[str] = []
    token = ""
    while True:
        page = ant.get(url, params={"limit": 2, "next_token": token}).json()
        listed += [user["userName"] for user in page["data"]]
        if not (token := page.get("next_token", "")):
            break
    assert {"ant-admin", "ant.worker"} <= set(listed)
    # No pool of a silo holds others; were there any, they would not be its tenant's.
    assert not [name for name in listed if name.startswith("bee")]
    assert ant.put(f"{url}/bee-admin/disable").status_code == 404
    invited = ant.post(url, json={"userName": "max", "userEmail": "max@example.com"}).json()
    path = f"{url}/{invited['data']['userName']}"
    assert ant.put(path, json={"userRole": "TenantAdmin"}).json()["data"]["userRole"] == (
        "TenantAdmin"
    )
    assert ant.delete(path).status_code == 204


def test_each_line_has_the_tenant_and_is_a_metric(pool: Pool, ant: httpx.Client) -> None:
    ant.get(f"{pool.urls['products']}/products", headers={"x-request-id": "measured"})
    line = pool.line("products", "measured")
    assert (line["tenantId"], line["tier"], line["status"]) == ("ant", "basic", 200)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["service", "tier"]]
    for metric in directive["Metrics"]:
        assert isinstance(line[metric["Name"]], int | float)


def test_each_service_serves_its_openapi_document(pool: Pool) -> None:
    for service, operations in (("orders", 6), ("products", 6), ("users", 9)):
        document = httpx.get(f"{pool.urls[service]}/{service}/openapi.json").json()
        found = [each for path in document["paths"].values() for each in path.values()]
        assert len(found) == operations
        for each in found:
            assert each["security"] == [{"HTTPBearer": []}]
            problem = each["responses"]["422"]["content"]["application/problem+json"]
            assert problem == {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}


def test_a_body_is_bounded_announced_or_not(pool: Pool, ant: httpx.Client) -> None:
    url = f"{pool.urls['products']}/products"
    longest = 512 * 1024
    announced = ant.post(url, content=b"x" * (longest + 1))
    assert (announced.status_code, announced.json()["title"]) == (413, "Request Entity Too Large")
    unannounced = ant.post(url, content=(b" " * 65536 for _ in range(9)))
    assert unannounced.status_code == 413
    assert make_product(pool, ant)


def test_orders_say_that_products_is_away_and_the_service_that_ends_is_not_ready(
    pool: Pool, ant: httpx.Client
) -> None:
    """The last one: it ends products."""
    product = make_product(pool, ant)
    url = pool.urls["products"]
    process = pool.signal("products")
    drained = []
    while True:
        try:
            ready = httpx.get(f"{url}/ready").status_code
            drained.append((ready, ant.get(f"{url}/products/{product['productId']}").status_code))
        except httpx.HTTPError:
            break
        time.sleep(0.05)
    # It fails its readiness first, and serves on as long as that takes to be heard.
    assert len(drained) >= 3
    assert set(drained) == {(503, 200)}
    assert process.wait(10) in (0, -signal.SIGTERM)
    answer = ant.post(f"{pool.urls['orders']}/orders", json=order_of(product))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["type"] == "urn:problem:products-unavailable"

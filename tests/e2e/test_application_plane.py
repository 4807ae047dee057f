"""A tenant's request, from sign-in to row: throttled, routed, isolated, and never lost."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.e2e.system import PREFIX, System
from tests.e2e.tasks import Tasks
from tests.e2e.users import KETTLE, NAMES, WRITERS, SignedInUser, Steady

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

LOADED = {**KETTLE, "category": "under load"}


@pytest.mark.parametrize("name", ["demo-basic", "demo-advanced", "demo-premium"])
def test_a_tenant_works_from_sign_in_to_row(
    system: System, admins: dict[str, SignedInUser], http: httpx.Client, name: str
) -> None:
    admin = admins[name]
    product = admin.data("POST", "/products", KETTLE)
    path = f"/products/{product['productId']}"
    assert admin.data("GET", path) == product
    order = {"orderName": "Tea", "orderProducts": [{**_line(product), "quantity": 3}]}
    made = admin.data("POST", "/orders", order)
    assert (made["orderProducts"][0]["price"], made["totalPrice"]) == ("19.90", "59.70")
    dearer = {**KETTLE, "price": "25", "version": product["version"]}
    assert admin.data("PUT", path, dearer)["version"] == 2
    assert admin.patient("PUT", path, dearer).status_code == 409
    again = admin.data("POST", "/orders", order)
    assert again["totalPrice"] == "75.00"
    assert admin.data("GET", f"/orders/{made['orderId']}") == made
    listed = [each["orderId"] for each in admin.listed("/orders")]
    assert listed[:2] == [again["orderId"], made["orderId"]]

    with _invited(system, admin, http) as user:
        names = {each["userName"] for each in admin.listed("/users")}
        assert {admin.place.administrator, user.name} <= names
        assert user.data("GET", path)["price"] == "25.00"
        # Answered by the authorizer's first answer, which was about another path.
        for forbidden in ("/users", f"/users/{user.name}", "/users/products"):
            assert user.send("GET", forbidden).status_code == 403
        assert user.patient("GET", "/orders").status_code == 200

    for each in (made, again):
        admin.data("DELETE", f"/orders/{each['orderId']}")
    admin.data("DELETE", path)
    assert admin.patient("GET", path).status_code == 404


def test_each_request_is_a_line_with_its_tenant(
    system: System, admins: dict[str, SignedInUser]
) -> None:
    api = system.client("apigateway")
    asked = {
        name: admins[name].patient("GET", f"/products/{secrets.token_hex(4)}") for name in NAMES
    }
    nobody = admins["demo-basic"].send("GET", "/products", token="a.b.c")
    api_id = admins["demo-basic"].place.api.rsplit("/", 2)[1]
    stage = api.get_stage(restApiId=api_id, stageName="prod")
    group = stage["accessLogSettings"]["destinationArn"].split(":log-group:")[1]
    events = system.client("logs").get_paginator("filter_log_events").paginate(
        logGroupName=group.removesuffix(":*"), startTime=int((time.time() - 60) * 1000)
    )  # fmt: skip
    lines = {
        line["requestId"]: line
        for page in events
        for line in (json.loads(event["message"]) for event in page["events"])
    }

    for name, answer in asked.items():
        place, line = admins[name].place, lines[answer.headers["x-amzn-requestid"]]
        assert (line["tenantId"], line["tier"]) == (place.id, place.tier)
        assert (line["status"], line["method"]) == ("404", "GET")
        assert f"/prod{answer.request.url.path.partition('/prod')[2]}" == line["path"]
    unknown = lines[nobody.headers["x-amzn-requestid"]]
    assert (unknown["tenantId"], unknown["status"]) == ("-", "401")
    # Intruders said that they come from addresses that were tokens, and the local AWS believes it.
    told = [json.dumps({**line, "ip": ""}) for line in lines.values()]
    assert not [line for line in told if "eyJ" in line]


def test_one_tenants_flood_is_not_its_neighbours(
    system: System, admins: dict[str, SignedInUser]
) -> None:
    api_id = admins["demo-basic"].place.api.rsplit("/", 2)[1]
    plans = system.client("apigateway").get_usage_plans()["items"]
    (rate,) = (
        plan["throttle"]["rateLimit"]
        for plan in plans
        if plan["apiStages"][0]["apiId"] == api_id and plan["name"].endswith("-basic")
    )
    seconds = 5
    time.sleep(1)  # until the buckets are full: who looked would take out of them
    noisy, quiet = admins["demo-basic"], admins["basic-00"]
    with (
        Steady(noisy, "GET", "/products?limit=1", per_second=5 * rate) as flood,
        Steady(quiet, "GET", "/products?limit=1", per_second=rate) as full,
    ):
        time.sleep(seconds)  # what is measured is what passes in this time

    assert full.counted() == {200: full.sent}
    assert full.sent >= 0.9 * rate * seconds
    assert set(flood.counted()) == {200, 429}
    # Its rate and one burst, and not more.
    assert flood.counted()[200] <= rate * (flood.seconds + 1) + rate
    assert flood.counted()[429] > flood.counted()[200]


def test_a_hundred_writers_lose_no_update(admins: dict[str, SignedInUser]) -> None:
    premium = admins["demo-premium"]
    product = premium.data("POST", "/products", {**KETTLE, "price": "0"})
    path = f"/products/{product['productId']}"
    begin = threading.Barrier(WRITERS)
    # All meet at first; who was beaten waits for a turn, or most of the work would be in vain.
    turns = threading.Semaphore(4)

    def add_a_cent() -> bool:
        read = premium.patient("GET", path)
        price = Decimal(read.json()["data"]["price"]) + Decimal("0.01")
        body = {**KETTLE, "price": str(price)}
        answer = premium.patient("PUT", path, body, headers={"If-Match": read.headers["etag"]})
        assert answer.status_code in (200, 412), answer.text
        return answer.status_code == 200

    def write(_: int) -> int:
        begin.wait()
        if add_a_cent():
            return 1
        for attempt in range(2, 100):
            with turns:
                if add_a_cent():
                    return attempt
        raise AssertionError("99 attempts were not enough")

    with ThreadPoolExecutor(WRITERS) as many:
        attempts = list(many.map(write, range(WRITERS)))
    after = premium.data("GET", path)
    premium.data("DELETE", path)
    assert (after["price"], after["version"]) == ("1.00", WRITERS + 1)
    assert max(attempts) > 1  # they did meet


def test_a_rolling_deployment_fails_no_request(
    admins: dict[str, SignedInUser], tasks: Tasks
) -> None:
    premium = admins["demo-premium"]
    cluster, service = _own_products(premium)
    with _product(premium) as path:
        before = set(tasks.of(cluster, service))
        with (
            Steady(premium, "GET", path, per_second=20) as reads,
            Steady(premium, "POST", "/products", LOADED, per_second=5) as writes,
        ):
            tasks.deploy(cluster, service)
            reads.await_more(30)
        assert not before & set(tasks.of(cluster, service))
        assert reads.counted() == {200: reads.sent}
        assert writes.counted() == {201: writes.sent}
        assert (reads.sent, writes.sent) > (40, 10)


def test_a_killed_task_fails_no_request_but_those_on_their_way(
    admins: dict[str, SignedInUser], tasks: Tasks
) -> None:
    premium = admins["demo-premium"]
    cluster, service = _own_products(premium)
    with _product(premium) as path, tasks.scaled(cluster, service, 2):
        victim = min(tasks.of(cluster, service))
        with (
            Steady(premium, "GET", path, per_second=20) as reads,
            Steady(premium, "POST", "/products", LOADED, per_second=5) as writes,
        ):
            reads.await_more(20)
            killed = time.monotonic()
            tasks.kill(cluster, victim)
            tasks.await_replaced(cluster, service, victim, 2)
            reads.await_more(20)
        for sent, good in ((reads, 200), (writes, 201)):
            failed = [each for each in sent.ends if each.status != good]
            others = [each for each in failed if not each.spans(killed)]
            assert not others, (killed, others)


def _line(product: dict[str, Any]) -> dict[str, Any]:
    return {"productId": product["productId"]}


@contextmanager
def _invited(system: System, admin: SignedInUser, http: httpx.Client) -> Iterator[SignedInUser]:
    """A user whom the administrator invites, signs in and is removed in the end."""
    name = f"user-{secrets.token_hex(3)}"
    invitation = {"userName": name, "userEmail": f"{name}@example.com"}
    user = admin.data("POST", "/users", invitation)
    assert (user["userRole"], user["enabled"]) == ("TenantUser", True)
    try:
        yield SignedInUser.of(system, admin.place, http, user["userName"])
    finally:
        admin.data("DELETE", f"/users/{user['userName']}")


@contextmanager
def _product(user: SignedInUser) -> Iterator[str]:
    """The path of a product that there is for a while; its whole category goes with it."""
    made = user.data("POST", "/products", LOADED)
    try:
        yield f"/products/{made['productId']}"
    finally:
        for each in user.listed("/products", category=LOADED["category"]):
            user.data("DELETE", f"/products/{each['productId']}")


def _own_products(premium: SignedInUser) -> tuple[str, str]:
    """Return the cluster and the service of a premium tenant's products."""
    cluster = f"{PREFIX}-{premium.place.id}-premium"
    return cluster, f"{cluster}-products"

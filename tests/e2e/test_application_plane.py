"""A tenant's request, from sign-in to row: throttled, routed, isolated, and never lost."""

from __future__ import annotations

import json
import os
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from tests.e2e.intrusions import CLAIMS, Estate, Forger, draw, forger_of
from tests.e2e.system import PREFIX, System
from tests.e2e.tasks import Tasks
from tests.e2e.visitor import KETTLE, Place, Steady, Visitor, anybody

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

# Two of each tier, so that there are neighbours; `basic-01` is suspended for a while.
NAMES = ("demo-basic", "basic-00", "demo-advanced", "advanced-00", "demo-premium", "premium-00")
SUSPENDED = "basic-01"
LOADED = {**KETTLE, "category": "under load"}
POOL = f"{PREFIX}-basic"
INTRUSIONS = 300
WRITERS = 100
SEED = int(os.environ.get("ECS_SAAS_SEED", "0")) or secrets.randbits(32)


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_connections=WRITERS)
    with httpx.Client(timeout=30, trust_env=False, limits=limits) as client:
        yield client


@pytest.fixture(scope="module")
def visitors(system: System, http: httpx.Client) -> dict[str, Visitor]:
    """The administrator of each tenant, by the tenant's name."""

    def visitor(name: str) -> Visitor:
        place = Place.of(system, name)
        return Visitor.of(system, place, http)

    return {name: visitor(name) for name in NAMES}


@pytest.fixture(scope="module")
def tasks(system: System) -> Tasks:
    return Tasks(system.client("ecs"))


@pytest.fixture(scope="module")
def suspension(system: System, http: httpx.Client) -> Iterator[Future[tuple[float, float]]]:
    """A suspension that takes its time while the other tests run: see its test."""
    place = Place.of(system, SUSPENDED)
    visitor = Visitor.of(system, place, http)
    visitor.patient("GET", "/products")
    row = {
        "TableName": f"{PREFIX}-tenant-mapping",
        "Key": {"tenantId": {"S": place.id}},
    }
    table = system.client("dynamodb")

    def until(status: int) -> float:
        began = time.monotonic()
        while visitor.patient("GET", "/products").status_code != status:
            assert time.monotonic() - began < 90, f"after 90 s still no {status}"
            time.sleep(1)
        return time.monotonic() - began

    def suspend_and_resume() -> tuple[float, float]:
        table.update_item(
            **row,
            UpdateExpression="SET suspendedAt = :now",
            ExpressionAttributeValues={":now": {"S": datetime.now(UTC).isoformat()}},
        )
        try:
            refused = until(403)
        finally:
            table.update_item(**row, UpdateExpression="REMOVE suspendedAt")
        return refused, until(200)

    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(suspend_and_resume)


@pytest.mark.usefixtures("suspension")
@pytest.mark.parametrize("name", ["demo-basic", "demo-advanced", "demo-premium"])
def test_a_tenant_works_from_sign_in_to_row(
    system: System, visitors: dict[str, Visitor], http: httpx.Client, name: str
) -> None:
    admin = visitors[name]
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
    system: System, visitors: dict[str, Visitor]
) -> None:
    api = system.client("apigateway")
    asked = {
        name: visitors[name].patient("GET", f"/products/{secrets.token_hex(4)}") for name in NAMES
    }
    nobody = visitors["demo-basic"].send("GET", "/products", token="a.b.c")
    api_id = visitors["demo-basic"].place.api.rsplit("/", 2)[1]
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
        place, line = visitors[name].place, lines[answer.headers["x-amzn-requestid"]]
        assert (line["tenantId"], line["tier"]) == (place.id, place.tier)
        assert (line["status"], line["method"]) == ("404", "GET")
        assert f"/prod{answer.request.url.path.partition('/prod')[2]}" == line["path"]
    unknown = lines[nobody.headers["x-amzn-requestid"]]
    assert (unknown["tenantId"], unknown["status"]) == ("-", "401")
    assert not [line for line in lines.values() if "eyJ" in json.dumps(line)]


@pytest.fixture(scope="module")
def forger(system: System, visitors: dict[str, Visitor]) -> Iterator[Forger]:
    cognito = system.client("cognito-idp")
    pool = cognito.create_user_pool(
        PoolName="of-an-intruder",
        Schema=[{"Name": claim, "AttributeDataType": "String"} for claim in CLAIMS],
    )["UserPool"]["Id"]
    try:
        yield forger_of(system, pool, list(visitors.values()))
    finally:
        cognito.delete_user_pool(UserPoolId=pool)


def test_no_way_leads_to_another_tenant(visitors: dict[str, Visitor], forger: Forger) -> None:
    """With what is tried of tokens and tables without the API: 10,000 tries and more."""
    chance = random.Random(SEED)
    estates = [Estate.make(visitor) for visitor in visitors.values()]
    try:
        before = [estate.seen() for estate in estates]
        ways = set()
        for number in range(INTRUSIONS):
            me, other = chance.sample(estates, 2)
            tried = draw(chance, me, other, forger)
            answer = me.visitor.patient(
                tried.method, tried.path, tried.body, headers=tried.headers, token=tried.token
            )
            whose = f"{me.visitor.place.name} at {other.visitor.place.name}'s"
            told = f"ECS_SAAS_SEED={SEED}, try {number}: {whose}, {tried}: {answer.text}"
            assert answer.status_code in tried.right, f"got {answer.status_code}; {told}"
            assert other.mark not in answer.text, told
            ways.add(tried.way)
        assert len(ways) > 10
        assert [estate.seen() for estate in estates] == before, f"ECS_SAAS_SEED={SEED}"
    finally:
        for estate in estates:
            estate.remove()


@pytest.mark.parametrize("name", ["demo-basic", "demo-advanced", "demo-premium"])
def test_no_user_writes_claims(system: System, visitors: dict[str, Visitor], name: str) -> None:
    cognito, me = anybody(system), visitors[name]
    for claim in CLAIMS:
        attribute = {"Name": f"custom:{claim}", "Value": visitors["premium-00"].place.id}
        with pytest.raises(ClientError, match="NotAuthorized"):
            cognito.update_user_attributes(AccessToken=me.tokens.access, UserAttributes=[attribute])
        with pytest.raises(ClientError, match="NotAuthorized"):
            cognito.sign_up(
                ClientId=me.place.client,
                Username=f"intruder-{claim}",
                Password="Correct-horse-7!",
                UserAttributes=[attribute],
            )
    place = visitors[name].place
    assert _claims_of(system, place)["custom:tenantId"] == place.id


def test_neither_a_careless_service_nor_its_credentials_reach_another_tenant(
    visitors: dict[str, Visitor], tasks: Tasks, system: System
) -> None:
    me, other = visitors["demo-basic"], visitors["basic-00"]
    theirs = other.data("POST", "/products", {**KETTLE, "sku": "secret-of-theirs"})
    body = {"tenantId": other.place.id, "productId": theirs["productId"]}
    mine = me.data("POST", "/products", KETTLE)
    with tasks.instead(POOL, f"{POOL}-products", "tests.local.careless_products") as url:

        def ask(mistake: str, who: Visitor) -> httpx.Response:
            bearer = {"Authorization": f"Bearer {who.tokens.id}"}
            return httpx.post(f"{url}/careless/{mistake}", json=body, headers=bearer)

        for mistake in ("store", "page", "unbound", "item", "query", "scan", "own-role"):
            refused = ask(mistake, me)
            assert refused.status_code in (403, 500), (mistake, refused.text)
            assert "secret-of-theirs" not in refused.text
            if mistake not in ("scan", "own-role"):
                assert "secret-of-theirs" in ask(mistake, other).text
        leaked = ask("credentials", me).json()

    own = _client(system, "sts", leaked)
    own_table = _client(system, "dynamodb", leaked)
    key = {"tenantId": {"S": other.place.id}, "productId": {"S": theirs["productId"]}}
    table, role = leaked["table"], leaked["role"]
    assert _refused(lambda: own_table.get_item(TableName=table, Key=key))
    tags = [{"Key": "TenantId", "Value": me.place.id}]
    session = own.assume_role(RoleArn=role, RoleSessionName="intruder", Tags=tags)["Credentials"]
    as_me = _client(system, "dynamodb", session)
    my_key = {"tenantId": {"S": me.place.id}, "productId": {"S": mine["productId"]}}
    assert as_me.get_item(TableName=table, Key=my_key)["Item"].items() >= my_key.items()
    silo = f"{PREFIX}-{visitors['demo-premium'].place.id}-premium-products"
    for tried in (
        lambda: as_me.get_item(TableName=table, Key=key),
        lambda: as_me.put_item(TableName=table, Item=key),
        lambda: as_me.delete_item(TableName=table, Key=key),
        lambda: as_me.scan(TableName=table),
        lambda: as_me.get_item(TableName=silo, Key=my_key),
        lambda: _client(system, "sts", session).assume_role(
            RoleArn=role, RoleSessionName="again", Tags=[{**tags[0], "Value": other.place.id}]
        ),
    ):
        assert _refused(tried)
    me.data("DELETE", f"/products/{mine['productId']}")
    other.data("DELETE", f"/products/{theirs['productId']}")


def test_one_tenants_flood_is_not_its_neighbours(
    system: System, visitors: dict[str, Visitor]
) -> None:
    api_id = visitors["demo-basic"].place.api.rsplit("/", 2)[1]
    plans = system.client("apigateway").get_usage_plans()["items"]
    (rate,) = (
        plan["throttle"]["rateLimit"]
        for plan in plans
        if plan["apiStages"][0]["apiId"] == api_id and plan["name"].endswith("-basic")
    )
    seconds = 5
    time.sleep(1)  # until the buckets are full
    noisy, quiet = visitors["demo-basic"], visitors["basic-00"]
    with (
        Steady(noisy, "GET", "/products?limit=1", per_second=5 * rate) as flood,
        Steady(quiet, "GET", "/products?limit=1", per_second=rate) as full,
    ):
        time.sleep(seconds)

    assert full.counted() == {200: full.sent}
    assert full.sent >= 0.9 * rate * seconds
    assert set(flood.counted()) == {200, 429}
    # Its rate and one burst, and not more.
    assert flood.counted()[200] <= rate * (flood.seconds + 1) + rate
    assert flood.counted()[429] > flood.counted()[200]


def test_a_hundred_writers_lose_no_update(visitors: dict[str, Visitor]) -> None:
    premium = visitors["demo-premium"]
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


def test_a_rolling_deployment_fails_no_request(visitors: dict[str, Visitor], tasks: Tasks) -> None:
    premium = visitors["demo-premium"]
    cluster, service = _own_products(premium)
    with _product(premium) as path:
        before = set(tasks.of(cluster, service))
        with (
            Steady(premium, "GET", path, per_second=20) as reads,
            Steady(premium, "POST", "/products", LOADED, per_second=5) as writes,
        ):
            tasks.deploy(cluster, service)
            time.sleep(1.5)
        assert not before & set(tasks.of(cluster, service))
        assert reads.counted() == {200: reads.sent}
        assert writes.counted() == {201: writes.sent}
        assert (reads.sent, writes.sent) > (40, 10)


def test_a_killed_task_fails_no_request_but_those_on_their_way(
    visitors: dict[str, Visitor], tasks: Tasks
) -> None:
    premium = visitors["demo-premium"]
    cluster, service = _own_products(premium)
    with _product(premium) as path, tasks.scaled(cluster, service, 2):
        victim = min(tasks.of(cluster, service))
        with (
            Steady(premium, "GET", path, per_second=20) as reads,
            Steady(premium, "POST", "/products", LOADED, per_second=5) as writes,
        ):
            time.sleep(1)
            killed = time.monotonic()
            tasks.kill(cluster, victim)
            tasks.await_replaced(cluster, service, victim, 2)
            time.sleep(1)
        for sent, good in ((reads, 200), (writes, 201)):
            late = [each for each in sent.ends if each.status != good and each.began > killed + 1]
            assert not late, (killed, late)


def test_a_suspended_tenants_token_is_refused_within_a_minute_and_taken_again(
    suspension: Future[tuple[float, float]],
) -> None:
    """The row was changed when the first test began: API and authorizer may remember 30 s each."""
    refused, taken = suspension.result(timeout=120)
    assert refused <= 62
    assert taken <= 62


def _line(product: dict[str, Any]) -> dict[str, Any]:
    return {"productId": product["productId"]}


@contextmanager
def _invited(system: System, admin: Visitor, http: httpx.Client) -> Iterator[Visitor]:
    """A user whom the administrator invites, signs in and is removed in the end."""
    name = f"user-{secrets.token_hex(3)}"
    invitation = {"userName": name, "userEmail": f"{name}@example.com"}
    user = admin.data("POST", "/users", invitation)
    assert (user["userRole"], user["enabled"]) == ("TenantUser", True)
    try:
        yield Visitor.of(system, admin.place, http, user["userName"])
    finally:
        admin.data("DELETE", f"/users/{user['userName']}")


def _claims_of(system: System, place: Place) -> dict[str, str]:
    user = system.client("cognito-idp").admin_get_user(
        UserPoolId=place.pool, Username=place.administrator
    )
    return {each["Name"]: each["Value"] for each in user["UserAttributes"]}


def _client(system: System, service: str, credentials: dict[str, str]) -> Any:
    environment = system.local.environment()
    create: Any = boto3.client
    return create(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def _refused(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
    return False


@contextmanager
def _product(visitor: Visitor) -> Iterator[str]:
    """The path of a product that there is for a while; its whole category goes with it."""
    made = visitor.data("POST", "/products", LOADED)
    try:
        yield f"/products/{made['productId']}"
    finally:
        for each in visitor.listed("/products", category=LOADED["category"]):
            visitor.data("DELETE", f"/products/{each['productId']}")


def _own_products(premium: Visitor) -> tuple[str, str]:
    """Return the cluster and the service of a premium tenant's products."""
    cluster = f"{PREFIX}-{premium.place.id}-premium"
    return cluster, f"{cluster}-products"

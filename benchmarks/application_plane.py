"""A request hop by hop; the authorizer; vending of credentials; a pool of many tenants."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.laboratory import await_quiet, laboratory
from benchmarks.measure import Verdict, at_least, at_most
from benchmarks.pool import Crowd, Place
from services.application.authorizer.function import authorizer_of
from services.application.runtime.credentials import PoolCredentials
from services.cli.visit import api_address, sign_in, visit

ROUNDS = 5
READS = 150
CALLERS = 4
SECONDS = 2.0
MOST_PER_ROUND = 500  # a premium tenant may ask 6,000 times a day
TENANTS = 500
POOL_ROUNDS = 3
JUDGED = 2_000
PRODUCT = {"name": "Kettle", "price": "19.90", "sku": "kt-1", "category": "kitchen"}


def verdicts() -> list[Verdict]:
    with laboratory() as lab:
        premium, basic = (lab.onboard_tier(tier) for tier in ("premium", "basic"))
        os.environ.update(lab.local.environment())
        await_quiet(lab.local)
        return measured(lab.client, lab.local.status().endpoint, premium, basic)


def measured(
    client: Callable[[str], Any],
    endpoint: str,
    premium: Mapping[str, Any],
    basic: Mapping[str, Any],
) -> list[Verdict]:
    """Measure a system that is there, of which these are two tenants' outputs.

    The environment leads the SDK to it.
    """
    token = sign_in(client("cognito-idp"), premium)
    visit(endpoint, token, premium)  # which waits until the load balancers send requests
    return [
        *_hops(client, endpoint, token, premium),
        _authorizer(token),
        _vending(client),
        _pool(client, basic),
    ]


@dataclass(frozen=True)
class Reads:
    """Milliseconds of reads one after the other, and how many a second many callers got."""

    milliseconds: list[float]
    per_second: float

    def percentile(self, percent: int) -> float:
        return percentile(self.milliseconds, percent)


def percentile(values: Sequence[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def _hops(
    client: Callable[[str], Any], endpoint: str, token: str, tenant: Mapping[str, Any]
) -> list[Verdict]:
    """Read one product by the whole path, by the gateway and directly, in turn."""
    api = api_address(endpoint, tenant)
    addresses = task_addresses(client("ecs"), tenant["cluster_name"])
    roads = {
        "whole path": api,
        "gateway": f"http://{addresses['gateway']}:8080",
        "direct": f"http://{addresses['products']}:3010",
    }
    with callers(token) as http:
        made = http.post(f"{api}/products", json=PRODUCT).raise_for_status().json()["data"]
        path = f"/products/{made['productId']}"
        found: dict[str, list[Reads]] = {road: [] for road in roads}
        try:
            for url in roads.values():
                for _ in range(20):  # warm
                    read(http, url + path)
            for _ in range(ROUNDS):
                for road, url in roads.items():
                    one_by_one = [read(http, url + path) for _ in range(READS)]
                    found[road].append(Reads(one_by_one, _per_second(http, url + path)))
        finally:
            http.delete(f"{roads['direct']}{path}").raise_for_status()
    figures = {road: _figures(rounds) for road, rounds in found.items()}
    direct = figures["direct"]
    return [
        Verdict(
            f"product read, {road}",
            f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {rate:.0f}/s "
            f"({p50 / direct[0]:.1f}x direct's p50)",
            "shown",
            None,
        )
        for road, (p50, p99, rate) in figures.items()
    ]


def _figures(rounds: Sequence[Reads]) -> tuple[float, float, float]:
    """Return the median of the rounds: of p50, p99 and requests a second."""
    return (
        statistics.median(each.percentile(50) for each in rounds),
        statistics.median(each.percentile(99) for each in rounds),
        statistics.median(each.per_second for each in rounds),
    )


def read(http: httpx.Client, url: str, token: str = "") -> float:
    """Return the milliseconds of a read, which must succeed."""
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    began = time.perf_counter()
    answer = http.get(url, headers=bearer)
    took = (time.perf_counter() - began) * 1000
    if answer.status_code != 200:
        raise RuntimeError(f"GET {url}: {answer.status_code} {answer.text}")
    return took


def _per_second(http: httpx.Client, url: str) -> float:
    """Return how many reads a second many callers get, up to what a tenant's plan lets pass."""
    began = time.monotonic()
    turns = itertools.count()

    def ask(_: int) -> int:
        done = 0
        while time.monotonic() < began + SECONDS and next(turns) < MOST_PER_ROUND:
            answer = http.get(url)
            if answer.status_code == 429:  # of the usage plan, and none of the path's
                time.sleep(0.01)
                continue
            if answer.status_code != 200:
                raise RuntimeError(f"GET {url}: {answer.status_code} {answer.text}")
            done += 1
        return done

    with ThreadPoolExecutor(CALLERS) as many:
        done = sum(many.map(ask, range(CALLERS)))
    return done / (time.monotonic() - began)


@contextlib.contextmanager
def callers(token: str = "") -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    limits = httpx.Limits(max_connections=CALLERS)
    with httpx.Client(headers=headers, timeout=30, trust_env=False, limits=limits) as http:
        yield http


def task_addresses(ecs: Any, cluster: str) -> dict[str, str]:
    """Return the address of a running task of each service of a cluster."""
    arns = ecs.list_tasks(cluster=cluster, desiredStatus="RUNNING")["taskArns"]
    addresses = {}
    for task in ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]:
        details = [each for part in task["attachments"] for each in part["details"]]
        for detail in details:
            if task["lastStatus"] == "RUNNING" and detail["name"] == "privateIPv4Address":
                addresses[task["group"].rpartition("-")[2]] = detail["value"]
    return addresses


def _authorizer(token: str) -> Verdict:
    """Ask the function itself, in this process, with what it reads from the system in its cache."""
    authorizer = authorizer_of(
        {
            **os.environ,
            "MAPPING_TABLE": "ecs-saas-dev-tenant-mapping",
            "ROLE_PATHS": json.dumps({"TenantAdmin": ["/orders", "/products", "/users"]}),
        }
    )
    arn = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/prod/GET/products"
    event = {"authorizationToken": f"Bearer {token}", "methodArn": arn}

    def judge() -> tuple[float, float]:
        """Return the milliseconds of processor time, and those that went by."""
        began, worked = time.perf_counter(), time.thread_time()
        answer = authorizer(event)
        took = (time.thread_time() - worked) * 1000, (time.perf_counter() - began) * 1000
        (statement,) = answer["policyDocument"]["Statement"]
        if statement["Effect"] != "Allow" or not answer["usageIdentifierKey"]:
            raise RuntimeError("the authorizer refuses the token that is measured")
        return took

    judge()  # which reads the tenant's row and the pool's keys
    work, wall = zip(*(judge() for _ in range(JUDGED)), strict=True)
    return at_most(
        "authorizer, own work of a warm call (p99)",
        percentile(work, 99),
        5,
        " ms",
        f"p50 {percentile(work, 50):.2f} ms; with waits for the processor "
        f"{percentile(wall, 50):.2f} and {percentile(wall, 99):.2f} ms",
    )


def _vending(client: Callable[[str], Any]) -> Verdict:
    """Vend a tenant's client, from the cache and anew, in turn."""
    with _tenant_role(client) as role:
        made = PoolCredentials(os.environ["AWS_REGION"], role, "bench", sts=lambda: client("sts"))
        made.client("kept", "dynamodb")
        cached, anew = [], []
        for number in range(50):
            cached.append(_milliseconds(lambda: made.client("kept", "dynamodb")))
            tenant = f"tenant-{number}"
            anew.append(_milliseconds(lambda: made.client(tenant, "dynamodb")))  # noqa: B023
    with_cache, without = statistics.median(cached), statistics.median(anew)
    detail = f"{without:.1f} ms / {with_cache:.4f} ms"
    return at_least("token vending, anew / from the cache", without / with_cache, 20, detail)


@contextlib.contextmanager
def _tenant_role(client: Callable[[str], Any]) -> Iterator[str]:
    iam = client("iam")
    account = client("sts").get_caller_identity()["Account"]
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = iam.create_role(RoleName="benchmark", AssumeRolePolicyDocument=document)
    try:
        yield made["Role"]["Arn"]
    finally:
        iam.delete_role(RoleName="benchmark")


def _pool(client: Callable[[str], Any], basic: Mapping[str, Any]) -> Verdict:
    """Read products by the pool's gateway: of one tenant alone, then of many in turn."""
    address = task_addresses(client("ecs"), basic["cluster_name"])["gateway"]
    products = f"http://{address}:8080/products"

    def p99(asked: Sequence[Place]) -> float:
        """Return the median p99 of some rounds, each of as many reads as there are tenants."""
        rounds = []
        with callers() as http:
            for place in asked:  # each tenant's credentials, once
                read(http, f"{products}/{place.product}", place.token)
            for _ in range(POOL_ROUNDS):
                turns = itertools.islice(itertools.cycle(asked), TENANTS)
                each = [read(http, f"{products}/{turn.product}", turn.token) for turn in turns]
                rounds.append(percentile(each, 99))
        return statistics.median(rounds)

    # The pool's services keep credentials of whom they have served, so the one comes first.
    with Crowd(client, basic, 1, PRODUCT, products) as single:
        alone = p99(single.places)
    with Crowd(client, basic, TENANTS, PRODUCT, products) as crowd:
        among = p99(crowd.places)
        again = p99(crowd.places[:1])
    return at_most(
        f"pool, p99 of a read: of {TENANTS} tenants in turn / of 1 before there were others",
        among / alone,
        1.2,
        "x",
        f"{among:.1f} ms / {alone:.1f} ms; of 1 among the {TENANTS} {again:.1f} ms",
    )


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000

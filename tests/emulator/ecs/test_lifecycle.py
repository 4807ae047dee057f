"""Scaling, healing, rolling out and stopping, with real processes."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.local_aws.layout import ACCOUNT_ID
from services.local_aws.machine import LocalAws
from tests.aws import REGION, free_port
from tests.emulator.ecs.environment import Environment, call, wait_for
from tests.emulator.ecs.processes import alive, descendants, environment_of, pids_at
from tests.emulator.images import pushed

pytestmark = pytest.mark.local_aws


def kill_at(address: str) -> int:
    (pid,) = pids_at(address)
    os.kill(pid, signal.SIGKILL)
    return pid


@contextmanager
def load(environment: Environment, threads: int = 4) -> Iterator[Counter[int]]:
    """Read and write without a pause while the block runs; count the answers by status."""
    headers = environment.headers("acme")
    url, products = environment.url("/products/identity"), environment.url("/products")
    draft = {"name": "n", "price": 1, "sku": "s", "category": "c"}
    stop = threading.Event()
    statuses: Counter[int] = Counter()

    def ask() -> None:
        while not stop.is_set():
            try:
                statuses[call("GET", url, headers=headers).status] += 1
                statuses[call("POST", products, draft, headers=headers).status] += 1
            except OSError:
                statuses[0] += 1
            time.sleep(0.005)  # a pace, and no wait: the load is not to take all of the machine

    running = [threading.Thread(target=ask) for _ in range(threads)]
    for each in running:
        each.start()
    try:
        yield statuses
    finally:
        stop.set()
        for each in running:
            each.join()


def await_more(statuses: Counter[int], count: int = 50) -> None:
    """Wait until so many more requests have an answer."""
    before = sum(statuses.values())
    wait_for("more answers", lambda: sum(statuses.values()) >= before + count)


def test_scaling_to_three_and_back_loses_no_request(pool: Environment) -> None:
    with load(pool) as statuses:
        for service in ("products", "gateway"):
            pool.scale(service, 3)
            pool.await_steady(service)
            assert len(set(pool.addresses(service).values())) == 3
        wait_for("three healthy targets", lambda: len(pool.healthy()) == 3)
        await_more(statuses)
        for service in ("products", "gateway"):
            pool.scale(service, 1)
            pool.await_steady(service)
        wait_for("one healthy target", lambda: len(pool.healthy()) == 1)
        await_more(statuses, 100)
    assert set(statuses) == {200, 201}, statuses
    assert sum(statuses.values()) > 50


def test_requests_are_shared_among_tasks(pool: Environment) -> None:
    pool.scale("products", 3)
    pool.await_steady("products")
    addresses = set(pool.addresses("products").values())
    headers = pool.headers("acme")

    def upstreams() -> bool:
        for _ in range(10):
            call("GET", pool.url("/products/identity"), headers=headers)
        log = "\n".join(pool.log_lines("gateway"))
        return all(f"{address}:3010" in log for address in addresses)

    # The gateway asks for the alias each second.
    wait_for("requests at each task", upstreams)
    pool.scale("products", 1)
    pool.await_steady("products")


@pytest.mark.parametrize("service", ["products", "gateway"])
def test_a_killed_task_is_replaced(pool: Environment, service: str) -> None:
    ((_, address),) = pool.addresses(service).items()
    kill_at(address)
    began = time.monotonic()
    wait_for("another task", lambda: set(pool.addresses(service).values()) - {address}, 10)
    headers = pool.headers("acme")

    def answers() -> bool:
        return call("GET", pool.url("/products/identity"), headers=headers).status == 200

    wait_for("an answer", answers, 10)
    assert time.monotonic() - began < 10
    pool.await_steady(service)


def test_a_task_that_hangs_is_found_by_its_load_balancer(pool: Environment) -> None:
    ((_, address),) = pool.addresses("gateway").items()
    (pid,) = pids_at(address)
    os.kill(pid, signal.SIGSTOP)
    wait_for("another task", lambda: set(pool.addresses("gateway").values()) - {address}, 40)
    wait_for("its health", lambda: pool.healthy() and address not in pool.healthy(), 10)
    assert not alive(pid)


@pytest.mark.parametrize("service", ["products", "gateway"])
def test_a_rolling_deploy_loses_no_request(pool: Environment, service: str) -> None:
    before = set(pool.addresses(service).values())
    pids = [pid for address in before for pid in pids_at(address)]
    with load(pool) as statuses:
        revision = pool.register(service, RELEASE="2")
        pool.ecs.update_service(cluster=pool.name, service=service, taskDefinition=revision)
        pool.await_steady(service)
        wait_for("the old processes' end", lambda: not any(map(alive, pids)), 20)
        await_more(statuses)
    assert set(statuses) == {200, 201}, statuses
    assert not before & set(pool.addresses(service).values())


def test_a_deploy_that_fails_is_rolled_back(pool: Environment) -> None:
    """Its tasks end at once, with the reason in their log; the old ones go on."""
    before = pool.addresses("products")
    good = pool.describe("products")["taskDefinition"]
    revision = pool.register("products", ISOLATION="neither")
    with load(pool, 1) as statuses:
        pool.ecs.update_service(cluster=pool.name, service="products", taskDefinition=revision)
        wait_for(
            "the rollback",
            lambda: pool.describe("products")["taskDefinition"] == good,
            40,
        )
        pool.await_steady("products", 20)
    assert set(statuses) == {200, 201}
    assert pool.addresses("products") == before
    assert any("ISOLATION: got 'neither'" in line for line in pool.log_lines("products"))


@pytest.mark.parametrize("image", ["products:2", "products@sha256:" + "0" * 64, "nothing:1"])
def test_an_image_that_is_not_in_the_registry_stops_its_task_with_a_reason(
    pool: Environment, image: str
) -> None:
    registry = f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/acme"
    definition = pool.ecs.register_task_definition(
        family="nothing",
        networkMode="awsvpc",
        containerDefinitions=[{"name": "x", "image": f"{registry}/{image}"}],
    )["taskDefinition"]["taskDefinitionArn"]
    task = pool.ecs.run_task(cluster=pool.name, taskDefinition=definition)["tasks"][0]["taskArn"]

    def reason() -> str:
        described = pool.ecs.describe_tasks(cluster=pool.name, tasks=[task])["tasks"][0]
        return str(described.get("stoppedReason") or "")

    said = wait_for("the reason", reason)
    assert said.startswith("CannotPullContainerError: ")
    assert said.endswith(f"{registry}/{image}: not found")


def test_a_task_has_the_environment_of_its_definition_only(pool: Environment) -> None:
    (address,) = pool.addresses("gateway").values()
    (pid,) = pids_at(address)
    names = set(environment_of(pid))
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "HOME", "AWS_PROFILE"} & names
    assert {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_ENDPOINT_URL", "BIND_HOST"} <= names


@pytest.mark.parametrize("end", ["kill", "down"])
def test_no_process_outlives_the_local_aws_and_its_services_come_back(
    tmp_path: Path, end: str
) -> None:
    local = LocalAws(tmp_path / "home", free_port())
    environment = Environment(local.up().endpoint, "again", silo="acme")
    pushed(local, environment.client("ecr"), "acme", "products", "gateway")
    try:
        environment.build()
        headers = environment.headers("acme")
        draft = {"name": "n", "price": 1, "sku": "s", "category": "c"}
        product = call("POST", environment.url("/products"), draft, headers=headers).body["data"]
        saved = tmp_path / "home/state/ecs.json"
        names = [f":service/{environment.name}/{each}" for each in ("gateway", "products")]
        wait_for("the saved services", lambda: all(name in saved.read_text() for name in names))
        pid = local.status().pid
        assert pid is not None
        family = descendants(pid)
        assert len(family) >= 3  # the spawner, the gateway, products
        if end == "kill":
            os.kill(pid, signal.SIGKILL)
        else:
            local.down()
        wait_for("the end of all processes", lambda: not any(map(alive, family)), 5)

        local.up()
        began = time.monotonic()
        path = environment.url(f"/products/{product['productId']}")
        wait_for("the services", lambda: call("GET", path, headers=headers).status == 200, 20)
        sys.stdout.write(f"back after {time.monotonic() - began:.1f} s\n")
        assert call("GET", path, headers=headers).body["data"] == product
    finally:
        local.down()


def test_a_deleted_service_leaves_no_process_and_no_target(
    shared_local_aws: LocalAws,
) -> None:
    environment = Environment(shared_local_aws.status().endpoint, "gone", silo="gone-tenant")
    environment.build()
    pids = [
        pid
        for service in ("gateway", "products")
        for address in environment.addresses(service).values()
        for pid in pids_at(address)
    ]
    assert len(pids) == 2
    assert (
        call(
            "GET", environment.url("/products"), headers=environment.headers("other-tenant")
        ).status
        == 403
    )
    for service in ("gateway", "products"):
        environment.ecs.delete_service(cluster=environment.name, service=service, force=True)
    wait_for("the end of the processes", lambda: not any(map(alive, pids)), 10)
    assert environment.healthy() == []

"""The system that all tests of this folder use, one after the other.

ECS_SAAS_E2E_SYSTEM names a directory to keep the system in: it is used as it is found, and left
as it is. That saves whoever writes a test the minutes that creating one takes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.aws import free_port
from tests.e2e.system import PREFIX, PROJECT, System
from tests.e2e.tasks import Tasks
from tests.e2e.visitor import NAMES, WRITERS, Place, Visitor, suspended

# Nobody else's tenant: it is suspended for a while.
SUSPENDED = "basic-01"

# A system lives through them in this order; the first creates it and the last removes it.
ORDER = (
    "test_main_job",
    "test_control_plane",
    "test_conformance",
    "test_operators",
    "test_isolation",
    "test_application_plane",
    "test_lifecycle",
    "test_faults",
    "test_removal",
    "test_end",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the modules into the order of the system's life."""
    here = Path(__file__).parent
    own = [item for item in items if item.path.parent == here]
    rest = [item for item in items if item.path.parent != here]
    items[:] = [*rest, *sorted(own, key=lambda item: ORDER.index(item.path.stem))]


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    modules = PROJECT / "cdktf.out/stacks/platform/cdk.tf.json"
    assert modules.is_file(), "the root modules are missing: run `make synth`"
    # Nobody writes while a tenant of these tests moves: no cache's answer has to be waited for.
    os.environ["ECS_SAAS_REFUSAL_SECONDS"] = "1"
    if kept := os.environ.get("ECS_SAAS_E2E_SYSTEM"):
        system = System.create(Path(kept), int(os.environ.get("ECS_SAAS_LOCAL_PORT", "4570")))
        system.local.up()
        yield system
        return
    port = free_port()
    system = System.create(tmp_path_factory.mktemp("system"), port)
    yield system
    system.local.reset()


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_connections=WRITERS)
    with httpx.Client(timeout=30, trust_env=False, limits=limits) as client:
        yield client


@pytest.fixture(scope="module")
def visitors(system: System, http: httpx.Client) -> dict[str, Visitor]:
    """The administrator of each tenant, by the tenant's name; signed in anew, as tokens end."""

    def visitor(name: str) -> Visitor:
        place = Place.of(system, name)
        return Visitor.of(system, place, http)

    return {name: visitor(name) for name in NAMES}


@pytest.fixture(scope="session")
def tasks(system: System) -> Tasks:
    return Tasks(system.client("ecs"))


@pytest.fixture(scope="session")
def suspension(system: System, http: httpx.Client) -> Iterator[Future[tuple[float, float]]]:
    """A suspension that takes its time while the other tests run: see its test."""
    place = Place.of(system, SUSPENDED)
    visitor = Visitor.of(system, place, http)
    visitor.patient("GET", "/products")

    def until(status: int) -> float:
        began = time.monotonic()
        while visitor.patient("GET", "/products").status_code != status:
            assert time.monotonic() - began < 90, f"after 90 s still no {status}"
            time.sleep(1)
        return time.monotonic() - began

    def suspend_and_resume() -> tuple[float, float]:
        with suspended(system, place):
            refused = until(403)
        return refused, until(200)

    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(suspend_and_resume)


@pytest.fixture
def no_application_plane(system: System) -> Iterator[None]:
    """Turn off the rule that starts operations: the test answers requests itself meanwhile."""
    events = system.client("events")
    rule = {
        "Name": f"{PREFIX}-tenant-requests",
        "EventBusName": system.contract("control-plane")["event_bus_name"],
    }
    events.disable_rule(**rule)
    yield
    events.enable_rule(**rule)

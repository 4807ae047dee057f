"""The system that all tests of this folder share, and the tenants that each of them needs.

A module asks for the tenants that it works with and changes none of another's, so that it may be
run alone, and in any order. What it does to the system it takes back.

ECS_SAAS_E2E_SYSTEM names a directory to keep the system in: it is used as it is found, and left
as it is. That saves whoever writes a test the minutes that creating one takes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.aws import free_port
from tests.e2e.fleet import FLEET, Onboarding, ensure, onboard
from tests.e2e.system import PREFIX, PROJECT, System
from tests.e2e.tasks import Tasks
from tests.e2e.users import NAMES, WRITERS, Place, SignedInUser
from tests.waiting import eventually

Present = Callable[..., None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the end of the system last: after it there is none."""
    items.sort(key=lambda item: item.path.stem == "test_end")


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The whole system, with the demo's tenants."""
    modules = PROJECT / "cdktf.out/stacks/platform/cdk.tf.json"
    assert modules.is_file(), "the root modules are missing: run `make synth`"
    if kept := os.environ.get("ECS_SAAS_E2E_SYSTEM"):
        system = System.create(Path(kept), int(os.environ.get("ECS_SAAS_LOCAL_PORT", "4570")))
        system.local.up()
        system.demonstrate()
        yield system
        return
    system = System.create(tmp_path_factory.mktemp("system"), free_port())
    try:
        system.demonstrate()
        yield system
    finally:
        system.local.reset()


@pytest.fixture(scope="session")
def fleet(system: System) -> Onboarding:
    """All tenants of the fleet, registered at once."""
    return onboard(system, FLEET)


@pytest.fixture(scope="session")
def present(system: System, request: pytest.FixtureRequest) -> Present:
    """Make tenants of the fleet be there, by name; the whole of it where a test asks for that."""
    if any("fleet" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("fleet")
    return lambda *names: ensure(system, names)


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_connections=WRITERS)
    with httpx.Client(timeout=30, trust_env=False, limits=limits) as client:
        yield client


@pytest.fixture(scope="module")
def admins(system: System, http: httpx.Client, present: Present) -> dict[str, SignedInUser]:
    """The administrator of each tenant, by the tenant's name; signed in anew, as tokens end."""
    present(*NAMES)
    found = {name: SignedInUser.of(system, Place.of(system, name), http) for name in NAMES}
    # A test before may have killed the machine that the tenants' tasks ran on.
    eventually(lambda: all(admin.is_served() for admin in found.values()))
    return found


@pytest.fixture(scope="session")
def tasks(system: System) -> Tasks:
    return Tasks(system.client("ecs"))


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

"""The system that all tests of this folder use, one after the other.

ECS_SAAS_E2E_SYSTEM names a directory to keep the system in: it is used as it is found, and left
as it is. That saves whoever writes a test the minutes that creating one takes.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.system import PREFIX, PROJECT, System

# A system lives through them in this order; the first creates it and the last removes it.
ORDER = (
    "test_main_job",
    "test_control_plane",
    "test_conformance",
    "test_operators",
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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    system = System.create(tmp_path_factory.mktemp("system"), port)
    yield system
    system.local.reset()


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

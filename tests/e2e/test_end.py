"""The end of the system: every tenant is offboarded, everything destroyed, nothing left."""

from __future__ import annotations

import os

import pytest

from tests.e2e.system import PREFIX, System

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.local_aws,
    pytest.mark.skipif("ECS_SAAS_E2E_SYSTEM" in os.environ, reason="the system is kept"),
]


def test_demo_down_leaves_nothing(system: System) -> None:
    with system.control_plane() as api:
        tenants = {row["tenantName"] for row in api.tenants()}
    assert tenants

    ended = system.run("demo", "down", "--json").json()

    assert ended["left"] == []
    # Each by its control plane: what that cannot offboard is named by its workspace's id.
    assert set(ended["tenants"]) == tenants
    assert {result["stack"] for result in ended["platform"]} >= {"platform", "control-plane"}
    assert not system.local.status().running
    assert not any(PREFIX in path.name for path in system.local.home.rglob("*"))

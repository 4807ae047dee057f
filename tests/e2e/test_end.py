"""The end of the system: every tenant is offboarded, everything destroyed, nothing left.

With all tenants of these tests it takes minutes: it is done where ECS_SAAS_E2E_DOWN is set.
"""

from __future__ import annotations

import os

import pytest

from tests.e2e.system import System

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.local_aws,
    pytest.mark.skipif("ECS_SAAS_E2E_DOWN" not in os.environ, reason="ECS_SAAS_E2E_DOWN"),
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
    assert not system.local.home.exists()

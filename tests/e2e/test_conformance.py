"""The suite of conformance as anybody runs it on a deployed control plane: by its address."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from services.contracts.http_routes import TENANT_READ, TENANT_WRITE, USER_READ, USER_WRITE
from tests.e2e.operators import api_url, machine_token
from tests.e2e.system import PROJECT, System

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

PROFILES = [
    f"tests/conformance/test_{profile}{part}.py"
    for profile in ("sbt", "strict")
    for part in ("", "_events")
]


@pytest.mark.usefixtures("no_application_plane")
def test_the_deployed_control_plane_conforms(system: System) -> None:
    with system.control_plane() as api:
        before = {row["tenantName"] for row in api.tenants()}
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *PROFILES],
        cwd=PROJECT,
        env=_environment(system),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-8000:] + finished.stderr[-2000:]
    assert "skipped" not in finished.stdout.splitlines()[-1]

    with system.control_plane() as api:
        assert {row["tenantName"] for row in api.tenants()} == before


def _environment(system: System) -> dict[str, str]:
    found = system.contract("control-plane")
    everything = (TENANT_READ, TENANT_WRITE, USER_READ, USER_WRITE)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **system.local.environment(),
        "CONTROL_PLANE_URL": api_url(system),
        "CONTROL_PLANE_TOKEN": machine_token(system, *everything),
        "CONTROL_PLANE_READ_TOKEN": machine_token(system, TENANT_READ),
        "CONTROL_PLANE_BUS": found["event_bus_name"],
    }

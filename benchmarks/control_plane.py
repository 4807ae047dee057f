"""The control plane over HTTP: onboarding, cold starts, each read route, and many tenants."""

from __future__ import annotations

import os
import tempfile
import uuid
from pathlib import Path

from benchmarks.control_plane_cold import cold_starts
from benchmarks.control_plane_onboarding import Onboardings
from benchmarks.control_plane_routes import latencies, scale
from benchmarks.control_plane_system import running_system
from benchmarks.control_plane_traffic import traffic
from benchmarks.measure import Verdict
from services.tenancy import Tier

_PARTS = ("onboarding", "cold", "routes", "scale", "traffic")


def verdicts() -> list[Verdict]:
    """Measure the parts that ECS_SAAS_BENCH_PARTS names, by default all of them."""
    parts = os.environ.get("ECS_SAAS_BENCH_PARTS", ",".join(_PARTS)).split(",")
    found: list[Verdict] = []
    with (
        running_system() as system,
        system.api() as api,
        tempfile.TemporaryDirectory() as scratch,
    ):
        if "traffic" in parts:
            found += traffic(system, api)
        if not set(parts) - {"traffic"}:
            return found
        onboardings = Onboardings(system, api, Path(scratch))
        name, key = f"bench-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
        tenant = onboardings.onboard(Tier.BASIC, name, key)
        try:
            if "onboarding" in parts:
                found += onboardings.verdicts()
            if "cold" in parts:
                found += cold_starts(system, tenant.registration["tenantRegistrationId"])
            if "routes" in parts:
                found += latencies(system, api, (name, Tier.BASIC, key))
            if "scale" in parts:
                found += scale(system, api)
        finally:
            onboardings.offboard(tenant.registration)
    return found

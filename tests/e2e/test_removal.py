"""The end of a tenant: nothing of it is left, and all of the others."""

from __future__ import annotations

import json

import pytest

from tests.e2e.system import DEMO, System

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]


def test_values_of_one_tenant_are_refused_in_anothers_workspace(system: System) -> None:
    before = system.state_keys()
    own, other = DEMO[0].id(system), DEMO[1].id(system)
    document = system.directory / "tenant.json"
    identity = {"tenant_id": own, "tenant_name": "demo-basic", "tier": "basic"}
    document.write_text(json.dumps({**identity, "admin_email": "a@example.com"}))
    finished = system.try_run("workspace", "apply", other, "--document", str(document))

    assert finished.code == 2
    assert own in finished.err
    assert other in finished.err
    assert system.state_keys() == before


def test_offboarding_leaves_nothing_of_the_tenant_and_all_of_the_others(system: System) -> None:
    gone = DEMO[2].id(system)
    system.run("tenant", "delete", DEMO[2].name, "--yes", "--wait")

    assert system.remains(gone) == []
    with system.control_plane() as api:
        assert api.tenant(gone)["tenantStatus"] == "DELETED"
        assert DEMO[2].name not in {row["tenantName"] for row in api.tenants()}
    assert [tenant.plan(system) for tenant in DEMO[:2]] == [0, 0]

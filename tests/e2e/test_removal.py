"""The end of a tenant: nothing of it is left, and all of the others."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from services.cli.visit import sign_in, visit
from tests.e2e.conftest import Present
from tests.e2e.system import DEMO, System, Tenant, four_at_once
from tests.e2e.traces import traces

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

GONE = [
    Tenant("basic-06", "basic"),
    Tenant("advanced-03", "advanced"),
    Tenant("premium-03", "premium"),
]


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


@dataclass(frozen=True)
class Removed:
    """A tenant that was offboarded, and what there was of it before and after."""

    id: str
    name: str
    before: dict[str, list[str]]
    after: dict[str, list[str]]


@pytest.fixture(scope="module")
def removed(system: System, present: Present) -> dict[str, Removed]:
    """Offboard a tenant of each tier, all at once."""
    present(*(tenant.name for tenant in GONE))
    cognito, endpoint = system.client("cognito-idp"), str(system.local.status().endpoint)

    def remove(tenant: Tenant) -> Removed:
        own, outputs = tenant.id(system), tenant.outputs(system)
        visit(endpoint, sign_in(cognito, outputs), outputs)
        before = traces(system, own, outputs)
        system.run("tenant", "delete", tenant.name, "--yes", "--wait")
        return Removed(own, tenant.name, before, traces(system, own, outputs))

    return dict(zip((tenant.tier for tenant in GONE), four_at_once(GONE, remove), strict=True))


_EVERYWHERE = {"tagged", "state", "keys", "mapping", "users", "data"}


@pytest.mark.parametrize(
    ("tier", "places"),
    [
        ("basic", _EVERYWHERE | {"groups"}),
        ("advanced", _EVERYWHERE | {"placement"}),
        ("premium", _EVERYWHERE | {"placement"}),
    ],
)
def test_offboarding_leaves_nothing_of_the_tenant(
    system: System, removed: dict[str, Removed], tier: str, places: set[str]
) -> None:
    gone = removed[tier]
    assert set(gone.before) == places
    assert gone.after == {}
    with system.control_plane() as api:
        assert api.tenant(gone.id)["tenantStatus"] == "DELETED"
        assert gone.name not in {row["tenantName"] for row in api.tenants()}


def test_offboarding_leaves_all_of_the_others(system: System, removed: dict[str, Removed]) -> None:
    assert len(removed) == len(GONE)
    assert four_at_once(DEMO, lambda tenant: tenant.plan(system)) == [0, 0, 0]

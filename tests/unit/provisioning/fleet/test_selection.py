"""Who is in the fleet: what is asked for, in its order; who is busy or pinned is told."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.provisioning.errors import PreconditionError
from services.provisioning.fleet.selection import PINNED, document_of, selected
from services.tenancy import Tier

TODAY = date(2026, 3, 1)


def row(name: str, **more: Any) -> dict[str, Any]:
    return {
        "tenantId": f"id-{name}",
        "tenantName": name,
        "tier": "basic",
        "email": "a@b.example",
        "release": "v1",
        "tenantStatus": "ACTIVE",
        **more,
    }


ROWS = [
    row("carol", tier="premium", overrides={"services": {"orders": {"max": 4}}}),
    row("alice"),
    row("bob", release="v2"),
    row("dora", tenantStatus="UPDATING"),
    row("erin", **{PINNED: "2026-03-01"}),
    row("fred", tenantStatus="SUSPENDED"),
]


def names(**asked: Any) -> list[str]:
    return [each.name for each in selected(ROWS, today=TODAY, **asked).members]


def test_who_is_selected() -> None:
    assert names() == ["alice", "bob", "carol", "erin", "fred"]
    assert names(tier=Tier.PREMIUM) == ["carol"]
    assert names(running="v2") == ["bob"]
    assert names(names=["fred", "id-alice", "alice"]) == ["fred", "alice"]
    assert selected(ROWS, today=TODAY).left_out == {"dora": "it is UPDATING"}


def test_who_is_pinned_stays_until_the_day_is_over() -> None:
    found = selected(ROWS, release="v3", names=["erin", "alice"], today=TODAY)
    assert [each.name for each in found.members] == ["alice"]
    assert found.left_out == {"erin": "it is pinned to release v1 until 2026-03-01"}
    later = selected(ROWS, release="v3", names=["erin"], today=date(2026, 3, 2))
    assert [each.document.release for each in later.members] == ["v3"]
    assert names(names=["erin"], release="v1") == ["erin"]  # nothing that it is pinned against


def test_what_a_tenant_is_to_be_comes_of_the_registry() -> None:
    document = document_of(ROWS[0], "v3")
    assert (document.release, document.tier, document.tenant_id) == ("v3", "premium", "id-carol")
    assert document.overrides.services["orders"].max == 4
    assert document_of(ROWS[0]).release == "v1"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"names": ["alic"]}, r"name or id alic; did you mean alice\?"),
        ({"names": ["x1", "alice"]}, r"name or id x1 \("),
        ({"running": "v9"}, "no tenant is of release v9; tenants run v1, v2"),
        ({"tier": Tier.ADVANCED}, "no tenant is of tier advanced"),
    ],
)
def test_who_is_nobody_is_told(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(PreconditionError, match=told):
        selected(ROWS, today=TODAY, **asked)

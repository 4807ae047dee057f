"""Tenant documents: what is accepted, and how everything else is refused."""

from __future__ import annotations

from typing import Any

import pytest

from services.tenancy import (
    Placement,
    TenantDocument,
    TenantDocumentError,
    Tier,
    check_tenant_id,
)

VALID: dict[str, Any] = {
    "tenant_id": "3f2c1b7e-9f7a-4a52-8a55-0f3d8e6a1c22",
    "tenant_name": "acme",
    "tier": "premium",
    "admin_email": "admin@example.com",
}


def problems(**changes: Any) -> dict[str, tuple[str, str]]:
    data = {key: value for key, value in {**VALID, **changes}.items() if value is not None}
    with pytest.raises(TenantDocumentError) as caught:
        TenantDocument.parse(data)
    return {each.path: (each.given, each.allowed) for each in caught.value.problems}


def test_variables_of_a_silo_tenant_name_its_slot() -> None:
    document = TenantDocument.parse(VALID).placed(Placement(cell="cell-1", listener_priority=100))
    assert document.variables() == {
        "tenant_id": VALID["tenant_id"],
        "tenant_name": "acme",
        "admin_email": "admin@example.com",
        "release": "latest",
        "placement": {"cell": "cell-1", "listener_priority": 100},
        "overrides": {"services": {}, "gateway": {}},
    }


def test_variables_of_a_pooled_tenant_have_no_sizes_of_its_own() -> None:
    names = TenantDocument.parse({**VALID, "tier": "basic"}).variables().keys()
    assert names == {"tenant_id", "tenant_name", "admin_email", "release"}


def test_every_problem_is_reported_at_once() -> None:
    found = problems(tenant_id="a/b", tenant_name="Acme", tier="gold", admin_email=None, extra=1)
    assert set(found) == {"tenant_id", "tenant_name", "tier", "admin_email", "extra"}
    assert found["tier"] == ('"gold"', "basic, advanced or premium")
    assert found["admin_email"][0] == "nothing"


def test_unknown_keys_are_answered_with_the_closest() -> None:
    assert "did you mean 'admin_email'?" in problems(admin_mail="a@b.io")["admin_mail"][1]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"tier": "basic", "placement": {"cell": "cell-1", "listener_priority": 100}}, "placement"),
        ({"tier": "basic", "overrides": {"services": {"orders": {"min": 1}}}}, "overrides"),
        (
            {"overrides": {"services": {"orders": {"min": 3, "max": 2}}}},
            "overrides.services.orders.max",
        ),
        ({"overrides": {"services": {"orders": {"cpu": 256}}}}, "overrides.services.orders.memory"),
        ({"overrides": {"gateway": {"cpu": 256, "memory": 4096}}}, "overrides.gateway.memory"),
        ({"placement": {"cell": "cell-1", "listener_priority": 0}}, "placement.listener_priority"),
        ({"tenant_id": "default"}, "tenant_id"),
        ({"admin_email": 'a"@b.io'}, "admin_email"),
    ],
)
def test_rules_over_several_values(changes: dict[str, Any], path: str) -> None:
    assert set(problems(**changes)) == {path}


@pytest.mark.parametrize("tenant_id", ["", "a/b", "../x", "A", "-a", "a-", "a" * 37, "a\n", "ä"])
def test_what_is_no_tenant_id(tenant_id: str) -> None:
    with pytest.raises(TenantDocumentError, match="tenant_id: got"):
        check_tenant_id(tenant_id)


def test_root_module_of_each_tier() -> None:
    for tier in Tier:
        assert tier.tenant_stack == f"tenant-{tier.value}"

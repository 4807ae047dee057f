"""What a federated pool's tokens claim, whatever its identity providers say."""

from __future__ import annotations

import pytest

from services.application.token_claims import (
    ClaimsRefusedError,
    Mapping,
    TokenUser,
    claims_of,
    overridden,
)

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_a"
ACME = Mapping("acme", "acme", "premium", ISSUER)


def role(profile: dict[str, str], *groups: str) -> str:
    return claims_of(ACME, ISSUER, TokenUser(profile, groups))["custom:userRole"]


def test_tenant_and_tier_are_constants_of_the_pool() -> None:
    liar = TokenUser({"custom:tenantId": "other", "custom:tenantTier": "basic"})
    claims = claims_of(ACME, ISSUER, liar)
    assert claims == {
        "custom:tenantId": "acme",
        "custom:tenantName": "acme",
        "custom:tenantTier": "premium",
        "custom:userRole": "TenantUser",
    }
    event = overridden({"userName": "eve", "response": {"stale": 1}}, claims)
    assert event == {
        "userName": "eve",
        "response": {"claimsOverrideDetails": {"claimsToAddOrOverride": claims}},
    }


def test_a_federated_user_administers_by_group_alone() -> None:
    assert role({"custom:userRole": "TenantAdmin"}) == "TenantAdmin"
    assert role({"custom:userRole": "Root"}) == "TenantUser"
    federated = {"identities": "[]", "custom:userRole": "TenantAdmin"}
    assert role(federated) == "TenantUser"
    assert role(federated, "Corp", "TenantAdmin") == "TenantAdmin"


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        (None, "no tenant"),
        (Mapping("acme", "acme", "premium", ISSUER + "b"), "no tenant"),
        (Mapping("acme", "acme", "premium", ISSUER, suspended=True), "suspended"),
    ],
)
def test_no_token_without_an_active_tenant(mapping: Mapping | None, words: str) -> None:
    with pytest.raises(ClaimsRefusedError, match=words):
        claims_of(mapping, ISSUER, TokenUser({}))

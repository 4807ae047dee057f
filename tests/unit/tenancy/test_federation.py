"""Identity providers in a tenant document."""

from __future__ import annotations

from typing import Any

import pytest

from services.tenancy import TenantDocument, TenantDocumentError

TENANT = {"tenant_id": "t1", "tenant_name": "acme", "tier": "premium", "admin_email": "a@b.io"}
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-dev/t1/idp-AbCdEf"
OIDC = {
    "name": "Entra",
    "kind": "oidc",
    "issuer": "https://idp.example.com",
    "client_id": "x",
    "client_secret_arn": ARN,
}
SAML = {"name": "Corp", "kind": "saml", "metadata_url": "https://idp.example.com/metadata"}


def refused(*federation: dict[str, Any], **tenant: str) -> dict[str, str]:
    with pytest.raises(TenantDocumentError) as caught:
        TenantDocument.parse({**TENANT, **tenant, "federation": list(federation)})
    return {problem.path: str(problem) for problem in caught.value.problems}


def test_one_of_each_kind_becomes_variables() -> None:
    document = TenantDocument.parse({**TENANT, "federation": [OIDC, SAML]})
    assert document.variables()["federation"] == [
        {**OIDC, "attribute_mapping": {}},
        {**SAML, "attribute_mapping": {}},
    ]
    assert "federation" not in TenantDocument.parse(TENANT).variables()


def test_basic_tenants_have_none() -> None:
    assert "share the pool's sign-in" in refused(SAML, tier="basic")["federation"]


@pytest.mark.parametrize("claim", ["custom:tenantId", "custom:userRole", "email_verified"])
def test_a_provider_says_nothing_about_tenants(claim: str) -> None:
    problems = refused({**SAML, "attribute_mapping": {claim: "x"}})
    assert "only email or name" in problems["federation[0].attribute_mapping"]


def test_every_problem_of_a_provider_is_named_at_once() -> None:
    given = {"name": "Google", "kind": "oidc", "issuer": "http://x", "metadata_xml": "<x/>"}
    assert set(refused(given)) == {
        f"federation[0].{name}"
        for name in ("name", "issuer", "client_id", "client_secret_arn", "metadata_xml")
    }


def test_a_secret_in_place_of_its_arn_is_not_repeated() -> None:
    problems = refused({**OIDC, "client_secret_arn": "hunter2"})
    assert "hunter2" not in str(problems)
    assert "never the secret itself" in problems["federation[0].client_secret_arn"]


def test_a_secret_of_another_tenant_is_refused() -> None:
    assert "t1/" in refused({**OIDC, "client_secret_arn": ARN.replace("t1", "t2")})["federation"]


def test_two_of_one_name_and_saml_without_metadata_are_refused() -> None:
    assert "each name once" in refused(SAML, {**OIDC, "name": "corp"})["federation"]
    assert "exactly one" in refused({"name": "a", "kind": "saml"})["federation[0].metadata_xml"]

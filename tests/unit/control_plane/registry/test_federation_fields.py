"""A registered tenant's identity providers: checked, kept, changed by updates, given to jobs."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.control_plane.registry.errors import FieldRefusedError
from services.control_plane.registry.items import tenant_item, tenant_of
from services.control_plane.registry.records import TenantRecord
from services.control_plane.registry.validation import (
    changed_tenant,
    checked_parameters,
    tenant_from,
)
from services.provisioning.jobs.operations import document_of
from services.tenancy import TenantDocument, TenantDocumentError
from services.tenancy.events.catalogue import TenantUpdateRequest
from services.tenancy.operations import OperationKind

AT = datetime(2026, 1, 1, tzinfo=UTC)
ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop-dev/t1/corp"
OIDC = {
    "name": "Corp",
    "kind": "oidc",
    "issuer": "https://idp.example.com",
    "client_id": "c1",
    "client_secret_arn": ARN,
}
SAML = {"name": "Saml", "kind": "saml", "metadata_url": "https://idp.example.com/metadata"}


def tenant(tier: str = "premium", **more: Any) -> TenantRecord:
    asked = {"tenantName": "acme", "email": "a@b.io", "tier": tier, **more}
    return tenant_from(asked, "t1", "r1", "v1", AT)


def test_it_is_kept_and_reaches_the_job() -> None:
    made = tenant(federation=[OIDC])
    kept = tenant_of(tenant_item(made, timedelta(days=1)))
    assert kept.fields()["federation"] == [OIDC]
    assert "federation" not in kept.data
    (provider,) = document(kept).federation
    assert provider.client_secret_arn == ARN


def test_tenants_without_any_are_as_before() -> None:
    made = tenant()
    assert tenant_of(tenant_item(made, timedelta(days=1))) == made
    assert "federation" not in made.fields()


def document(kept: TenantRecord, **parameters: Any) -> TenantDocument:
    """Return the document that a job makes of a request."""
    stamps = {"eventId": "e1", "occurredAt": AT, "operationId": "o1", "operationKind": "update"}
    request = {**kept.fields(), **stamps, "parameters": parameters}
    return document_of(TenantUpdateRequest.model_validate(request), "v1")


@pytest.mark.parametrize(
    ("provider", "field"),
    [
        ({**OIDC, "issuer": "http://plain.example"}, "federation[0].issuer"),
        ({**OIDC, "client_secret_arn": "hunter2-the-secret"}, "federation[0].client_secret_arn"),
        (
            {**OIDC, "attribute_mapping": {"custom:tenantId": "t"}},
            "federation[0].attribute_mapping",
        ),
    ],
)
def test_problems_name_the_field_and_no_secret(provider: dict[str, Any], field: str) -> None:
    for ask in (
        lambda: tenant(federation=[provider]),
        lambda: checked_parameters(tenant(), OperationKind.UPDATE, {"federation": [provider]}),
    ):
        with pytest.raises(TenantDocumentError, match=re.escape(field)) as raised:
            ask()
        assert "hunter2" not in str(raised.value)


def test_the_pool_has_none() -> None:
    with pytest.raises(TenantDocumentError, match="federation"):
        tenant("basic", federation=[SAML])
    with pytest.raises(TenantDocumentError, match="federation"):
        checked_parameters(tenant(federation=[SAML]), OperationKind.MOVE, {"tier": "basic"})


def test_only_an_update_changes_it() -> None:
    made = tenant(federation=[OIDC])
    asked = checked_parameters(made, OperationKind.UPDATE, {"federation": [SAML]})
    assert [each.name for each in document(made, **asked).federation] == ["Saml"]
    assert not document(made, federation=[]).federation
    with pytest.raises(FieldRefusedError):
        changed_tenant(made, {"federation": [SAML]})
    assert changed_tenant(replace(made), {"federation": [OIDC]})[0] == made.email

"""What is there under a tenant's name is adopted only if it proves that it is that tenant's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.local_aws.machine import LocalAws
from services.provisioning.recovery.strays import TenantStrays
from services.provisioning.terraform.adoption import Creation, Import
from services.tenancy import Tier
from tests.emulator.provisioning.conftest import make_project
from tests.emulator.provisioning.test_operations import System, make_system

pytestmark = pytest.mark.local_aws

ADDRESS = "aws_cognito_user.Admin"


@pytest.fixture(scope="module")
def system(
    shared_local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    project = make_project(shared_local_aws, tmp_path_factory.mktemp("strays"))
    with make_system(project) as made:
        yield made


def adopted(system: System, tenant: str) -> list[Import]:
    """What a resumed onboarding of `tenant` takes for its own, of a user by that name."""
    values = {
        "user_pool_id": system.pool,
        "username": "acme-admin",
        "attributes": {"email": "a@example.com", "tenantId": tenant},
    }
    strays = TenantStrays(system.deployment, tenant, Tier.BASIC)
    return strays.named([Creation(ADDRESS, "aws_cognito_user", values)])


@pytest.mark.parametrize("owner", ["t1", "t2", None], ids=["own", "other", "nobody"])
def test_a_user_is_adopted_by_its_claim(system: System, owner: str | None) -> None:
    attributes = [{"Name": "email", "Value": "old@example.com"}]
    if owner:
        attributes.append({"Name": "custom:tenantId", "Value": owner})
    system.cognito.admin_create_user(
        UserPoolId=system.pool, Username="acme-admin", UserAttributes=attributes
    )
    try:
        own = [Import(ADDRESS, f"{system.pool}/acme-admin")]
        assert adopted(system, "t1") == (own if owner == "t1" else [])
    finally:
        system.cognito.admin_delete_user(UserPoolId=system.pool, Username="acme-admin")


def test_what_is_not_there_is_not_adopted(system: System) -> None:
    assert adopted(system, "t1") == []

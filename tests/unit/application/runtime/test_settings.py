"""Settings: the environment contract, and all problems at once."""

from __future__ import annotations

import pytest

from services.application.runtime import Isolation, Settings, SettingsError

POOL = {
    "SERVICE_NAME": "products",
    "PORT": "3010",
    "TIER": "basic",
    "ISOLATION": "pool",
    "USER_POOL_ID": "eu-west-1_abc",
    "APP_CLIENT_ID": "client-1",
    "AWS_REGION": "eu-west-1",
    "TABLE_NAME": "acme-dev-basic-products",
    "TENANT_ROLE_ARN": "arn:aws:iam::123456789012:role/acme-dev-basic-tenant",
}
SILO = {name: value for name, value in POOL.items() if name != "TENANT_ROLE_ARN"} | {
    "TIER": "premium",
    "ISOLATION": "silo",
    "TENANT_ID": "acme",
}


def test_a_pool_service() -> None:
    settings = Settings.from_environment({**POOL, "HOME": "/root"})
    assert settings.isolation is Isolation.POOL
    assert settings.issuer == "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"
    assert settings.bind_host == "0.0.0.0"
    assert settings.log_level == "INFO"


def test_a_silo_service_knows_its_tenant() -> None:
    assert Settings.from_environment(SILO).tenant_id == "acme"


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(
            {**POOL, "PORT": "99999", "ISOLATION": "both", "AWS_REGION": "", "LOG_LEVEL": "LOUD"}
        )
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "PORT",
        "ISOLATION",
        "AWS_REGION",
        "LOG_LEVEL",
    ]
    assert "'99999'" in lines[0]
    assert "it must be set" in lines[2]


@pytest.mark.parametrize(("environment", "name"), [(SILO, "TENANT_ID"), (POOL, "TENANT_ROLE_ARN")])
def test_each_isolation_needs_its_own(environment: dict[str, str], name: str) -> None:
    given = {key: value for key, value in environment.items() if key != name}
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment(given)

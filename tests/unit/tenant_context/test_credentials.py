"""Credentials: one session for each tenant, kept, renewed and bounded."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.tenant_context.credentials import (
    RENEWAL_SECONDS,
    SESSION_SECONDS,
    CredentialsUnavailable,
    PoolCredentials,
    SiloCredentials,
)

ROLE = "arn:aws:iam::123456789012:role/tenant"


class Sts:
    """An STS that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.refuses = False
        self.now = 0.0

    def assume_role(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        if self.refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole")
        number = len(self.asked)
        return {
            "Credentials": {
                "AccessKeyId": f"ASIA{number:016d}",
                "SecretAccessKey": "secret",
                "SessionToken": f"token-{number}",
            }
        }

    def credentials(self, kept: int = 500) -> PoolCredentials:
        return PoolCredentials(
            "eu-west-1", ROLE, "products", sts=lambda: self, clock=lambda: self.now, kept=kept
        )


@pytest.fixture
def sts() -> Sts:
    return Sts()


def key_of(client: Any) -> str:
    return str(client._request_signer._credentials.access_key)


def test_the_session_carries_the_tenant_as_its_tag(sts: Sts) -> None:
    sts.credentials().client("acme", "dynamodb")
    (request,) = sts.asked
    assert request["RoleArn"] == ROLE
    assert request["Tags"] == [{"Key": "TenantId", "Value": "acme"}]
    assert request["RoleSessionName"] == "products-acme"


def test_tenants_never_share_a_client(sts: Sts) -> None:
    credentials = sts.credentials()
    one, two = credentials.client("one", "dynamodb"), credentials.client("two", "dynamodb")
    assert key_of(one) != key_of(two)
    assert credentials.client("one", "dynamodb") is one
    assert len(sts.asked) == 2


def test_credentials_are_renewed_before_they_end(sts: Sts) -> None:
    credentials = sts.credentials()
    first = credentials.client("acme", "dynamodb")
    sts.now = SESSION_SECONDS - RENEWAL_SECONDS - 1
    assert credentials.client("acme", "dynamodb") is first
    sts.now = SESSION_SECONDS - RENEWAL_SECONDS + 1
    assert key_of(credentials.client("acme", "dynamodb")) != key_of(first)


def test_the_tenant_not_seen_for_longest_is_forgotten(sts: Sts) -> None:
    credentials = sts.credentials(kept=2)
    for tenant in ("one", "two", "one", "three", "one"):
        credentials.client(tenant, "dynamodb")
    assert len(sts.asked) == 3
    credentials.client("two", "dynamodb")
    assert len(sts.asked) == 4


def test_many_requests_of_a_new_tenant_ask_once(sts: Sts) -> None:
    credentials = sts.credentials()
    threads = [
        threading.Thread(target=credentials.client, args=("acme", "dynamodb")) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sts.asked) == 1


def test_a_refusal_is_told_and_not_kept(sts: Sts) -> None:
    credentials = sts.credentials()
    sts.refuses = True
    with pytest.raises(CredentialsUnavailable):
        credentials.client("acme", "dynamodb")
    sts.refuses = False
    assert credentials.client("acme", "dynamodb") is not None


def test_a_silo_serves_its_own_tenant_only() -> None:
    credentials = SiloCredentials("eu-west-1", "acme")
    with pytest.raises(CredentialsUnavailable):
        credentials.client("other", "dynamodb")

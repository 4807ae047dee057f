"""The clients of the admin pool, as Terraform has them made, changed and removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from services.control_plane import clients
from services.control_plane.clients import Clients, ClientsRequestError

SCOPES = ["tenant/tenant_read"]
URLS = ["https://admin.example.com/"]


class Pool:
    """What Cognito keeps of a pool's clients."""

    def __init__(self) -> None:
        self.clients: dict[str, dict[str, Any]] = {}
        self.made = 0

    def create_user_pool_client(self, **given: Any) -> Mapping[str, Any]:
        self.made += 1
        client_id = f"id-{self.made}"
        secret = {"ClientSecret": f"s-{self.made}"} if given.pop("GenerateSecret") else {}
        self.clients[client_id] = {**given, **secret, "ClientId": client_id}
        return {"UserPoolClient": self.clients[client_id]}

    def update_user_pool_client(self, ClientId: str, **given: Any) -> None:  # noqa: N803
        kept = self.clients[ClientId].get("ClientSecret")
        self.clients[ClientId] = {**given, "ClientId": ClientId} | (
            {"ClientSecret": kept} if kept else {}
        )

    def delete_user_pool_client(self, UserPoolId: str, ClientId: str) -> None:  # noqa: N803
        del UserPoolId, self.clients[ClientId]

    def get_paginator(self, name: str) -> Pool:
        assert name == "list_user_pool_clients"
        return self

    def paginate(self, **given: Any) -> Iterator[Mapping[str, Any]]:
        # One a page, so that whoever reads the first page alone is found out.
        yield from ({"UserPoolClients": [each]} for each in list(self.clients.values()))


@pytest.fixture
def pool() -> Pool:
    return Pool()


@pytest.fixture
def made(pool: Pool) -> Clients:
    return Clients(pool, "pool", "shop-dev")


def test_machines_have_a_secret_and_people_have_none(pool: Pool, made: Clients) -> None:
    ids = made.ensure(SCOPES, URLS)

    machine = pool.clients[ids["machine_client_id"]]
    public = pool.clients[ids["public_client_id"]]
    assert "ClientSecret" in machine
    assert machine["AllowedOAuthFlows"] == ["client_credentials"]
    assert "ClientSecret" not in public
    assert public["AllowedOAuthFlows"] == ["code"]
    assert not [value for value in ids.values() if value.startswith("s-")]


def test_a_change_keeps_ids_and_secret(pool: Pool, made: Clients) -> None:
    before = made.ensure(SCOPES, URLS)
    secret = pool.clients[before["machine_client_id"]]["ClientSecret"]

    after = made.ensure([*SCOPES, "tenant/tenant_write"], URLS)

    assert after == before
    machine = pool.clients[after["machine_client_id"]]
    assert machine["ClientSecret"] == secret
    assert machine["AllowedOAuthScopes"] == [*SCOPES, "tenant/tenant_write"]


def test_what_was_half_made_is_completed(pool: Pool, made: Clients) -> None:
    ids = made.ensure(SCOPES, URLS)
    del pool.clients[ids["public_client_id"]]

    again = made.ensure(SCOPES, URLS)

    assert again["machine_client_id"] == ids["machine_client_id"]
    assert again["public_client_id"] in pool.clients


def test_removal_spares_the_clients_of_others(pool: Pool, made: Clients) -> None:
    pool.create_user_pool_client(ClientName="console", GenerateSecret=False)
    made.ensure(SCOPES, URLS)

    made.remove()
    made.remove()

    assert [each["ClientName"] for each in pool.clients.values()] == ["console"]


def test_another_action_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_POOL_ID", "pool")
    monkeypatch.setenv("PREFIX", "shop-dev")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with pytest.raises(ClientsRequestError, match="allowed create, update and delete"):
        clients.handler({"tf": {"action": "read"}}, None)

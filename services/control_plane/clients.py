"""The clients of the admin pool, made where no state and no plan sees their secret.

Terraform invokes the function when what clients may do is created, changed or removed; it gets
their ids back. Cognito alone keeps the machine client's secret.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from services.control_plane import ControlPlaneError
from services.control_plane.runtime import current

# What Terraform's provider adds to the input of a resource that is invoked for each change.
# https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/lambda_invocation
_LIFECYCLE: Final = "tf"
_MINUTES: Final = 60


class ClientsRequestError(ControlPlaneError):
    """What is asked for is none of the changes that Terraform makes."""


def handler(event: Mapping[str, Any], context: object) -> dict[str, str]:
    """Make, change or remove the clients; return the id of each by its kind.

    Parameters
    ----------
    event : mapping
        `scopes` and `callback_urls`, and in `tf` the `action`: create, update or delete.

    Raises
    ------
    ClientsRequestError
        If the action is another one.
    """
    del context
    pool = Clients(
        current().client("cognito-idp"), os.environ["ADMIN_POOL_ID"], os.environ["PREFIX"]
    )
    action = event.get(_LIFECYCLE, {}).get("action")
    if action in {"create", "update"}:
        return pool.ensure(event["scopes"], event["callback_urls"])
    if action == "delete":
        pool.remove()
        return {}
    raise ClientsRequestError(
        f"{_LIFECYCLE}.action: got {action!r}; allowed create, update and delete"
    )


class Clients:
    """The two clients of one pool, found by their names: whatever was half-made is completed.

    Parameters
    ----------
    cognito : client
    pool_id, prefix : str
    """

    def __init__(self, cognito: Any, pool_id: str, prefix: str) -> None:
        self._cognito = cognito
        self._pool = pool_id
        self._names = {
            "machine_client_id": f"{prefix}-admins-machine",
            "public_client_id": f"{prefix}-admins-public",
        }

    def ensure(self, scopes: Sequence[str], callback_urls: Sequence[str]) -> dict[str, str]:
        """Have both clients be as they should; a secret that is there stays."""
        wanted = {
            "machine_client_id": _machine(scopes),
            "public_client_id": _public(scopes, callback_urls),
        }
        there = dict(self._existing())
        made = {}
        for kind, settings in wanted.items():
            named = {"UserPoolId": self._pool, "ClientName": self._names[kind], **settings}
            if client_id := there.get(self._names[kind]):
                self._cognito.update_user_pool_client(ClientId=client_id, **named)
                made[kind] = client_id
            else:
                answer = self._cognito.create_user_pool_client(
                    GenerateSecret=kind == "machine_client_id", **named
                )
                made[kind] = str(answer["UserPoolClient"]["ClientId"])
        return made

    def remove(self) -> None:
        """Delete both clients; it is no error if they are gone."""
        for name, client_id in self._existing():
            if name in self._names.values():
                self._cognito.delete_user_pool_client(UserPoolId=self._pool, ClientId=client_id)

    def _existing(self) -> Iterator[tuple[str, str]]:
        pages = self._cognito.get_paginator("list_user_pool_clients").paginate(
            UserPoolId=self._pool, MaxResults=60
        )
        for page in pages:
            for client in page["UserPoolClients"]:
                yield client["ClientName"], client["ClientId"]


def _machine(scopes: Sequence[str]) -> dict[str, Any]:
    """Machines get tokens with a secret, by client credentials alone."""
    return {
        **_validity(),
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": list(scopes),
        "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"],
    }


def _public(scopes: Sequence[str], callback_urls: Sequence[str]) -> dict[str, Any]:
    """People sign in by the code grant with PKCE, without a secret."""
    return {
        **_validity(),
        "SupportedIdentityProviders": ["COGNITO"],
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["email", "openid", "profile", *scopes],
        "CallbackURLs": list(callback_urls),
        "LogoutURLs": list(callback_urls),
        "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
        "PreventUserExistenceErrors": "ENABLED",
        "WriteAttributes": ["email", "name"],
    }


def _validity() -> dict[str, Any]:
    return {
        "EnableTokenRevocation": True,
        "AccessTokenValidity": _MINUTES,
        "IdTokenValidity": _MINUTES,
        "RefreshTokenValidity": 1,
        "TokenValidityUnits": {
            "AccessToken": "minutes",
            "IdToken": "minutes",
            "RefreshToken": "days",
        },
    }

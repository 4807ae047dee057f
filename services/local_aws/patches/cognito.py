"""Cognito user pools: what users may write of themselves."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ministack.services import cognito

from services.local_aws.patches.registry import patch, replace, symbol


@patch
def writable_attributes() -> None:
    """A user writes only what the client may, and nothing that cannot change.

    Stock writes every attribute that a user sends, so that each could give himself
    whatever role an attribute stands for.
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def write(data: Mapping[str, Any]) -> Any:
            token = data.get("AccessToken") or ""
            user, pool = symbol(cognito, "_user_pool_for_access_token")(token)
            if user is None:
                return original(data)
            names = [each["Name"] for each in data.get("UserAttributes") or ()]
            return _refusal(pool, _client_of(token), names, change=True) or original(data)

        return write

    replace(cognito, "_update_user_attributes", make)


@patch
def sign_up_where_allowed() -> None:
    """Nobody signs up to a pool whose users administrators make, nor with claims of their choice.

    Stock signs up everybody, with whatever attributes they send.
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def sign_up(data: Mapping[str, Any]) -> Any:
            client = data.get("ClientId") or ""
            pools = symbol(cognito, "_user_pools").values()
            pool = next((each for each in pools if client in each["_clients"]), None)
            if pool is None:
                return original(data)
            if (pool.get("AdminCreateUserConfig") or {}).get("AllowAdminCreateUserOnly"):
                return _fail("NotAuthorizedException", "SignUp is not permitted for this user pool")
            names = [each["Name"] for each in data.get("UserAttributes") or ()]
            return _refusal(pool, client, names, change=False) or original(data)

        return sign_up

    replace(cognito, "_sign_up", make)


def _client_of(access_token: str) -> str:
    payload = access_token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(claims.get("client_id", ""))


def _refusal(
    pool: Mapping[str, Any], client_id: str, names: Iterable[str], *, change: bool
) -> Any | None:
    """Return the answer to whoever writes these attributes, if it is no."""
    client = pool["_clients"].get(client_id, {})
    # A client that names none may write all.
    writable = client.get("WriteAttributes") or None
    schema = {each["Name"]: each for each in pool.get("SchemaAttributes") or ()}
    for name in names:
        if writable is not None and name not in writable:
            return _fail(
                "NotAuthorizedException", "A client attempted to write unauthorized attribute"
            )
        if change and not schema.get(name, {}).get("Mutable", True):
            return _fail("InvalidParameterException", f"user.{name}: Attribute cannot be updated.")
    return None


def _fail(code: str, message: str) -> Any:
    return symbol(cognito, "error_response_json")(code, message, 400)

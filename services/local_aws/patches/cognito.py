"""Cognito user pools: what users may write of themselves, how they are named and listed."""

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


@patch
def user_names_without_case() -> None:
    """A user's name is found in whatever case it is written, where the pool says so.

    Stock compares names as they are, so that a second user can have the same name.
    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-case-sensitivity.html
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def run(handler: Callable[..., Any], action: str, data: Mapping[str, Any]) -> Any:
            # Not before: a client's secret hash is made of the name as it was written.
            return original(lambda request: handler(_as_stored(request)), action, data)

        return run

    replace(cognito, "_run_idp_handler", make)


def _as_stored(data: dict[str, Any]) -> dict[str, Any]:
    """Return the request with a user's name as the pool has it, if it is there at all."""
    pool = _pool_of(data)
    configuration = (pool or {}).get("UsernameConfiguration") or {}
    if pool is None or configuration.get("CaseSensitive") is not False:
        return data
    stored = {name.lower(): name for name in pool["_users"]}

    def spelled(values: Mapping[str, Any], key: str) -> dict[str, Any]:
        name = values.get(key)
        return (
            {**values, key: stored.get(name.lower(), name)} if isinstance(name, str) else {**values}
        )

    found = spelled(data, "Username")
    for group in ("AuthParameters", "ChallengeResponses"):
        if isinstance(found.get(group), dict):
            found[group] = spelled(found[group], "USERNAME")
    return found


def _pool_of(data: Mapping[str, Any]) -> Any:
    pools = symbol(cognito, "_user_pools")
    pool = pools.get(data.get("UserPoolId") or "")
    client = data.get("ClientId") or ""
    return pool or next((each for each in pools.values() if client in each["_clients"]), None)


@patch
def page_tokens_of_users() -> None:
    """A page of users is continued by the token of that very list, and by nothing else.

    Stock begins anew for what is no token, and takes any number for one.
    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
    """
    replace(cognito, "_list_users", lambda original: _paged(original, "PaginationToken"))
    replace(cognito, "_list_users_in_group", lambda original: _paged(original, "NextToken"))


@patch
def groups_in_renewed_tokens() -> None:
    """Tokens that a refresh token gives name the groups of their user, as the first ones do.

    Stock leaves them out of those of the token endpoint alone.
    https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def token(sub: str, pool_id: str, *given: Any, **named: Any) -> Any:
            if str(named.get("trigger_source", "")).endswith("RefreshTokens"):
                pool = symbol(cognito, "_user_pools").get(pool_id) or {"_users": {}}
                user = pool["_users"].get(named.get("username")) or {}
                named["groups"] = named.get("groups") or list(user.get("_groups") or ())
            return original(sub, pool_id, *given, **named)

        return token

    replace(cognito, "_fake_token", make)


def _paged(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    def listed(data: Mapping[str, Any]) -> Any:
        asked = [data.get(key) for key in ("UserPoolId", "GroupName", "Filter")]
        request = dict(data)
        if data.get(name):
            try:
                *of, start = json.loads(base64.urlsafe_b64decode(data[name]))
            except (ValueError, TypeError):
                of, start = [], None
            if of != asked or not isinstance(start, str):
                return _fail("InvalidParameterException", f"Invalid {name}")
            request[name] = start
        status, headers, body = original(request)
        answer = json.loads(body)
        if status == 200 and name in answer:
            token = json.dumps([*asked, answer[name]]).encode()
            answer[name] = base64.urlsafe_b64encode(token).decode()
            body = json.dumps(answer).encode()
        return status, headers, body

    return listed


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

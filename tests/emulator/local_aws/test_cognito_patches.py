"""Each patch for Cognito adds what the stock emulator lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from botocore.exceptions import ClientError

from tests.emulator.local_aws.conftest import Aws

pytestmark = pytest.mark.local_aws

PASSWORD = "Correct-horse-7"
CALLBACK = "https://pages.example/"


def _pool(aws: Aws, **more: Any) -> tuple[str, str]:
    """Return a pool with two claims, and a client that may write the one that cannot change."""
    cognito = aws.client("cognito-idp")
    pool = cognito.create_user_pool(
        PoolName="patched",
        Schema=[
            {"Name": name, "AttributeDataType": "String", "Mutable": name != "fixed"}
            for name in ("fixed", "role")
        ],
        **more,
    )["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="app",
        WriteAttributes=["email", "custom:fixed"],
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]["ClientId"]
    return pool, client


def _refusal(call: Callable[..., Any], **arguments: Any) -> str:
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def writable_attributes(aws: Aws) -> bool:
    cognito = aws.client("cognito-idp")
    pool, client = _pool(aws)
    cognito.admin_create_user(UserPoolId=pool, Username="ada", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(
        UserPoolId=pool, Username="ada", Password=PASSWORD, Permanent=True
    )
    token = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]["AccessToken"]

    def write(name: str) -> str:
        attributes = [{"Name": name, "Value": "ada@example.com"}]
        return _refusal(
            cognito.update_user_attributes, AccessToken=token, UserAttributes=attributes
        )

    written = [write(name) for name in ("email", "custom:role", "custom:fixed")]
    return written == ["", "NotAuthorizedException", "InvalidParameterException"]


def sign_up_where_allowed(aws: Aws) -> bool:
    cognito = aws.client("cognito-idp")
    closed = {"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True}}

    def sign_up(client: str, name: str) -> str:
        return _refusal(
            cognito.sign_up,
            ClientId=client,
            Username=f"by-{name.replace(':', '-')}",
            Password=PASSWORD,
            UserAttributes=[{"Name": name, "Value": "ada@example.com"}],
        )

    _, open_client = _pool(aws)
    _, closed_client = _pool(aws, **closed)
    ended = [
        sign_up(open_client, "email"),
        # At their making users may be given what cannot change later.
        sign_up(open_client, "custom:fixed"),
        sign_up(open_client, "custom:role"),
        sign_up(closed_client, "email"),
    ]
    return ended == ["", "", "NotAuthorizedException", "NotAuthorizedException"]


def user_names_without_case(aws: Aws) -> bool:
    cognito = aws.client("cognito-idp")
    pool, client = _pool(aws, UsernameConfiguration={"CaseSensitive": False})
    cognito.admin_create_user(UserPoolId=pool, Username="ada", MessageAction="SUPPRESS")
    again = _refusal(
        cognito.admin_create_user, UserPoolId=pool, Username="Ada", MessageAction="SUPPRESS"
    )
    cognito.admin_set_user_password(
        UserPoolId=pool, Username="ADA", Password=PASSWORD, Permanent=True
    )
    cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "aDa", "PASSWORD": PASSWORD},
    )
    sensitive, _ = _pool(aws, UsernameConfiguration={"CaseSensitive": True})
    for name in ("ada", "Ada"):
        cognito.admin_create_user(UserPoolId=sensitive, Username=name, MessageAction="SUPPRESS")
    found = cognito.list_users(UserPoolId=pool)["Users"]
    return again == "UsernameExistsException" and [each["Username"] for each in found] == ["ada"]


def page_tokens_of_users(aws: Aws) -> bool:
    cognito = aws.client("cognito-idp")
    pools = [_pool(aws)[0] for _ in range(2)]
    for number in range(3):
        name = f"user-{number}"
        cognito.admin_create_user(UserPoolId=pools[0], Username=name, MessageAction="SUPPRESS")
    page = cognito.list_users(UserPoolId=pools[0], Limit=2)
    rest = cognito.list_users(UserPoolId=pools[0], Limit=2, PaginationToken=page["PaginationToken"])
    refused = [
        _refusal(cognito.list_users, UserPoolId=pools[0], PaginationToken="nonsense"),
        _refusal(cognito.list_users, UserPoolId=pools[0], PaginationToken="1"),
        _refusal(cognito.list_users, UserPoolId=pools[1], PaginationToken=page["PaginationToken"]),
    ]
    every = {each["Username"] for each in (*page["Users"], *rest["Users"])}
    return refused == ["InvalidParameterException"] * 3 and len(every) == 3


def groups_in_renewed_tokens(aws: Aws) -> bool:
    cognito = aws.client("cognito-idp")
    pool, _ = _pool(aws)
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="pages",
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid"],
        AllowedOAuthFlowsUserPoolClient=True,
        CallbackURLs=[CALLBACK],
        SupportedIdentityProviders=["COGNITO"],
    )["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username="ada", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(
        UserPoolId=pool, Username="ada", Password=PASSWORD, Permanent=True
    )
    cognito.create_group(UserPoolId=pool, GroupName="readers")
    cognito.admin_add_user_to_group(UserPoolId=pool, Username="ada", GroupName="readers")
    asked = {"client_id": client, "redirect_uri": CALLBACK}
    form = {**asked, "response_type": "code", "scope": "openid", "username": "ada"}
    back = httpx.post(f"{aws.endpoint}/login", data={**form, "password": PASSWORD})
    (code,) = parse_qs(urlsplit(back.headers["Location"]).query)["code"]

    def redeem(**grant: str) -> dict[str, str]:
        answer = httpx.post(f"{aws.endpoint}/oauth2/token", data={**asked, **grant})
        tokens: dict[str, str] = answer.raise_for_status().json()
        return tokens

    first = redeem(grant_type="authorization_code", code=code)
    renewed = redeem(grant_type="refresh_token", refresh_token=first["refresh_token"])
    return all(
        jwt.decode(renewed[name], options={"verify_signature": False}).get("cognito:groups")
        == ["readers"]
        for name in ("access_token", "id_token")
    )


CHECKS: dict[str, Callable[[Aws], bool]] = {
    check.__name__: check
    for check in (
        writable_attributes,
        sign_up_where_allowed,
        user_names_without_case,
        page_tokens_of_users,
        groups_in_renewed_tokens,
    )
}


@pytest.mark.parametrize("patch", CHECKS)
def test_the_patch_adds_what_stock_lacks(patch: str, patched: Aws, stock: Aws) -> None:
    assert CHECKS[patch](patched)
    try:
        passed = CHECKS[patch](stock)
    except ClientError:
        passed = False
    assert not passed, f"stock can do it: remove the patch {patch}"

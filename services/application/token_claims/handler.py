"""The function that Cognito calls before it makes a token.

Environment: MAPPING_TABLE, the tenant mapping.
"""

from __future__ import annotations

import functools
import os
from typing import Any

import boto3

from services.application.token_claims.claims import (
    ClaimsRefusedError,
    Mapping,
    TokenUser,
    claims_of,
    overridden,
)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the event with the claims of its user; raise if there is to be no token."""
    region, pool_id = event["region"], event["userPoolId"]
    issuer = f"https://cognito-idp.{region}.amazonaws.com/{pool_id}"
    request = event["request"]
    user = TokenUser(
        request.get("userAttributes") or {},
        (request.get("groupConfiguration") or {}).get("groupsToOverride") or (),
    )
    return overridden(event, claims_of(_mapping(_tenant_of(pool_id)), issuer, user))


@functools.lru_cache(maxsize=1024)
def _tenant_of(pool_id: str) -> str:
    """Return whose pool it is. It stays that for good, and Cognito answers few such calls."""
    tags = (
        _client("cognito-idp")
        .describe_user_pool(UserPoolId=pool_id)["UserPool"]
        .get("UserPoolTags", {})
    )
    try:
        return str(tags["TenantId"])
    except KeyError:
        raise ClaimsRefusedError("this user pool belongs to no tenant") from None


def _mapping(tenant_id: str) -> Mapping | None:
    """Return the tenant's row as it is now: one that was just suspended gets no token."""
    row = (
        _client("dynamodb")
        .get_item(
            TableName=os.environ["MAPPING_TABLE"],
            Key={"tenantId": {"S": tenant_id}},
            ConsistentRead=True,
        )
        .get("Item")
    )
    if row is None:
        return None
    return Mapping(
        tenant_id=row["tenantId"]["S"],
        tenant_name=row["tenantName"]["S"],
        tier=row["tier"]["S"],
        issuer=row["issuer"]["S"],
        suspended="suspendedAt" in row,
    )


@functools.cache
def _client(service: str) -> Any:
    factory: Any = boto3.client
    return factory(service)

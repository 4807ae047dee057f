"""Judges a token: which tenant's it is, or why it is nobody's. No I/O of its own.

Of a token that proves nothing it is not told whether its tenant exists: whoever could ask that
without a token could find out who the tenants are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt

from services.application import ApplicationError
from services.application.authorizer.keys import KeySets
from services.application.authorizer.mapping import TENANT_ID, TenantMapping, TenantMappings

LEEWAY_SECONDS: Final = 5
"""Clocks differ."""

MAX_TOKEN_LENGTH: Final = 8_192
"""API Gateway takes 10,240 bytes of headers in all."""

_BEARER: Final = "bearer "
_REQUIRED: Final = ("aud", "exp", "iat", "iss", "sub", "token_use")


class TokenRefusedError(ApplicationError):
    """The token proves nothing: the caller must sign in again (401)."""


@dataclass(frozen=True)
class Caller:
    """A user of a tenant, served or not, as a verified token and the tenant's row say."""

    tenant: TenantMapping
    user_id: str
    user_name: str
    role: str


class Judge:
    """Verifies tokens against the tenant mapping.

    Parameters
    ----------
    mappings : TenantMappings
    keys : KeySets
    issuers : str
        What the issuers of this deployment begin with: a row that names another is not believed.
    """

    def __init__(self, mappings: TenantMappings, keys: KeySets, issuers: str) -> None:
        self._mappings = mappings
        self._keys = keys
        self._issuers = issuers

    def caller(self, authorization: str) -> Caller:
        """Return who asks.

        Parameters
        ----------
        authorization : str
            The header, `Bearer <ID token>`.

        Raises
        ------
        TokenRefusedError
            With a reason for the log; it holds nothing of the token but its tenant id.
        KeysUnavailableError, MappingBrokenError
            If it cannot be judged.
        """
        token = _token_of(authorization)
        key_id, tenant_id = _claimed(token)
        row = self._mappings.find(tenant_id)
        if row is None:
            raise TokenRefusedError(f"tenant {tenant_id} is not known")
        if not row.issuer.startswith(self._issuers):
            raise TokenRefusedError(
                f"tenant {tenant_id} has the issuer {row.issuer}, of another region"
            )
        claims = self._verified(token, key_id, row)
        _cross_check(claims, row)
        return Caller(
            tenant=row,
            user_id=claims["sub"],
            user_name=str(claims.get("cognito:username") or claims["sub"]),
            role=str(claims.get("custom:userRole") or ""),
        )

    def _verified(self, token: str, key_id: str, row: TenantMapping) -> dict[str, Any]:
        key = self._keys.find(row.issuer, key_id)
        if key is None:
            raise TokenRefusedError(
                "it is signed with a key that the tenant's user pool does not have"
            )
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                issuer=row.issuer,
                audience=row.client_id,
                leeway=LEEWAY_SECONDS,
                options={"require": list(_REQUIRED), "strict_aud": True},
            )
        except jwt.PyJWTError as error:
            raise TokenRefusedError(str(error)) from error
        if claims["token_use"] != "id":  # noqa: S105 - a kind of token, not one
            raise TokenRefusedError("it is not an ID token")
        return claims


def _token_of(authorization: str) -> str:
    if len(authorization) > MAX_TOKEN_LENGTH:
        raise TokenRefusedError(f"it is longer than {MAX_TOKEN_LENGTH} characters")
    if not authorization[: len(_BEARER)].lower() == _BEARER:
        raise TokenRefusedError("it is no bearer token")
    return authorization[len(_BEARER) :].strip()


def _claimed(token: str) -> tuple[str, str]:
    """Return the key and the tenant that a token names, neither of them believed yet."""
    try:
        unverified = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise TokenRefusedError("it is no JSON Web Token") from error
    header: Mapping[str, Any] = unverified["header"]
    # Before a key is looked up: with `none` or HS256 a public key would prove nothing.
    if header.get("alg") != "RS256":
        raise TokenRefusedError("it is not signed with RS256")
    key_id, tenant_id = header.get("kid"), unverified["payload"].get("custom:tenantId")
    if not isinstance(key_id, str) or not key_id:
        raise TokenRefusedError("it names no key")
    if not isinstance(tenant_id, str) or not TENANT_ID.fullmatch(tenant_id):
        raise TokenRefusedError("it names no tenant")
    return key_id, tenant_id


def _cross_check(claims: Mapping[str, Any], row: TenantMapping) -> None:
    """Compare what the user pool says of a user with what the platform says of the tenant."""
    if claims.get("custom:tenantId") != row.tenant_id:
        raise TokenRefusedError("it is of another tenant than its row")
    tier = str(claims.get("custom:tenantTier") or "").lower()
    if tier != row.tier:
        raise TokenRefusedError(f"it says tier {tier or 'none'}, the tenant's is {row.tier}")

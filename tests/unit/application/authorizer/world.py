"""User pools that sign, a mapping table, and an authorizer between them."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.error import URLError

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from services.application.authorizer.decision import Judge
from services.application.authorizer.function import Authorizer
from services.application.authorizer.keys import KeySets
from services.application.authorizer.mapping import TenantMappings

ISSUERS = "https://cognito-idp.us-east-1.amazonaws.com/"
STAGE = "arn:aws:execute-api:us-east-1:111122223333:a1b2c3/prod"
PATHS = {"TenantAdmin": ["/orders", "/users"], "TenantUser": ["/orders"]}


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """Return the same key for the same name: making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_key(name: str, kid: str) -> dict[str, Any]:
    key: dict[str, Any] = RSAAlgorithm.to_jwk(private_key(name).public_key(), as_dict=True)
    return {**key, "kid": kid, "alg": "RS256", "use": "sig"}


@dataclass
class World:
    """Two pools, of the tenants below, and one that belongs to nobody.

    Attributes
    ----------
    now : float
        What the clock says; tokens are as old as the machine's own clock has it.
    """

    now: float = 1000.0
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    key_sets: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    fetches: list[str] = field(default_factory=list)
    offline: bool = False

    def __post_init__(self) -> None:
        self.key_sets = {
            "pool-basic": [public_key("basic", "k1")],
            "pool-silo": [public_key("silo", "k1")],
            "pool-nobody": [public_key("nobody", "k1")],
        }
        self.tenant("t-a", "basic", "pool-basic")
        self.tenant("t-b", "basic", "pool-basic")
        self.tenant("t-silo", "premium", "pool-silo")
        self.keys = KeySets(self._fetch, self._clock)
        mappings = TenantMappings(self._get_item, self._clock)
        self.authorizer = Authorizer(Judge(mappings, self.keys, ISSUERS), PATHS)

    def tenant(self, tenant_id: str, tier: str, pool: str, **more: str) -> None:
        values = {
            "tenantId": tenant_id,
            "tenantName": f"{tenant_id}-name",
            "tier": tier,
            "issuer": ISSUERS + pool,
            "clientId": f"client-of-{pool}",
            "tenantPath": "basic" if tier == "basic" else tenant_id,
            "apiKey": f"key-of-{tenant_id}",
            **more,
        }
        self.rows[tenant_id] = {name: {"S": value} for name, value in values.items()}

    def ask(self, token: str, path: str = "GET/orders") -> dict[str, Any]:
        event = {"authorizationToken": f"Bearer {token}", "methodArn": f"{STAGE}/{path}"}
        return self.authorizer(event)

    def _clock(self) -> float:
        return self.now

    def _get_item(self, tenant_id: str) -> Mapping[str, Any] | None:
        self.reads.append(tenant_id)
        return self.rows.get(tenant_id)

    def _fetch(self, issuer: str) -> Mapping[str, Any]:
        self.fetches.append(issuer)
        if self.offline:
            raise URLError("no route")
        return {"keys": self.key_sets[issuer.removeprefix(ISSUERS)]}


def claims(
    tenant: str = "t-a",
    pool: str = "pool-basic",
    own: Mapping[str, Any] | None = None,
    **changed: Any,
) -> dict[str, Any]:
    """Return what Cognito says in an ID token; None removes a claim.

    Parameters
    ----------
    own : mapping, optional
        Claims whose names are no Python names, as `custom:tenantId`.
    """
    now = int(time.time())
    told = {
        "sub": "user-1",
        "iss": ISSUERS + pool,
        "aud": f"client-of-{pool}",
        "token_use": "id",
        "iat": now - 60,
        "exp": now + 3600,
        "cognito:username": "ada",
        "custom:tenantId": tenant,
        "custom:tenantTier": "premium" if pool == "pool-silo" else "basic",
        "custom:userRole": "TenantAdmin",
        **(own or {}),
        **changed,
    }
    return {name: value for name, value in told.items() if value is not None}


def signed(payload: Mapping[str, Any], key: str = "basic", kid: str | None = "k1") -> str:
    headers = {"kid": kid} if kid is not None else {}
    # Not as a JWT, which would refuse to sign what makes no sense.
    document = json.dumps(payload).encode()
    return jwt.PyJWS().encode(document, private_key(key), algorithm="RS256", headers=headers)


def assembled(header: Mapping[str, Any], payload: Mapping[str, Any], signature: bytes) -> str:
    """Return a token that no library would make."""
    parts = [json.dumps(header).encode(), json.dumps(payload).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

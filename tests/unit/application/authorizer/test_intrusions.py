"""Thousands of tokens that an intruder can put together; none is taken for another tenant's."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.application.authorizer.function import UnauthorizedError
from tests.unit.application.authorizer.test_authorizer import effect
from tests.unit.application.authorizer.world import (
    ISSUERS,
    STAGE,
    World,
    claims,
    private_key,
    public_key,
    signed,
)

REFUSALS = 7_000
SEED = int(os.environ.get("ECS_SAAS_SEED", "0")) or secrets.randbits(32)


@dataclass(frozen=True)
class Tenant:
    """A tenant, and who signs for its pool."""

    id: str
    tier: str
    signer: str
    suspended: bool = False

    @property
    def pool(self) -> str:
        return f"pool-{self.signer}"

    def claims(self, pool: str = "", **changed: Any) -> dict[str, Any]:
        """Return what a pool that takes its users for the tenant's says of them."""
        return claims(self.id, pool or self.pool, **{"custom:tenantTier": self.tier, **changed})


# Two of each tier, so that there are neighbours, and of both kinds one that is suspended.
TENANTS = [
    Tenant("t-a", "basic", "basic"),
    Tenant("t-b", "basic", "basic"),
    Tenant("t-owing", "basic", "basic", suspended=True),
    Tenant("t-own", "advanced", "own"),
    Tenant("t-own-2", "advanced", "own-2"),
    Tenant("t-silo", "premium", "silo"),
    Tenant("t-silo-2", "premium", "silo-2"),
    Tenant("t-silo-owing", "premium", "silo-owing", suspended=True),
]
SIGNERS = sorted({"nobody", *(tenant.signer for tenant in TENANTS)})
USER = {"custom:userRole": "TenantUser"}


@dataclass(frozen=True)
class Token:
    """A token in its parts, and the tenant that its signer may speak for."""

    head: dict[str, Any]
    payload: dict[str, Any]
    signature: bytes
    signer: str

    def text(self) -> str:
        # As the library that signed it writes them: a good signature is over these very bytes.
        head = json.dumps(self.head, separators=(",", ":")).encode()
        parts = (head, json.dumps(self.payload).encode(), self.signature)
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def _genuine(payload: dict[str, Any], signer: str) -> Token:
    head, told, signature = (
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        for part in signed(payload, signer).split(".")
    )
    return Token(json.loads(head), json.loads(told), signature, signer)


def _signed_anyhow() -> list[Token]:
    """Tokens with good signatures of all signers, for all tenants: most are of the wrong pool."""
    now = int(time.time())
    changes: list[dict[str, Any]] = [
        {},
        USER,
        {"token_use": "access"},
        {"exp": now - 60},
        {"aud": "another-client"},
        {"custom:tenantTier": "of gold"},
        {"iss": f"{ISSUERS}pool-nobody"},
    ]
    return [
        _genuine(tenant.claims(f"pool-{signer}", **change), signer)
        for tenant in TENANTS
        for signer in SIGNERS
        for change in changes
    ]


def _without_signature(random: Random, token: Token) -> Token:
    algorithm = random.choice(["none", "None", "NONE", "", None])
    return replace(token, head={**token.head, "alg": algorithm}, signature=b"", signer="")


@cache
def _public_pem(signer: str) -> bytes:
    key = private_key(signer).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _with_the_public_key(random: Random, token: Token) -> Token:
    algorithm = random.choice(["HS256", "HS384", "HS512"])
    pem = _public_pem(random.choice(SIGNERS))
    forged = replace(token, head={**token.head, "alg": algorithm}, signature=b"", signer="")
    digest = hmac.digest(pem, forged.text().rstrip(".").encode(), f"sha{algorithm[2:]}")
    return replace(forged, signature=digest)


def _with_other_claims(random: Random, token: Token) -> Token:
    theirs = random.choice(TENANTS).claims()
    names = random.sample(sorted(theirs), random.randint(1, len(theirs)))
    changed = {**token.payload, **{name: theirs[name] for name in names}}
    return token if changed == token.payload else replace(token, payload=changed, signer="")


def _with_a_damaged_signature(random: Random, token: Token) -> Token:
    damaged = bytearray(token.signature)
    damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    return replace(token, signature=bytes(damaged), signer="")


def _with_another_key(random: Random, token: Token) -> Token:
    brought: dict[str, Any] = random.choice(
        [{"kid": "k2"}, {"kid": None}, {"kid": "../k1"}, {"jku": f"{ISSUERS}x"}, {"x5u": "x"}]
    )
    return replace(token, head={**token.head, **brought}, signer="")


def _as_it_is(random: Random, token: Token) -> Token:
    return token


CHANGES: list[Callable[[Random, Token], Token]] = [
    _without_signature, _with_the_public_key, _with_other_claims,
    _with_a_damaged_signature, _with_another_key, _as_it_is,
]  # fmt: skip


def _owner(token: Token) -> Tenant | None:
    """Return the tenant whose the token is, if it is anybody's."""
    for tenant in (each for each in TENANTS if each.signer == token.signer):
        for good in (tenant.claims(), tenant.claims(**USER)):
            told = {**token.payload, "iat": good["iat"], "exp": good["exp"]}
            if told == good:
                return tenant if token.payload["exp"] > time.time() else None
    return None


def _world() -> World:
    world = World()
    for tenant in TENANTS:
        suspended = {"suspendedAt": "2026-11-25T00:00:00Z"} if tenant.suspended else {}
        world.tenant(tenant.id, tenant.tier, tenant.pool, **suspended)
        world.key_sets[tenant.pool] = [public_key(tenant.signer, "k1")]
    return world


PATHS = ("GET/orders", "DELETE/orders/1", "GET/users", "POST/users/1/invitation")


def test_no_token_is_taken_for_another_tenants(caplog: pytest.LogCaptureFixture) -> None:
    """With what is tried of tables and through the whole API: 10,000 refusals and more."""
    caplog.set_level(logging.CRITICAL, "authorizer")
    random, world = Random(SEED), _world()
    tokens = _signed_anyhow()
    refused = number = 0
    let_in: set[tuple[str, str]] = set()
    while refused < REFUSALS:
        number += 1
        change = random.choice(CHANGES)
        token = change(random, random.choice(tokens))
        owner = _owner(token)
        path = random.choice(PATHS)
        told = f"ECS_SAAS_SEED={SEED}, try {number}: {change.__name__} {token} on {path}"
        try:
            answer = world.ask(token.text(), path)
        except UnauthorizedError:
            assert owner is None, told
            refused += 1
            continue
        served = owner is not None and not owner.suspended
        # A denial may say whose it is; an answer is never about another tenant.
        named = answer.get("context", {}).get("tenantId"), answer.get("usageIdentifierKey")
        own = owner and (owner.id, f"key-of-{owner.id}")
        assert named == own or (named == (None, None) and not served), told
        statements = answer["policyDocument"]["Statement"]
        assert all(each.startswith(STAGE) for one in statements for each in one["Resource"])
        # The answer is remembered for the token, whatever path it is sent to next.
        effects = {path: effect(answer, path) for path in PATHS}
        if owner is None or not served:
            assert set(effects.values()) == {"Deny"}, told
            refused += 1
            continue
        role = token.payload["custom:userRole"]
        good = {path: role == "TenantAdmin" or "orders" in path for path in PATHS}
        assert {path: each == "Allow" for path, each in effects.items()} == good, told
        refused += list(good.values()).count(False)
        let_in.add((owner.tier, role))
    # Genuine ones are among them: what refuses everything would prove nothing.
    assert len(let_in) == 3 * 2
    assert number < 1.1 * REFUSALS

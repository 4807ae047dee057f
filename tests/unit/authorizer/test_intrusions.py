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
from random import Random
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.authorizer.function import Unauthorized
from tests.unit.authorizer.world import ISSUERS, STAGE, World, claims, private_key, signed

TRIES = 7_000
SEED = int(os.environ.get("ECS_SAAS_SEED", "0")) or secrets.randbits(32)

# Tenant, its pool, and who signs for that pool.
POOLED = [(tenant, "pool-basic", "basic") for tenant in ("t-a", "t-b")]
TENANTS = [*POOLED, ("t-silo", "pool-silo", "silo")]


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


def _genuine(tenant: str, pool: str, signer: str, **changed: Any) -> Token:
    text = signed(claims(tenant, pool, **changed), signer)
    head, payload, signature = (
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in text.split(".")
    )
    return Token(json.loads(head), json.loads(payload), signature, signer)


def _signed_anyhow() -> list[Token]:
    """Tokens with good signatures of all signers, for all tenants: most are of the wrong pool."""
    now = int(time.time())
    changes: list[dict[str, Any]] = [
        {},
        {"token_use": "access"},
        {"exp": now - 60},
        {"aud": "another-client"},
        {"custom:tenantTier": "advanced"},
        {"iss": f"{ISSUERS}pool-nobody"},
    ]
    return [
        _genuine(tenant, pool, signer, **change)
        for tenant, _, _ in TENANTS
        for _, pool, signer in (*TENANTS[1:], ("", "pool-nobody", "nobody"))
        for change in changes
    ]


def _without_signature(random: Random, token: Token) -> Token:
    algorithm = random.choice(["none", "None", "NONE", "", None])
    return replace(token, head={**token.head, "alg": algorithm}, signature=b"", signer="")


def _with_the_public_key(random: Random, token: Token) -> Token:
    algorithm = random.choice(["HS256", "HS384", "HS512"])
    key = private_key(random.choice(["basic", "silo"])).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    forged = replace(token, head={**token.head, "alg": algorithm}, signature=b"", signer="")
    digest = hmac.digest(pem, forged.text().rstrip(".").encode(), f"sha{algorithm[2:]}")
    return replace(forged, signature=digest)


def _with_other_claims(random: Random, token: Token) -> Token:
    tenant, pool, _ = random.choice(TENANTS)
    theirs = claims(tenant, pool)
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


def _rightful(token: Token) -> str | None:
    """Return the tenant whose the token is, if it is anybody's."""
    for tenant, pool, signer in TENANTS:
        good = claims(tenant, pool)
        told = {**token.payload, "iat": good["iat"], "exp": good["exp"]}
        if token.signer == signer and told == good and token.payload["exp"] > time.time():
            return tenant
    return None


def test_no_token_is_taken_for_another_tenants(caplog: pytest.LogCaptureFixture) -> None:
    """With what is tried of tables and through the whole API: 10,000 tries and more."""
    caplog.set_level(logging.CRITICAL, "authorizer")
    random, world = Random(SEED), World()
    tokens = _signed_anyhow()
    paths = ("GET/orders", "DELETE/orders/1", "GET/users", "POST/users/1/invitation")
    let_in = 0
    for number in range(TRIES):
        change = random.choice(CHANGES)
        token = change(random, random.choice(tokens))
        rightful = _rightful(token)
        told = f"ECS_SAAS_SEED={SEED}, try {number}: {change.__name__} {token}"
        try:
            answer = world.ask(token.text(), random.choice(paths))
        except Unauthorized:
            assert rightful is None, told
            continue
        context = answer.get("context", {})
        assert context.get("tenantId") == rightful, told
        assert answer.get("usageIdentifierKey") == (rightful and f"key-of-{rightful}"), told
        resources = answer["policyDocument"]["Statement"][0]["Resource"]
        assert all(resource.startswith(STAGE) for resource in resources)
        let_in += 1
    # Genuine ones are among them: what refuses everything would prove nothing.
    assert 0 < let_in < TRIES / 10

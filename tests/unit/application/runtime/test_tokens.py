"""Tokens: everything that must not pass, and keys that come and go."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.error import URLError

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from services.application.runtime.tokens import TokenRefusedError, TokenVerifier
from services.application.signing_keys import (
    FRESH_SECONDS,
    LAST_SECONDS,
    REFRESH_SECONDS,
    KeySet,
    KeysUnavailableError,
)

ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"
AUDIENCE = "client-1"
FIRST = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SECOND = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def listed(**keys: rsa.RSAPrivateKey) -> dict[str, Any]:
    return {
        "keys": [
            {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": kid, "alg": "RS256"}
            for kid, key in keys.items()
        ]
    }


def claims(**changes: Any) -> dict[str, Any]:
    given = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "user-1",
        "token_use": "id",
        "exp": 4_000_000_000,
    }
    return {name: value for name, value in {**given, **changes}.items() if value is not None}


def signed(key: rsa.RSAPrivateKey = FIRST, kid: str = "first", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm="RS256", headers={"kid": kid})


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def with_public_key_as_secret() -> str:
    """Return a token signed by HMAC with the pool's public key, which everybody knows."""
    secret = FIRST.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    parts = ({"alg": "HS256", "kid": "first"}, claims())
    text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    return f"{text}.{encoded(hmac.digest(secret, text.encode(), 'sha256'))}"


class Pool:
    """A user pool's key set, its failures, and a clock."""

    def __init__(self) -> None:
        self.keys = listed(first=FIRST)
        self.fetches = 0
        self.down = False
        self.now = 1000.0

    def fetch(self) -> dict[str, Any]:
        self.fetches += 1
        if self.down:
            raise URLError("down")
        return self.keys

    def verifier(self) -> TokenVerifier:
        return TokenVerifier(ISSUER, AUDIENCE, KeySet(self.fetch, lambda: self.now))


@pytest.fixture
def pool() -> Pool:
    return Pool()


def test_a_good_token_gives_its_claims_and_keys_are_fetched_once(pool: Pool) -> None:
    verifier = pool.verifier()
    assert verifier.needs_network(signed())
    for _ in range(3):
        assert verifier.verify(signed())["sub"] == "user-1"
    assert pool.fetches == 1
    assert not verifier.needs_network(signed())


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (lambda: "", "not a JSON Web Token"),
        (lambda: "a.b.c", "not a JSON Web Token"),
        (lambda: signed(SECOND), "not valid"),
        (lambda: signed(iss="https://evil.example"), "not valid"),
        (lambda: signed(aud="another"), "not valid"),
        (lambda: signed(aud=None), "not valid"),
        (lambda: signed(exp=1), "expired"),
        (lambda: signed(exp=None), "not valid"),
        (lambda: signed(token_use="access"), "not an ID token"),
        (lambda: signed(token_use=None), "not valid"),
        (lambda: signed(sub=None), "not valid"),
        (lambda: jwt.encode(claims(), "", algorithm="none"), "RS256"),
        (with_public_key_as_secret, "RS256"),
        (lambda: tampered(signed()), "not valid"),
    ],
)
def test_everything_else_is_refused(pool: Pool, token: Callable[[], str], reason: str) -> None:
    with pytest.raises(TokenRefusedError, match=reason):
        pool.verifier().verify(token())


def tampered(token: str) -> str:
    head, _, signature = token.split(".")
    body = encoded(json.dumps(claims(sub="another")).encode())
    return f"{head}.{body}.{signature}"


def test_a_new_key_is_fetched_when_it_is_first_seen(pool: Pool) -> None:
    verifier = pool.verifier()
    verifier.verify(signed())
    pool.keys = listed(first=FIRST, second=SECOND)
    pool.now += REFRESH_SECONDS
    assert verifier.verify(signed(SECOND, "second"))["sub"] == "user-1"
    assert pool.fetches == 2


def test_made_up_keys_do_not_make_the_service_ask_the_pool_each_time(pool: Pool) -> None:
    verifier = pool.verifier()
    verifier.verify(signed())
    for number in range(50):
        with pytest.raises(TokenRefusedError, match="unknown key"):
            verifier.verify(signed(SECOND, f"made-up-{number}"))
    assert pool.fetches == 1


def test_keys_outlive_a_pool_that_does_not_answer(pool: Pool) -> None:
    verifier = pool.verifier()
    verifier.verify(signed())
    pool.down = True
    pool.now += REFRESH_SECONDS
    with pytest.raises(TokenRefusedError):
        verifier.verify(signed(SECOND, "second"))
    assert verifier.verify(signed())["sub"] == "user-1"


def test_old_keys_serve_every_request_while_the_pool_does_not_answer(pool: Pool) -> None:
    verifier = pool.verifier()
    verifier.verify(signed())
    pool.down = True
    pool.now += FRESH_SECONDS + 1
    for _ in range(10):
        assert verifier.verify(signed())["sub"] == "user-1"
        # One request has asked the pool; the others need not wait.
        assert not verifier.needs_network(signed())
        pool.now += REFRESH_SECONDS / 10 - 0.1
    assert pool.fetches == 2
    pool.now += REFRESH_SECONDS
    assert verifier.verify(signed())["sub"] == "user-1"
    assert pool.fetches == 3
    pool.now += LAST_SECONDS
    with pytest.raises(KeysUnavailableError):
        verifier.verify(signed())
    with pytest.raises(KeysUnavailableError):
        verifier.prepare()
    pool.down = False
    assert verifier.verify(signed())["sub"] == "user-1"


def test_without_any_key_nothing_is_judged_and_the_next_token_asks_again(pool: Pool) -> None:
    verifier = pool.verifier()
    pool.down = True
    with pytest.raises(KeysUnavailableError):
        verifier.verify(signed())
    pool.down = False
    assert verifier.verify(signed())["sub"] == "user-1"


def test_a_key_the_pool_no_longer_lists_is_forgotten_in_time(pool: Pool) -> None:
    verifier = pool.verifier()
    verifier.verify(signed())
    pool.keys = listed(second=SECOND)
    pool.now += FRESH_SECONDS + 1
    with pytest.raises(TokenRefusedError):
        verifier.verify(signed())

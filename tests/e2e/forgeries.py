"""Tokens that are not what they say: made of whatever an intruder can get at."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.application.authorizer.decision import LEEWAY_SECONDS
from tests.e2e.system import System
from tests.e2e.users import CLAIMS, Place, SignedInUser, sign_in


class Forger:
    """Makes tokens that name another tenant, of whatever an intruder can get at.

    Parameters
    ----------
    public_keys : mapping of str to str
        By user pool, its public key as PEM: everybody can read it.
    foreign : mapping of str to str
        By tenant, a token that names it of a pool that is no tenant's, signed by Cognito.
    silos : mapping of (str, str) to str
        By the tenant whose own pool signed it and the tenant that it names.
    expired : mapping of str to str
        By tenant, a token of its administrator that was good once.
    """

    def __init__(
        self,
        public_keys: Mapping[str, bytes],
        foreign: Mapping[str, str],
        silos: Mapping[tuple[str, str], str],
        expired: Mapping[str, str],
    ) -> None:
        self._public_keys = public_keys
        self._foreign = foreign
        self._silos = silos
        self._expired = expired
        self._own_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def token(self, random: Random, me: SignedInUser, other: SignedInUser) -> tuple[str, str]:
        """Return how it was made, and a token that would be the other's."""
        kinds: list[Callable[[SignedInUser, SignedInUser], str]] = [
            self._none, self._public_key_as_secret, self._signed_by_myself,
            self._changed, self._spliced, self._access, self._foreign_pool, self._replayed,
        ]  # fmt: skip
        if (me.place.id, other.place.id) in self._silos:
            kinds.append(self._my_own_pool)
        kind = random.choice(kinds)
        return kind.__name__.strip("_"), kind(me, other)

    def _none(self, me: SignedInUser, other: SignedInUser) -> str:
        return _joined({**_header(other), "alg": "none"}, _claims(other), b"")

    def _public_key_as_secret(self, me: SignedInUser, other: SignedInUser) -> str:
        unsigned = _joined({**_header(other), "alg": "HS256"}, _claims(other), b"")
        secret = self._public_keys[other.place.pool]
        signature = hmac.digest(secret, unsigned.rstrip(".").encode(), "sha256")
        return unsigned + _encoded(signature)

    def _signed_by_myself(self, me: SignedInUser, other: SignedInUser) -> str:
        headers = {"kid": _header(other)["kid"]}
        return jwt.encode(_claims(other), self._own_key, "RS256", headers=headers)

    def _changed(self, me: SignedInUser, other: SignedInUser) -> str:
        head, _, signature = me.tokens.id.split(".")
        mine = _claims(me)
        theirs = {name: value for name, value in _claims(other).items() if name.startswith("cust")}
        return ".".join((head, _encoded(json.dumps({**mine, **theirs}).encode()), signature))

    def _spliced(self, me: SignedInUser, other: SignedInUser) -> str:
        return ".".join((*other.tokens.id.split(".")[:2], me.tokens.id.split(".")[2]))

    def _access(self, me: SignedInUser, other: SignedInUser) -> str:
        return other.tokens.access

    def _foreign_pool(self, me: SignedInUser, other: SignedInUser) -> str:
        return self._foreign[other.place.id]

    def _replayed(self, me: SignedInUser, other: SignedInUser) -> str:
        token = self._expired[other.place.id]
        # The authorizer allows for clocks that differ, and what it has once let in is remembered.
        time.sleep(max(0.0, _end(token) + LEEWAY_SECONDS + 1 - time.time()))
        return token

    def _my_own_pool(self, me: SignedInUser, other: SignedInUser) -> str:
        return self._silos[me.place.id, other.place.id]


def forger_of(system: System, foreign_pool: str, admins: Sequence[SignedInUser]) -> Forger:
    """Return a forger with a pool of its own, and with the silo tenants' pools at its command."""
    cognito = system.client("cognito-idp")
    places = [user.place for user in admins]
    client = cognito.create_user_pool_client(
        UserPoolId=foreign_pool,
        ClientName="foreign",
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]["ClientId"]
    elsewhere = Place("foreign", "", "", foreign_pool, client, "")
    foreign = {victim.id: _impostor(system, elsewhere, victim) for victim in places}
    silos = {
        (mine.id, victim.id): _impostor(system, mine, victim)
        for mine in places
        for victim in places
        if mine.tier != "basic" and mine.id != victim.id
    }
    keys = {place.pool: _public_key(system, place.pool) for place in places}
    expired = {place.id: _brief(system, place) for place in places}
    return Forger(keys, foreign, silos, expired)


def _brief(system: System, place: Place) -> str:
    """Return a token of a tenant's administrator that ends at once."""
    cognito = system.client("cognito-idp")
    pool = {"UserPoolId": place.pool, "ClientId": place.client}
    told = cognito.describe_user_pool_client(**pool)["UserPoolClient"]
    dates = ("CreationDate", "LastModifiedDate")
    kept = {name: value for name, value in told.items() if value and name not in dates}
    units = {**told["TokenValidityUnits"], "IdToken": "seconds"}
    # The local Cognito takes a second where AWS wants five minutes.
    cognito.update_user_pool_client(**{**kept, "IdTokenValidity": 1, "TokenValidityUnits": units})
    try:
        token = sign_in(system, place, place.administrator).id
    finally:
        cognito.update_user_pool_client(**kept)
    left = _end(token) - time.time()
    assert left <= 1, f"a token that was to end at once is good for {left:.0f} s"
    return token


def _impostor(system: System, pool: Place, victim: Place) -> str:
    """Return a token of a user who calls himself the victim's administrator, and remove him."""
    cognito = system.client("cognito-idp")
    name = f"impostor-{victim.id}"
    values = (victim.id, victim.tier, "TenantAdmin", victim.name)
    cognito.admin_create_user(
        UserPoolId=pool.pool,
        Username=name,
        MessageAction="SUPPRESS",
        UserAttributes=[
            {"Name": f"custom:{claim}", "Value": value}
            for claim, value in zip(CLAIMS, values, strict=True)
        ],
    )
    try:
        return sign_in(system, pool, name).id
    finally:
        cognito.admin_delete_user(UserPoolId=pool.pool, Username=name)


def _public_key(system: System, pool: str) -> bytes:
    endpoint = system.local.environment()["AWS_ENDPOINT_URL"]
    (key, *_) = httpx.get(f"{endpoint}/{pool}/.well-known/jwks.json").json()["keys"]
    public: Any = jwt.PyJWK(key).key
    pem: bytes = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def _header(user: SignedInUser) -> dict[str, Any]:
    return jwt.get_unverified_header(user.tokens.id)


def _claims(user: SignedInUser) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(user.tokens.id, options={"verify_signature": False})
    return {**claims, "exp": int(time.time()) + 3600}


def _end(token: str) -> float:
    """Return when a token ends, in seconds since 1970."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return float(claims["exp"])


def _joined(header: Mapping[str, Any], payload: Mapping[str, Any], signature: bytes) -> str:
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(_encoded(part) for part in parts)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")

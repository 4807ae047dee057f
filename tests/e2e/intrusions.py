"""Ways to reach another tenant by the API, drawn at random. Not one of them may."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.e2e.system import System
from tests.e2e.visitor import KETTLE, Place, Visitor, sign_in

CLAIMS = ("tenantId", "tenantTier", "userRole", "tenantName")


@dataclass(frozen=True)
class Estate:
    """What a visitor has made, and the mark that all of it bears."""

    visitor: Visitor
    mark: str
    product: str
    order: str
    user: str
    cursor: str

    @classmethod
    def make(cls, visitor: Visitor) -> Estate:
        mark = f"secret-{visitor.place.id[:8]}"
        products = [
            visitor.data("POST", "/products", {**KETTLE, "sku": mark})["productId"]
            for _ in range(2)
        ]
        line = {"productId": products[0], "quantity": 1}
        order = {"orderName": mark, "orderProducts": [line]}
        # Not by the mark: who asks for a user is told the name asked for.
        invitation = {"userName": f"user-{products[0][:8]}", "userEmail": f"{mark}@example.com"}
        return cls(
            visitor,
            mark,
            products[0],
            visitor.data("POST", "/orders", order)["orderId"],
            visitor.data("POST", "/users", invitation)["userName"],
            visitor.patient("GET", "/products?limit=1").json()["next_token"],
        )

    def seen(self) -> list[list[dict[str, Any]]]:
        """Return all that there is, as its owner sees it."""
        return [self.visitor.listed(path) for path in ("/products", "/orders", "/users")]

    def remove(self) -> None:
        for product in self.visitor.listed("/products"):
            if product["sku"] == self.mark:
                self.visitor.data("DELETE", f"/products/{product['productId']}")
        self.visitor.data("DELETE", f"/orders/{self.order}")
        self.visitor.data("DELETE", f"/users/{self.user}")


@dataclass(frozen=True)
class Attempt:
    """A request, and the answers that are right."""

    way: str
    method: str
    path: str
    right: Sequence[int]
    body: Any = None
    token: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


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
    """

    def __init__(
        self,
        public_keys: Mapping[str, bytes],
        foreign: Mapping[str, str],
        silos: Mapping[tuple[str, str], str],
    ) -> None:
        self._public_keys = public_keys
        self._foreign = foreign
        self._silos = silos
        self._own_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def token(self, random: Random, me: Visitor, other: Visitor) -> tuple[str, str]:
        """Return how it was made, and a token that would be the other's."""
        kinds: list[Callable[[Visitor, Visitor], str]] = [
            self._none, self._public_key_as_secret, self._signed_by_myself,
            self._changed, self._spliced, self._access, self._foreign_pool,
        ]  # fmt: skip
        if (me.place.id, other.place.id) in self._silos:
            kinds.append(self._my_own_pool)
        kind = random.choice(kinds)
        return kind.__name__.strip("_"), kind(me, other)

    def _none(self, me: Visitor, other: Visitor) -> str:
        return _joined({**_header(other), "alg": "none"}, _claims(other), b"")

    def _public_key_as_secret(self, me: Visitor, other: Visitor) -> str:
        unsigned = _joined({**_header(other), "alg": "HS256"}, _claims(other), b"")
        secret = self._public_keys[other.place.pool]
        signature = hmac.digest(secret, unsigned.rstrip(".").encode(), "sha256")
        return unsigned + _encoded(signature)

    def _signed_by_myself(self, me: Visitor, other: Visitor) -> str:
        headers = {"kid": _header(other)["kid"]}
        return jwt.encode(_claims(other), self._own_key, "RS256", headers=headers)

    def _changed(self, me: Visitor, other: Visitor) -> str:
        head, _, signature = me.tokens.id.split(".")
        mine = _claims(me)
        theirs = {name: value for name, value in _claims(other).items() if name.startswith("cust")}
        return ".".join((head, _encoded(json.dumps({**mine, **theirs}).encode()), signature))

    def _spliced(self, me: Visitor, other: Visitor) -> str:
        return ".".join((*other.tokens.id.split(".")[:2], me.tokens.id.split(".")[2]))

    def _access(self, me: Visitor, other: Visitor) -> str:
        return other.tokens.access

    def _foreign_pool(self, me: Visitor, other: Visitor) -> str:
        return self._foreign[other.place.id]

    def _my_own_pool(self, me: Visitor, other: Visitor) -> str:
        return self._silos[me.place.id, other.place.id]


def forger_of(system: System, foreign_pool: str, visitors: Sequence[Visitor]) -> Forger:
    """Return a forger with a pool of its own, and with the silo tenants' pools at its command."""
    cognito = system.client("cognito-idp")
    places = [visitor.place for visitor in visitors]
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
    return Forger(keys, foreign, silos)


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


def by_path(random: Random, me: Estate, other: Estate) -> Attempt:
    """Name what is the other's in the path."""
    method, path, body = random.choice(
        [
            ("GET", f"/products/{other.product}", None),
            ("DELETE", f"/products/{other.product}", None),
            ("PUT", f"/products/{other.product}", {**KETTLE, "version": 1}),
            ("GET", f"/orders/{other.order}", None),
            ("DELETE", f"/orders/{other.order}", None),
            ("PUT", f"/orders/{other.order}/status", {"status": "CANCELLED"}),
            ("GET", f"/users/{other.user}", None),
            ("PUT", f"/users/{other.user}", {"userRole": "TenantAdmin"}),
            ("PUT", f"/users/{other.user}/disable", None),
            ("POST", f"/users/{other.user}/invitation", None),
            ("DELETE", f"/users/{other.user}", None),
            ("PUT", f"/users/{other.visitor.place.administrator}/disable", None),
        ]
    )
    return Attempt("path", method, path, (404,), body)


def by_detour(random: Random, me: Estate, other: Estate) -> Attempt:
    """Write the path so that somebody on the way may read it differently."""
    place = other.visitor.place
    path = random.choice(
        [
            f"/{place.id}/products/{other.product}",
            f"/products/../{place.id}/products/{other.product}",
            f"/products/%2e%2e%2f{place.id}%2fproducts",
            f"/products/{place.id}%2f{other.product}",
            f"/products//{place.id}//{other.product}",
            f"/products/{other.product}%00",
            f"/products/{other.product};tenantId={place.id}",
            f"/orders/{other.order}/../{other.order}",
            f"/users/..%5c{other.user}",
        ]
    )
    return Attempt("detour", "GET", path, (400, 403, 404, 422))


def by_query(random: Random, me: Estate, other: Estate) -> Attempt:
    """Name the other in the query, or go on where the other's page ended."""
    place = other.visitor.place
    if random.random() < 0.5:
        return Attempt("cursor", "GET", f"/products?next_token={other.cursor}", (200, 422))
    name = random.choice(["tenantId", "tenant_id", "tenantPath", "tenant"])
    path = random.choice(["/products", "/orders", "/users"])
    return Attempt("query", "GET", f"{path}?{name}={place.id}", (200,))


def by_body(random: Random, me: Estate, other: Estate) -> Attempt:
    """Name the other, or what is the other's, in the body."""
    name = random.choice(["tenantId", "tenant_id", "custom:tenantId"])
    foreign = {name: other.visitor.place.id}
    line = {"productId": other.product, "quantity": 1}
    method, path, body = random.choice(
        [
            ("POST", "/products", {**KETTLE, **foreign}),
            ("PUT", f"/products/{me.product}", {**KETTLE, "version": 1, **foreign}),
            ("POST", "/orders", {"orderName": "x", "orderProducts": [line]}),
            ("POST", "/orders", {"orderName": "x", "orderProducts": [], **foreign}),
            ("POST", "/users", {"userName": "x", "userEmail": "x@example.com", **foreign}),
        ]
    )
    return Attempt("body", method, path, (422,), body)


def by_header(random: Random, me: Estate, other: Estate) -> Attempt:
    """Say in headers that one is the other."""
    place = other.visitor.place
    names = (
        "tenantPath", "tenantpath", "X-Tenant-Id", "X_Tenant_Id", "tenantId", "X-Forwarded-Host",
        "X-Forwarded-For", "Forwarded", "X-Amzn-Oidc-Identity", "X-Envoy-Original-Path", "Host",
        "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "x-api-key", "X-User-Id",
    )  # fmt: skip
    values = (place.id, place.name, "basic", f"/products/{other.product}", other.visitor.tokens.id)
    headers = {name: random.choice(values) for name in random.sample(names, random.randint(1, 5))}
    if "Host" in headers:
        headers["Host"] = random.choice([f"{place.name}.example.com", f"{place.id}.example.com"])
    if random.random() < 0.5:
        path = random.choice(["/products", "/orders", "/users"])
        return Attempt("header", "GET", path, (200,), headers=headers)
    path = random.choice([f"/products/{other.product}", f"/orders/{other.order}"])
    return Attempt("header", random.choice(["GET", "DELETE"]), path, (404,), headers=headers)


def by_token(random: Random, me: Estate, other: Estate, forger: Forger) -> Attempt:
    """Bring a token that says one is the other."""
    kind, token = forger.token(random, me.visitor, other.visitor)
    path = random.choice([f"/products/{other.product}", "/orders", "/users", "/products"])
    return Attempt(f"token {kind}", "GET", path, (401,), token=token)


def draw(random: Random, me: Estate, other: Estate, forger: Forger) -> Attempt:
    """Return any of them."""
    # A token that is refused costs the local AWS a cold start of the authorizer.
    if random.random() < 0.12:
        return by_token(random, me, other, forger)
    return random.choice([by_path, by_detour, by_query, by_body, by_header])(random, me, other)


def _header(visitor: Visitor) -> dict[str, Any]:
    return jwt.get_unverified_header(visitor.tokens.id)


def _claims(visitor: Visitor) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(visitor.tokens.id, options={"verify_signature": False})
    return {**claims, "exp": int(time.time()) + 3600}


def _joined(header: Mapping[str, Any], payload: Mapping[str, Any], signature: bytes) -> str:
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(_encoded(part) for part in parts)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")

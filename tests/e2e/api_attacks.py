"""Ways to reach another tenant by the API, drawn at random. Not one of them may."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

import httpx

from tests.e2e.forgeries import Forger
from tests.e2e.tenant_data import TenantData
from tests.e2e.users import KETTLE, SignedInUser


class Try(Protocol):
    """Something that must come to nothing."""

    @property
    def way(self) -> str:
        """What is tried."""

    def refused(self) -> bool:
        """Try it; whether it was refused, and not just without effect."""


@dataclass(frozen=True)
class Attempt:
    """A request, and the answers that are right.

    Attributes
    ----------
    after : str
        A path that the same token is let in at just before, so that the answer is remembered.
    """

    by: SignedInUser
    other: TenantData = field(repr=False)
    way: str
    method: str
    path: str
    right: Sequence[int]
    body: Any = None
    token: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after: str = ""

    def refused(self) -> bool:
        if self.after:
            assert self.by.patient("GET", self.after).status_code == 200
        answer = self._answer()
        assert answer.status_code in self.right, f"got {answer.status_code}: {answer.text}"
        assert self.other.mark not in answer.text, answer.text
        return answer.status_code >= 400

    def _answer(self) -> httpx.Response:
        """Send it, and again if somebody was too busy to come to an answer."""
        for _ in range(5):
            with _ONE_START if self.token else nullcontext():
                answer = self.by.patient(
                    self.method, self.path, self.body, headers=self.headers, token=self.token
                )
            if not _is_none(answer):
                break
            time.sleep(1)
        return answer


# A token that is refused costs the local AWS a cold start of the authorizer, which has seconds.
_ONE_START = threading.Lock()


def _is_none(answer: httpx.Response) -> bool:
    """Whether a service says that it has no answer now, or the API that its authorizer had none."""
    if answer.status_code == 500:
        return bool(answer.json() == {"message": None})
    return answer.status_code == 503


@dataclass(frozen=True)
class Pair:
    """Who tries, and whose it is."""

    me: TenantData
    by: SignedInUser
    other: TenantData

    def attempt(
        self, way: str, method: str, path: str, right: Sequence[int], body: Any = None, **more: Any
    ) -> Attempt:
        """Return a request; users are an administrator's matter, whoever they are."""
        if path.startswith("/users") and not self.by.administers and "token" not in more:
            right = (403,)
        return Attempt(self.by, self.other, way, method, path, right, body, **more)


def by_path(random: Random, pair: Pair) -> Attempt:
    """Name what is the other's in the path."""
    other = pair.other
    user = random.choice([other.user.name, other.admin.name, other.absent])
    method, path, body = random.choice(
        [
            ("GET", f"/products/{other.product}", None),
            ("DELETE", f"/products/{other.product}", None),
            ("PUT", f"/products/{other.product}", {**KETTLE, "version": 1}),
            ("GET", f"/orders/{other.order}", None),
            ("DELETE", f"/orders/{other.order}", None),
            ("PUT", f"/orders/{other.order}/status", {"status": "CANCELLED"}),
            ("GET", f"/users/{user}", None),
            ("PUT", f"/users/{user}", {"userRole": "TenantAdmin"}),
            ("PUT", f"/users/{user}/disable", None),
            ("PUT", f"/users/{user}/enable", None),
            ("POST", f"/users/{user}/invitation", None),
            ("DELETE", f"/users/{user}", None),
        ]
    )
    return pair.attempt("path", method, path, (404,), body)


def by_detour(random: Random, pair: Pair) -> Attempt:
    """Write the path so that somebody on the way may read it differently."""
    other = pair.other
    place = other.admin.place
    path = random.choice(
        [
            f"/{place.id}/products/{other.product}",
            f"/products/../{place.id}/products/{other.product}",
            f"/products/%2e%2e/{place.id}/products/{other.product}",
            f"/products/%2e%2e%2f{place.id}%2fproducts",
            f"/products/{place.id}%2f{other.product}",
            f"/products//{place.id}//{other.product}",
            f"/products/{other.product}%00",
            f"/products/{other.product};tenantId={place.id}",
            f"/orders/{other.order}/../{other.order}",
            f"/orders/{other.order}/%2E%2E/{other.order}",
            f"/users/..%5c{other.user.name}",
            # From a service that one may call to another one: whose it is depends on who asks.
            "/orders/../users",
            "/orders/%2e%2e/users",
            "/orders/.%2e/users",
            "/orders/%2e%2e%2fusers",
            "/orders/..%5cusers",
            "/orders/x/../../users",
            f"/products/%2e%2e/users/{other.user.name}",
            f"/products/../users/{other.user.name}",
        ]
    )
    return pair.attempt("detour", "GET", path, (400, 403, 404, 422))


def by_query(random: Random, pair: Pair) -> Attempt:
    """Name the other in the query, or go on where the other's page ended."""
    place = pair.other.admin.place
    if random.random() < 0.5:
        path = f"/products?next_token={pair.other.cursor}"
        return pair.attempt("cursor", "GET", path, (200, 422))
    name = random.choice(["tenantId", "tenant_id", "tenantPath", "tenant"])
    path = random.choice(["/products", "/orders", "/users"])
    return pair.attempt("query", "GET", f"{path}?{name}={place.id}", (200,))


def by_body(random: Random, pair: Pair) -> Attempt:
    """Name the other, or what is the other's, in the body."""
    name = random.choice(["tenantId", "tenant_id", "custom:tenantId", "custom:tenantTier"])
    foreign = {name: pair.other.admin.place.id}
    line = {"productId": pair.other.product, "quantity": 1}
    method, path, body = random.choice(
        [
            ("POST", "/products", {**KETTLE, **foreign}),
            ("PUT", f"/products/{pair.me.product}", {**KETTLE, "version": 1, **foreign}),
            ("POST", "/orders", {"orderName": "x", "orderProducts": [line]}),
            ("POST", "/orders", {"orderName": "x", "orderProducts": [], **foreign}),
            ("POST", "/users", {"userName": "x", "userEmail": "x@example.com", **foreign}),
            ("PUT", f"/users/{pair.me.user.name}", {"userRole": "TenantUser", **foreign}),
        ]
    )
    return pair.attempt("body", method, path, (422,), body)


def by_header(random: Random, pair: Pair) -> Attempt:
    """Say in headers that one is the other."""
    other = pair.other
    place = other.admin.place
    names = (
        "tenantPath", "tenantpath", "X-Tenant-Id", "X_Tenant_Id", "tenantId", "X-Forwarded-Host",
        "X-Forwarded-For", "Forwarded", "X-Amzn-Oidc-Identity", "X-Envoy-Original-Path", "Host",
        "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "x-api-key", "X-User-Id",
    )  # fmt: skip
    values = (place.id, place.name, "basic", f"/products/{other.product}", other.admin.tokens.id)
    headers = {name: random.choice(values) for name in random.sample(names, random.randint(1, 5))}
    if "Host" in headers:
        headers["Host"] = random.choice([f"{place.name}.example.com", f"{place.id}.example.com"])
    if random.random() < 0.2:
        path = random.choice(["/products", "/orders", "/users"])
        return pair.attempt("header", "GET", path, (200,), headers=headers)
    path = random.choice([f"/products/{other.product}", f"/orders/{other.order}"])
    method = random.choice(["GET", "DELETE"])
    return pair.attempt("header", method, path, (404,), headers=headers)


def by_remembered_answer(random: Random, pair: Pair) -> Attempt:
    """Be let in at one path, and go on at once to one that is not for users."""
    pair = Pair(pair.me, pair.me.user, pair.other)
    method, path, body = random.choice(
        [
            ("GET", "/users", None),
            ("GET", f"/users/{pair.by.name}", None),
            ("PUT", f"/users/{pair.by.name}", {"userRole": "TenantAdmin"}),
            ("PUT", f"/users/{pair.other.user.name}", {"userRole": "TenantAdmin"}),
            ("POST", "/users", {"userName": "x", "userEmail": "x@example.com"}),
            ("GET", "/users/products", None),
            ("GET", "/users/orders/1", None),
        ]
    )
    after = random.choice(["/products?limit=1", "/orders?limit=1"])
    return pair.attempt("remembered answer", method, path, (403,), body, after=after)


def by_token(random: Random, pair: Pair, forger: Forger) -> Attempt:
    """Bring a token that says one is the other."""
    kind, token = forger.token(random, pair.by, pair.other.admin)
    path = random.choice([f"/products/{pair.other.product}", "/orders", "/users", "/products"])
    return pair.attempt(f"token {kind}", "GET", path, (401,), token=token)


def of_a_suspended_tenant(random: Random, by: SignedInUser, other: TenantData) -> Attempt:
    """Go on as the user of a tenant that is suspended, for others' things and for one's own."""
    method, path, body = random.choice(
        [
            ("GET", "/products", None),
            ("GET", "/users", None),
            ("POST", "/products", KETTLE),
            ("GET", f"/products/{other.product}", None),
            ("DELETE", f"/orders/{other.order}", None),
        ]
    )
    return Attempt(by, other, "suspended", method, path, (403,), body)

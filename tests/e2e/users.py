"""Users of tenants: they sign in at their tenant's pool and send requests to its API."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import boto3
import httpx
from botocore import UNSIGNED
from botocore.config import Config

from services.cli.visit import api_address
from tests.e2e.system import PREFIX, System
from tests.waiting import eventually

KETTLE = {"name": "Kettle", "price": "19.90", "sku": "kt-1", "category": "kitchen"}
CLAIMS = ("tenantId", "tenantTier", "userRole", "tenantName")

# Two of each tier, so that there are neighbours.
NAMES = ("demo-basic", "basic-00", "demo-advanced", "advanced-00", "demo-premium", "premium-00")
WRITERS = 100
"""As many connections as the busiest test needs."""


@dataclass(frozen=True)
class Place:
    """Where a tenant's users sign in and send requests, as its login page is told.

    Attributes
    ----------
    api : str
        The address of the tenant's API on the local AWS.
    """

    name: str
    id: str
    tier: str
    pool: str
    client: str
    api: str

    @classmethod
    def of(cls, system: System, name: str) -> Place:
        """Ask the control plane, as a login page does."""
        with system.control_plane() as control_plane:
            tier = str(control_plane.tenant(name)["tier"])
        plane = system.contract("control-plane")["api_id"]
        endpoint = system.local.environment()["AWS_ENDPOINT_URL"]
        answer = httpx.get(f"{endpoint}/_aws/execute-api/{plane}/$default/tenant-config/{name}")
        told: dict[str, str] = answer.raise_for_status().json()
        url = told["apiGatewayUrl"]
        api_id = str(urlsplit(url).hostname).partition(".")[0]
        return cls(
            name=name,
            id=told["tenantId"],
            tier=tier,
            pool=told["userPoolId"],
            client=told["appClientId"],
            api=api_address(endpoint, {"rest_api_id": api_id, "api_url": url}),
        )

    @property
    def administrator(self) -> str:
        """The user that onboarding makes."""
        return f"{self.name}-admin"


@dataclass(frozen=True)
class Tokens:
    """What a sign-in gives."""

    id: str = field(repr=False)
    access: str = field(repr=False)
    refresh: str = field(repr=False)


def sign_in(system: System, place: Place, name: str) -> Tokens:
    """Give a user a password and sign in with it."""
    password = f"{secrets.token_urlsafe(24)}aA1!"
    cognito = system.client("cognito-idp")
    cognito.admin_set_user_password(
        UserPoolId=place.pool, Username=name, Password=password, Permanent=True
    )
    signed_in = cognito.admin_initiate_auth(
        UserPoolId=place.pool,
        ClientId=place.client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password},
    )["AuthenticationResult"]
    return Tokens(signed_in["IdToken"], signed_in["AccessToken"], signed_in["RefreshToken"])


def anybody(system: System) -> Any:
    """Return a client of Cognito without AWS credentials, which is what users have."""
    environment = system.local.environment()
    create: Any = boto3.client
    return create(
        "cognito-idp",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        config=Config(signature_version=UNSIGNED),
    )


@contextmanager
def suspended(system: System, place: Place) -> Iterator[None]:
    """Let the row that the authorizer reads say for a while that a tenant is suspended."""
    row = {"TableName": f"{PREFIX}-tenant-mapping", "Key": {"tenantId": {"S": place.id}}}
    table = system.client("dynamodb")
    table.update_item(
        **row,
        UpdateExpression="SET suspendedAt = :now",
        ExpressionAttributeValues={":now": {"S": datetime.now(UTC).isoformat()}},
    )
    try:
        yield
    finally:
        table.update_item(**row, UpdateExpression="REMOVE suspendedAt")


class SignedInUser:
    """A signed-in user of a tenant, who sends requests by the tenant's API and nothing else.

    Parameters
    ----------
    place : Place
    name : str
        What they signed in with.
    tokens : Tokens
    http : httpx.Client
        Shared by admins: connections say nothing of who asks.
    """

    def __init__(self, place: Place, name: str, tokens: Tokens, http: httpx.Client) -> None:
        self.place = place
        self.name = name
        self.tokens = tokens
        self._http = http

    @classmethod
    def of(cls, system: System, place: Place, http: httpx.Client, name: str = "") -> SignedInUser:
        """Sign a user in; the administrator by default."""
        name = name or place.administrator
        return cls(place, name, sign_in(system, place, name), http)

    def colleague(self, system: System, name: str) -> SignedInUser:
        """Sign in another user of the tenant."""
        return SignedInUser.of(system, self.place, self._http, name)

    def __repr__(self) -> str:
        return f"{self.name} of {self.place.name}"

    @property
    def administers(self) -> bool:
        """Whether it is the tenant's administrator."""
        return self.name == self.place.administrator

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> httpx.Response:
        """Send one request, its path as it is written; `token` in place of the user's own."""
        told = {"Authorization": f"Bearer {token or self.tokens.id}", **(headers or {})}
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            told["Content-Type"] = "application/json"
        url = f"{self.place.api}{path}"
        # By itself the client would take `..` out before anybody sees it.
        written = {"target": f"/{url.split('/', 3)[3]}".encode()}
        return self._http.request(method, url, content=content, headers=told, extensions=written)

    def patient(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Send a request, again and later if it was one too many for the tenant's rate."""
        for _ in range(50):
            answer = self.send(method, path, body, **more)
            if answer.status_code != 429:
                return answer
            time.sleep(0.2)
        raise AssertionError(f"{self.place.name} is throttled for 10 s: {answer.text}")

    def is_served(self) -> bool:
        """Whether the tenant's service answers."""
        return self.patient("GET", "/products?limit=1").status_code == 200

    def data(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Return the data of an answer that must be a success."""
        answer = self.patient(method, path, body, **more)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()["data"] if answer.content else None

    def listed(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Return all pages of a list."""
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            told = urlencode({**query, "limit": "50", "next_token": token})
            page = self.patient("GET", f"{path}?{told}")
            assert page.status_code == 200, page.text
            found += page.json()["data"]
            token = page.json().get("next_token", "")
            if not token:
                return found


@dataclass(frozen=True)
class End:
    """What became of a request, and when, by `time.monotonic`."""

    began: float
    ended: float
    status: int | str

    def spans(self, moment: float) -> bool:
        """Whether the request was on its way at a moment."""
        return self.began <= moment <= self.ended


class Steady:
    """Requests at a steady rate, however long the answers take, and what became of each."""

    def __init__(
        self, user: SignedInUser, method: str, path: str, body: Any = None, *, per_second: float
    ) -> None:
        self._user = user
        self._request = (method, path, body)
        self._per_second = per_second
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.ends: list[End] = []

    @property
    def sent(self) -> int:
        return len(self.ends)

    @property
    def seconds(self) -> float:
        """From the first request to the last answer."""
        return max(end.ended for end in self.ends) - min(end.began for end in self.ends)

    def counted(self) -> dict[int | str, int]:
        """Return how many requests had which end."""
        return dict(Counter(end.status for end in self.ends))

    def await_more(self, count: int) -> None:
        """Wait until so many more requests have an end."""
        before = self.sent
        eventually(lambda: self.sent >= before + count)

    def __enter__(self) -> Steady:
        # As many threads as it takes if each answer takes a second.
        count = max(4, round(self._per_second))
        beginning = time.monotonic()
        for number in range(count):
            thread = threading.Thread(target=self._send, args=(beginning, number, count))
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, beginning: float, turn: int, count: int) -> None:
        while True:
            due = beginning + turn / self._per_second
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            began = time.monotonic()
            status: int | str
            try:
                status = self._user.send(*self._request).status_code
            except httpx.HTTPError as error:
                status = repr(error)
            self.ends.append(End(began, time.monotonic(), status))
            turn += count

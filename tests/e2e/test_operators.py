"""Who runs the system signs in, or signs their requests, and may do what their role says."""

from __future__ import annotations

import re
import secrets
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from services.configuration import load
from services.contracts.http_routes import (
    ROUTES,
    TENANT_READ,
    TENANT_WRITE,
    USER_READ,
    USER_WRITE,
    Access,
)
from tests.conformance.offboarding import offboard
from tests.e2e.operators import SignIn, api_url, machine_token
from tests.e2e.system import System

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

EVERYTHING = (TENANT_READ, TENANT_WRITE, USER_READ, USER_WRITE)


def password_of(system: System, name: str) -> str:
    """Give a system user a password; the invitation's went out by e-mail."""
    password = f"{secrets.token_urlsafe(24)}aA1!"
    pool = system.contract("control-plane")["admin_pool_id"]
    system.client("cognito-idp").admin_set_user_password(
        UserPoolId=pool, Username=name, Password=password, Permanent=True
    )
    return password


def as_holder(system: System, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=api_url(system), headers=headers, timeout=30)


@pytest.fixture(scope="module")
def admin(system: System) -> tuple[str, str]:
    """Return the name and the password of the administrator that the configuration names."""
    name = load(system.directory / "saas.tfvars").admin_email
    return name, password_of(system, name)


def test_the_configured_administrator_may_do_everything(
    system: System, admin: tuple[str, str]
) -> None:
    with as_holder(system, SignIn(system, EVERYTHING).token(*admin)) as api:
        made = api.post("/meters", json={"name": f"m-{secrets.token_hex(4)}"})
        assert made.status_code == 201, made.text
        meter = made.json()["data"]["meterId"]
        assert api.delete(f"/meters/{meter}").status_code == 200
        shown = api.get(f"/users/{admin[0]}").json()["data"]
        assert (shown["userRole"], shown["email"]) == ("SystemAdmin", admin[0])
        written = api.get("/audit", params={"limit": 1000}).json()["data"]
    assert (admin[0], f"meter/{meter}") in {(row["actor"], row["target"]) for row in written}


def test_a_sign_in_gives_what_was_asked_for_and_no_more(
    system: System, admin: tuple[str, str]
) -> None:
    with as_holder(system, SignIn(system, (TENANT_READ,)).token(*admin)) as api:
        assert api.get("/tenants").status_code == 200
        assert api.get("/users").status_code == 403
        assert api.post("/meters", json={"name": "m"}).status_code == 403


def test_a_code_is_worth_nothing_without_its_verifier(
    system: System, admin: tuple[str, str]
) -> None:
    mine = SignIn(system, (TENANT_READ,))
    code = mine.code(*admin)
    for stolen in (
        mine.redeem(code, code_verifier=None),
        mine.redeem(code, code_verifier=SignIn(system, ()).verifier),
        mine.redeem(code, redirect_uri="https://elsewhere.example/"),
    ):
        assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert mine.redeem(code).status_code == 200
    assert mine.redeem(code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "changed",
    [{"response_type": "token"}, {"redirect_uri": "https://elsewhere.example/"}],
    ids=["implicit", "elsewhere"],
)
def test_nobody_signs_in_otherwise(system: System, changed: dict[str, str]) -> None:
    sign_in = SignIn(system, (TENANT_READ,))
    assert sign_in.authorize().status_code == 200
    answer = sign_in.authorize(**changed)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_support_reader_reads_everything_and_writes_nothing(
    system: System, admin: tuple[str, str]
) -> None:
    name = f"reader-{secrets.token_hex(4)}"
    user = {"userName": name, "userRole": "SupportReader", "email": f"{name}@example.com"}
    with as_holder(system, SignIn(system, EVERYTHING).token(*admin)) as api:
        assert api.post("/users", json=user).status_code == 201
        password = password_of(system, name)
        # The client may ask for every scope: what refuses is the role.
        with as_holder(system, SignIn(system, EVERYTHING).token(name, password)) as reader:
            for route in (route for route in ROUTES if route.access is Access.JWT):
                status = reader.request(route.method, re.sub(r"\{\w+\}", "x", route.path))
                if route.method == "GET":
                    assert status.status_code in (200, 404, 422), route.key
                else:
                    assert status.status_code == 403, route.key
            for path in ("/tenants", "/tenant-registrations", "/users", "/audit", "/meters"):
                assert reader.get(path).status_code == 200, path
        assert api.delete(f"/users/{name}").status_code == 200


def signed(system: System, method: str, path: str, body: bytes = b"") -> httpx.Response:
    """Send a request with the signature of the machine's own AWS credentials (version 4).

    The local API wants a signature and takes the caller from its key; it does not verify it.
    """
    environment = system.local.environment()
    request: Any = AWSRequest(method, f"{api_url(system)}{path}", data=body)
    request.headers["Content-Type"] = "application/json"
    keys = (environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(Credentials(*keys), "execute-api", environment["AWS_REGION"]).add_auth(request)
    return httpx.request(
        method, request.url, content=body, headers=dict(request.headers), timeout=30
    )


@pytest.mark.usefixtures("no_application_plane")
def test_signed_requests_register_change_and_delete_tenants(system: System) -> None:
    name = f"signed-{secrets.token_hex(4)}"
    tenant = f'{{"tenantName": "{name}", "email": "a@example.com", "tier": "basic"}}'.encode()
    token = machine_token(system, *EVERYTHING)
    with as_holder(system, token) as holder:
        # A token is no signature, whatever it allows.
        assert holder.post("/tenants", content=tenant).status_code == 403
        with system.bus() as listening:
            made = signed(system, "POST", "/tenants", tenant)
            assert made.status_code == 201, made.text
            row = made.json()["data"]
            assert (row["tenantName"], row["sbtaws_active"]) == (name, True)
            path = f"/tenants/{row['tenantId']}"
            changed = signed(system, "PUT", path, b'{"colour": "blue"}')
            assert changed.status_code == 200, changed.text
            assert holder.get(path).json()["data"]["colour"] == "blue"
            listening.heard("onboardingRequest", about=row["tenantId"])
            assert signed(system, "DELETE", path).status_code == 200
            offboard(holder, listening, [row["tenantRegistrationId"]])
        written = holder.get("/audit", params={"limit": 1000}).json()["data"]
    actors = {entry["actor"] for entry in written if entry["target"] == row["tenantId"]}
    assert any(actor.startswith("arn:aws:iam::") for actor in actors)

"""A person signs in by the code grant with PKCE, on a pool's own pages and under local names."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.emulator.local_aws.conftest import Aws
from tests.emulator.local_aws.sites import PASSWORD, Page, code_of

pytestmark = pytest.mark.local_aws

NEW = "Another-horse-8"


@pytest.fixture(scope="module")
def page(patched: Aws) -> Iterator[Page]:
    """A pool whose client knows AWS's name of a site, and a browser that knows the local one."""
    made = Page.of(patched, "https://dsite.cloudfront.net/")
    port = urlsplit(patched.endpoint).port
    local = f"http://dsite.cloudfront.localhost:{port}/"
    yield Page(patched, made.pool, made.client, local, made.domain)


def _signed_in(page: Page, name: str) -> str:
    page.user(name, PASSWORD)
    return code_of(page.fill(page.open(), username=name, password=PASSWORD), page.callback)


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * 3))
    return claims


def test_a_first_password_is_changed_on_the_page(page: Page) -> None:
    page.user("grace", PASSWORD, permanent=False)
    wrong = page.fill(page.open(), username="grace", password="none of hers")
    assert "Incorrect username or password" in wrong.text
    first = page.fill(wrong, username="grace", password=PASSWORD)
    again = page.fill(first, new_password="short", confirm_password="short")
    assert "policy" in again.text
    code = code_of(page.fill(again, new_password=NEW, confirm_password=NEW), page.callback)

    tokens = page.redeem(code).raise_for_status().json()
    claims = _claims(tokens["id_token"])
    # Tokens name AWS in both places: what verifies them is the same code.
    assert claims["iss"] == f"https://cognito-idp.us-east-1.amazonaws.com/{page.pool}"
    assert (claims["aud"], claims["cognito:username"]) == (page.client, "grace")

    told = httpx.get(
        f"{page.aws.endpoint}/oauth2/userInfo",
        headers={"Host": page.host, "Authorization": f"Bearer {tokens['access_token']}"},
    )
    assert told.json()["email"] == "grace@example.com"
    renewed = page.send(
        "/oauth2/token",
        grant_type="refresh_token",
        client_id=page.client,
        refresh_token=tokens["refresh_token"],
    )
    assert _claims(renewed.json()["access_token"])["sub"] == claims["sub"]


@pytest.mark.parametrize(
    ("name", "changed", "error"),
    [
        ("eve", {"code_verifier": "another browser's, of 43 characters and more"}, "invalid_grant"),
        ("mallory", {"redirect_uri": "https://elsewhere.example/"}, "invalid_grant"),
        ("oscar", {"client_id": "another"}, "invalid_client"),
    ],
)
def test_a_code_is_nothing_to_another(
    page: Page, name: str, changed: dict[str, str], error: str
) -> None:
    refused = page.redeem(_signed_in(page, name), **changed)
    assert (refused.status_code, refused.json()["error"]) == (400, error)


def test_a_code_is_redeemed_once(page: Page) -> None:
    code = _signed_in(page, "frank")
    assert page.redeem(code).status_code == 200
    again = page.redeem(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_nobody_is_sent_elsewhere(page: Page) -> None:
    for path in ("/oauth2/authorize", "/login"):
        refused = page.open(path, redirect_uri="https://elsewhere.example/")
        assert refused.status_code == 400
        assert "Location" not in refused.headers
    elsewhere = {"client_id": page.client, "logout_uri": "https://elsewhere.example/"}
    out = httpx.get(f"{page.aws.endpoint}/logout", params=elsewhere, headers={"Host": page.host})
    assert out.status_code == 400


def test_who_signs_out_comes_back_to_the_site(page: Page) -> None:
    asked = {"client_id": page.client, "logout_uri": page.callback}
    out = httpx.get(f"{page.aws.endpoint}/logout", params=asked, headers={"Host": page.host})
    assert (out.status_code, out.headers["Location"]) == (302, page.callback)


def test_a_page_reads_its_tokens(page: Page) -> None:
    """A browser gives a page the answer of another origin only if that one says so."""
    answer = httpx.post(
        f"{page.aws.endpoint}/oauth2/token",
        data={"grant_type": "authorization_code", "client_id": page.client, "code": "none"},
        headers={"Host": page.host, "Origin": page.callback.rstrip("/")},
    )
    assert answer.headers["access-control-allow-origin"] in {"*", page.callback.rstrip("/")}

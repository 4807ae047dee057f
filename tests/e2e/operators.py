"""Those who run the system: a machine by its secret, people by the code grant with PKCE."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.e2e.system import System


def api_url(system: System) -> str:
    """Return where the control plane's API is."""
    api = system.contract("control-plane")["api_id"]
    return f"{system.local.status().endpoint}/_aws/execute-api/{api}/$default"


def machine_token(system: System, *scopes: str) -> str:
    """Return a token of the machine client that allows these scopes and no more."""
    found = system.contract("control-plane")
    client = system.client("cognito-idp").describe_user_pool_client(
        UserPoolId=found["admin_pool_id"], ClientId=found["machine_client_id"]
    )["UserPoolClient"]
    answer = httpx.post(
        f"{system.local.status().endpoint}/oauth2/token",
        data={"grant_type": "client_credentials", "scope": " ".join(scopes)},
        auth=(client["ClientId"], client["ClientSecret"]),
    )
    return str(answer.raise_for_status().json()["access_token"])


@dataclass(frozen=True)
class SignIn:
    """One sign-in of a person through the public client, step by step.

    Attributes
    ----------
    verifier : str
        What only the page that began the sign-in knows (RFC 7636).
    """

    system: System
    scopes: tuple[str, ...]
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    def authorize(self, **changed: str) -> httpx.Response:
        """Ask for the page to sign in on."""
        return httpx.get(f"{self._host}/oauth2/authorize", params={**self._request, **changed})

    def code(self, name: str, password: str) -> str:
        """Sign in on the page; return the code that the browser is sent back with."""
        form = {**self._request, "username": name, "password": password}
        answer = httpx.post(f"{self._host}/login", data=form)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["Location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == self._callback
        query = parse_qs(back.query)
        assert query["state"] == ["s"]
        return query["code"][0]

    def redeem(self, code: str, **changed: str | None) -> httpx.Response:
        """Exchange a code for tokens."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "client_id": self._client["ClientId"],
            "redirect_uri": self._callback,
            "code": code,
            "code_verifier": self.verifier,
            **changed,
        }
        given = {key: value for key, value in form.items() if value is not None}
        return httpx.post(f"{self._host}/oauth2/token", data=given)

    def token(self, name: str, password: str) -> str:
        """Return an access token of a person."""
        answer = self.redeem(self.code(name, password))
        return str(answer.raise_for_status().json()["access_token"])

    @property
    def _host(self) -> str:
        return str(self.system.local.status().endpoint)

    @cached_property
    def _client(self) -> dict[str, Any]:
        found = self.system.contract("control-plane")
        client: dict[str, Any] = self.system.client("cognito-idp").describe_user_pool_client(
            UserPoolId=found["admin_pool_id"], ClientId=found["public_client_id"]
        )["UserPoolClient"]
        return client

    @property
    def _callback(self) -> str:
        return str(self._client["CallbackURLs"][0])

    @property
    def _request(self) -> dict[str, str]:
        challenge = hashlib.sha256(self.verifier.encode()).digest()
        return {
            "client_id": self._client["ClientId"],
            "redirect_uri": self._callback,
            "response_type": "code",
            "scope": " ".join(("openid", *self.scopes)),
            "state": "s",
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }

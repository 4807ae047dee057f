"""A tenant's administrator, for the demo: signs in and sends real requests down the real route."""

from __future__ import annotations

import json
import secrets
import string
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

_TIMEOUT_SECONDS = 30
# A service is stable for ECS when its tasks run; the load balancer sends nothing before its own
# health check has passed, and says 503 until then.
_HEALTHY_WITHIN_SECONDS = 60


class VisitError(Exception):
    """A request of the demo was not answered as it should have been."""


@dataclass(frozen=True)
class Visit:
    """What a tenant's administrator saw.

    Attributes
    ----------
    address : str
        Where the requests went.
    answer : str
        The last answer in one line.
    milliseconds : float
        How long the read took.
    """

    address: str
    answer: str
    milliseconds: float


def new_password() -> str:
    """Return a password that the pools' rules allow."""
    return "".join(secrets.choice(string.ascii_letters) for _ in range(24)) + "aA1!"


def sign_in(
    cognito: CognitoIdentityProviderClient, tenant: Mapping[str, Any], password: str = ""
) -> str:
    """Give the tenant's administrator a password, a new one by default; return an ID token.

    The invitation's temporary password went out by e-mail, which a laptop does not deliver.
    """
    password = password or new_password()
    pool, user = tenant["user_pool_id"], tenant["admin_username"]
    cognito.admin_set_user_password(
        UserPoolId=pool, Username=user, Password=password, Permanent=True
    )
    tokens = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=tenant["app_client_id"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user, "PASSWORD": password},
    )
    return tokens["AuthenticationResult"]["IdToken"]


def visit(endpoint: str, token: str, tenant: Mapping[str, Any]) -> Visit:
    """Create a product as the tenant and read it back, by the tenant's API.

    Parameters
    ----------
    endpoint : str
        The local AWS, whose port also serves its APIs.
    token : str
        The administrator's ID token.
    tenant : Mapping[str, Any]
        The outputs of the tenant's root module.

    Raises
    ------
    VisitError
        If an answer is not the expected one; it says which.
    """
    address = f"{api_address(endpoint, tenant)}/products"
    # Nothing but the token says whose request it is.
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    name = f"sample of {tenant['tenant_name']}"
    product = {"name": name, "price": "9.90", "sku": secrets.token_hex(4), "category": "demo"}
    _await_healthy(address, headers)
    created = _send("POST", address, headers, product, expected=201)["data"]
    started = time.monotonic()
    read = _send("GET", f"{address}/{created['productId']}", headers, None, expected=200)["data"]
    elapsed = (time.monotonic() - started) * 1000
    if read != created:
        raise VisitError(f"GET {address}: got {read}; expected {created}")
    return Visit(address, f"200 {read['name']}", elapsed)


def api_address(endpoint: str, tenant: Mapping[str, Any]) -> str:
    """Return where the tenant's API is on the local AWS.

    The name that AWS gives it, `<id>.execute-api...`, is nowhere else known than on AWS.

    >>> tenant = {"rest_api_id": "a1", "api_url": "https://a1.execute-api.x.amazonaws.com/prod"}
    >>> api_address("http://127.0.0.1:4566", tenant)
    'http://127.0.0.1:4566/_aws/execute-api/a1/prod'
    """
    stage = tenant["api_url"].rstrip("/").rpartition("/")[2]
    return f"{endpoint}/_aws/execute-api/{tenant['rest_api_id']}/{stage}"


def _await_healthy(address: str, headers: Mapping[str, str]) -> None:
    deadline = time.monotonic() + _HEALTHY_WITHIN_SECONDS
    # Seldom: what waits for the tenant's first task is counted against its quota, too.
    while _request("GET", address, headers, None)[0] == 503 and time.monotonic() < deadline:
        time.sleep(1)


def _send(
    method: str, url: str, headers: Mapping[str, str], body: Any, *, expected: int
) -> dict[str, Any]:
    status, text = _request(method, url, headers, body)
    if status != expected:
        raise VisitError(f"{method} {url}: got {status} {text[:300]}; expected {expected}")
    answer: dict[str, Any] = json.loads(text)
    return answer


def _request(method: str, url: str, headers: Mapping[str, str], body: Any) -> tuple[int, str]:
    request = urllib.request.Request(  # noqa: S310 - the local AWS, by http
        url,
        method=method,
        headers=dict(headers),
        data=None if body is None else json.dumps(body).encode(),
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        raise VisitError(f"{method} {url}: {error}") from error

"""A request on a tenant's own path, as one of its users: made for it, and deleted afterwards."""

from __future__ import annotations

import os
import secrets
import string
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from services.provisioning.aws import access_errors
from services.tenancy import Tier

if TYPE_CHECKING:
    from services.provisioning.deployment import Deployment

_TIMEOUT_SECONDS: Final = 30
# Until a new task has passed the load balancer's health check, it says 503.
_HEALTHY_WITHIN_SECONDS: Final = 60
_ALARM: Final = "ALARM"


class Visitor:
    """Visits tenants.

    Parameters
    ----------
    deployment : Deployment
    path : str
        Of the microservice that is asked, as `/products`: one that every user may read.
    """

    def __init__(self, deployment: Deployment, path: str) -> None:
        self._deployment = deployment
        self._path = path

    def check(self, tenant_id: str, tier: Tier) -> str:
        """Send one request down the tenant's route; return what is wrong, nothing if it is well.

        A suspended tenant is not visited. Where a second factor is required nobody can sign in by
        a program: then it is well that the request is refused, by the tenant's own API.
        """
        with access_errors():
            if self._deployment.mapping.refusal(tenant_id) is not None:
                return ""
        state = self._deployment.state.read(tier.tenant_stack, tenant_id)
        if state is None:
            return "it has no state"
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            with access_errors(), self._user(state.outputs, tier) as token:
                return self._visit(state.outputs, token)
        except ClientError as error:
            return f"no synthetic user could sign in: {error}"

    def _visit(self, outputs: Mapping[str, Any], token: str | None) -> str:
        address = f"{_address(outputs)}{self._path}"
        wanted = 200 if token else 401
        deadline = time.monotonic() + _HEALTHY_WITHIN_SECONDS
        while (status := _get(address, token)) in (502, 503, 504) and time.monotonic() < deadline:
            time.sleep(1)
        return "" if status == wanted else f"GET {self._path}: got {status}; expected {wanted}"

    @contextmanager
    def _user(self, outputs: Mapping[str, Any], tier: Tier) -> Iterator[str | None]:
        """Make a user, sign in, and delete the user; yield an ID token, None if there is none."""
        cognito: Any = self._deployment.aws.cognito
        pool = outputs["user_pool_id"]
        # As each tenant's users are called in a pool that it shares.
        name = f"{outputs['tenant_name']}.check-{secrets.token_hex(6)}"
        password = "".join(secrets.choice(string.ascii_letters) for _ in range(24)) + "aA1!"
        attributes = {
            "email": f"{name}@invalid.example",
            "custom:tenantId": outputs["tenant_id"],
            "custom:tenantName": outputs["tenant_name"],
            "custom:tenantTier": tier.value,
            "custom:userRole": "TenantUser",
        }
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=name,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
        )
        try:
            if not tier.silo:  # so that an offboarding finds who was left by a killed check
                cognito.admin_add_user_to_group(
                    UserPoolId=pool, Username=name, GroupName=outputs["tenant_id"]
                )
            cognito.admin_set_user_password(
                UserPoolId=pool, Username=name, Password=password, Permanent=True
            )
            answer = cognito.admin_initiate_auth(
                UserPoolId=pool,
                ClientId=outputs["app_client_id"],
                AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": name, "PASSWORD": password},
            )
            yield answer.get("AuthenticationResult", {}).get("IdToken")
        finally:
            cognito.admin_delete_user(UserPoolId=pool, Username=name)


def alarms_of(deployment: Deployment, but: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the deployment's alarms that have gone off, by name.

    Parameters
    ----------
    but : frozenset of str
        The names, without the deployment's prefix, of those that do not count.
    """
    prefix = f"{deployment.configuration.prefix}-"
    with access_errors():
        pages = deployment.aws.client("cloudwatch").get_paginator("describe_alarms")
        names = [
            alarm["AlarmName"]
            for page in pages.paginate(AlarmNamePrefix=prefix, StateValue=_ALARM)
            for alarm in page.get("MetricAlarms", ())
        ]
    return tuple(sorted(each for each in names if each.removeprefix(prefix) not in but))


def _address(outputs: Mapping[str, Any]) -> str:
    """Return where the tenant's API is; an emulator serves all hosts, named in the path."""
    url = str(outputs["api_url"]).rstrip("/")
    emulator = os.environ.get("AWS_ENDPOINT_URL")
    if not emulator:
        return url
    return f"{emulator}/_aws/execute-api/{outputs['rest_api_id']}/{url.rpartition('/')[2]}"


def _get(url: str, token: str | None) -> int:
    """Return the status of an answer; 0 if there is none."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - of a state's outputs
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0

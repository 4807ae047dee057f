"""The control plane's routes as methods; writes carry an idempotency key, so they can be resent."""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import httpx

from services.client.errors import (
    ClientError,
    ControlPlaneMissingError,
    OperationFailedError,
    RefusedError,
)
from services.client.tokens import MachineTokens

if TYPE_CHECKING:
    import boto3

_SCOPE: Final = "tenant/tenant_write"
_TIMEOUT: Final = httpx.Timeout(30, connect=5)
_ATTEMPTS: Final = 4
_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})
_ENDED: Final = frozenset({"SUCCEEDED", "FAILED"})
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Operation:
    """An operation on a tenant: which, of whom, and what had become of it when it was looked at."""

    tenant_id: str
    id: str
    kind: str
    status: str
    reason: str | None = None
    log_url: str | None = None
    requested_at: str | None = None
    ended_at: str | None = None
    progress: Mapping[str, Any] | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took, from the request to its end; until now if it has not ended."""
        if self.requested_at is None:
            return None
        end = datetime.fromisoformat(self.ended_at) if self.ended_at else datetime.now(UTC)
        return (end - datetime.fromisoformat(self.requested_at)).total_seconds()

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> Operation:
        """Return the operation that an answer shows."""
        return cls(
            answer["tenantId"],
            answer["operationId"],
            answer["kind"],
            answer["status"],
            answer.get("reason"),
            answer.get("logUrl"),
            answer.get("requestedAt"),
            answer.get("endedAt"),
            answer.get("progress"),
        )


class ControlPlaneClient:
    """The HTTP API of one control plane.

    Parameters
    ----------
    http : httpx.Client
    url : str
        Where the API is, without a slash at the end.
    token : callable
        Returns an access token that is good now.

    Notes
    -----
    Every method raises `RefusedError` if the API says no, and `ClientError` if it does not answer.
    """

    def __init__(self, http: httpx.Client, url: str, token: Callable[[], str]) -> None:
        self._http = http
        self._url = url
        self._token = token

    def register(
        self,
        name: str,
        *,
        tier: str,
        email: str,
        data: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Operation:
        """Register a tenant; return its onboarding, which runs.

        Parameters
        ----------
        data : Mapping, optional
            More of the tenant's data: `release`, `overrides`, `prices`, and what you like.
        key : str, optional
            Idempotency key; without one each call is a registration of its own.
        """
        body = {
            "tenantData": {**(data or {}), "tenantName": name, "email": email, "tier": tier},
            "tenantRegistrationData": {"registrationStatus": "In progress"},
        }
        made = self._call("POST", "/tenant-registrations", body, key=key)["data"]
        (onboarding,) = self.operations(made["tenantId"], limit=1)
        return onboarding

    def tenants(self, **filters: str) -> Iterator[dict[str, Any]]:
        """Yield tenants: all, or those of a `status`, `tier`, `release` or `name`."""
        query = {"limit": "100", **filters}
        while True:
            page = self._call("GET", "/tenants", query=query)
            yield from page["data"]
            if "next_token" not in page:
                return
            query["next_token"] = page["next_token"]

    def tenant(self, wanted: str) -> dict[str, Any]:
        """Return the tenant with this id or name, or raise `RefusedError` with status 404."""
        if _UUID.fullmatch(wanted):
            return self._read(f"/tenants/{wanted}")
        named = next(self.tenants(name=wanted), None)
        if named is None:
            raise RefusedError(
                404, f"tenant {wanted}", {"message": f"no tenant is called {wanted}"}
            )
        return named

    def operations(
        self, tenant_id: str, limit: int = 10, *, progress: bool = False
    ) -> list[Operation]:
        """Return a tenant's operations, the latest first; with how far the running one is."""
        path = f"/tenants/{tenant_id}/operations"
        query = {"limit": str(limit), **({"progress": "true"} if progress else {})}
        shown = self._call("GET", path, query=query)["data"]
        return [Operation.parse(each) for each in shown]

    def request(
        self,
        tenant_id: str,
        action: str,
        parameters: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Operation:
        """Ask for `suspend`, `resume`, `retry`, `reconcile`, `move`, `update` and the like."""
        answer = self._call("POST", f"/tenants/{tenant_id}/{action}", parameters, key=key)
        return Operation.parse(answer["data"])

    def _read(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        found: dict[str, Any] = self._call("GET", path, query=query)["data"]
        return found

    def fleet(self) -> dict[str, Any]:
        """Return how many tenants there are of what, and which of them have drifted."""
        return self._read("/fleet")

    def drift(self, tenant_id: str) -> dict[str, Any]:
        """Return what the last scan found of a tenant."""
        return self._read(f"/tenants/{tenant_id}/drift")

    def note_drift(
        self, tenant_id: str, attributes: Sequence[tuple[str, str]], *, more: int = 0
    ) -> dict[str, Any]:
        """Record what a scan has found: addresses and paths; nothing closes what was open."""
        found = [{"address": address, "path": path} for address, path in attributes]
        body = {"attributes": found, "more": more}
        noted: dict[str, Any] = self._call("PUT", f"/tenants/{tenant_id}/drift", body)["data"]
        return noted

    def change(self, tenant: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        """Write free fields of a tenant's data."""
        path = f"/tenant-registrations/{tenant['tenantRegistrationId']}"
        self._call("PATCH", path, {"tenantData": dict(data)})

    def delete(self, tenant: Mapping[str, Any]) -> Operation:
        """Ask for a tenant's offboarding; return it."""
        self._call("DELETE", f"/tenant-registrations/{tenant['tenantRegistrationId']}")
        return next(each for each in self.operations(tenant["tenantId"]) if each.kind == "offboard")

    def metrics(self, **asked: str) -> dict[str, Any]:
        """Return requests over time, as `GET /metrics` shows them.

        Parameters
        ----------
        asked : str
            `from`, `to`, `periodSeconds`, `tenantId`, `by` and `limit`.
        """
        return self._read("/metrics", asked)

    def resources(self, tenant_id: str) -> dict[str, Any]:
        """Return what a tenant has of AWS: `data`, and when it was listed, `recordedAt`."""
        return self._call("GET", f"/tenants/{tenant_id}/resources")

    def capacity(self) -> dict[str, Any]:
        """Return how many more tenants of each tier fit, and what ends that."""
        return self._read("/capacity")

    def cost(self, tenant_id: str, month: str | None = None) -> dict[str, Any]:
        """Return what a tenant costs in a month, such as `2026-01`; the running one by default."""
        query = {"month": month} if month else None
        return self._read(f"/tenants/{tenant_id}/cost", query)

    def tier_cost(self, tier: str) -> dict[str, Any]:
        """Return what a new tenant of a tier costs in a month."""
        return self._read(f"/tiers/{tier}/cost")

    def wait(
        self,
        operation: Operation,
        *,
        seconds: float = 3600,
        watch: Callable[[Operation], None] | None = None,
    ) -> Operation:
        """Return `operation` when it has succeeded.

        Parameters
        ----------
        watch : callable, optional
            Receives it each time it was looked at, with how far it is; nobody else asks for that.

        Raises
        ------
        OperationFailedError
            If it failed, with its reason; or if it has not ended after `seconds`.
        """
        deadline = time.monotonic() + seconds
        pause = 0.25
        seen = operation
        while seen.status not in _ENDED:
            if time.monotonic() > deadline:
                raise OperationFailedError(
                    f"{seen.kind} of tenant {seen.tenant_id}: not over after {seconds:.0f} s "
                    f"(operation {seen.id} is {seen.status}); it goes on"
                )
            time.sleep(pause)
            pause = min(pause * 1.3, 5.0)
            seen = next(
                each
                for each in self.operations(operation.tenant_id, progress=watch is not None)
                if each.id == operation.id
            )
            if watch is not None:
                watch(seen)
        if seen.status != "SUCCEEDED":
            log = f"; log: {seen.log_url}" if seen.log_url else ""
            raise OperationFailedError(
                f"{seen.kind} of tenant {seen.tenant_id} failed: {seen.reason or 'no reason'}{log}"
            )
        return seen

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())} if method == "POST" else {}
        request = f"{method} {path}"
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(0.5 * 2**attempt)
            try:
                answer = self._http.request(
                    method,
                    self._url + path,
                    params=query,
                    json=body,
                    headers={**headers, "Authorization": f"Bearer {self._token()}"},
                )
            except httpx.TransportError as error:
                failure: ClientError = ClientError(f"{request}: {error or type(error).__name__}")
                continue
            if answer.status_code not in _TRANSIENT:
                break
            failure = RefusedError(answer.status_code, request, _body(answer))
        else:
            raise failure
        if answer.is_error:
            raise RefusedError(answer.status_code, request, _body(answer))
        parsed: dict[str, Any] = answer.json()
        return parsed


def _body(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text


def _advice(error: Exception) -> str:
    """Return what would help: a contract that is not there is one reason of several."""
    from botocore import exceptions  # noqa: PLC0415

    if isinstance(error, exceptions.ClientError):
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return "apply it with `ecs-saas platform apply`"
        return "these credentials have to be allowed to read it, and the machine client"
    if isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError):
        return "is the endpoint right, and is what serves it running?"
    return "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use --target local"


@contextlib.contextmanager
def open_client(
    region: str,
    contract: str,
    *,
    session: boto3.Session | None = None,
    emulator: str | None = None,
) -> Iterator[ControlPlaneClient]:
    """Open the control plane whose contract is at `contract`, as its machine client.

    The contract and the client's secret are read with AWS credentials: who may read these may
    administer tenants.

    Parameters
    ----------
    region : str
    contract : str
        A name in the parameter store, as `/ecs-saas/dev/control-plane`.
    session : boto3.Session, optional
        Whose credentials are used; by default those of the environment.
    emulator : str, optional
        The address that serves all hosts of AWS, by default `AWS_ENDPOINT_URL` of the
        environment; without either, AWS itself is asked.

    Raises
    ------
    ControlPlaneMissingError
        If there is none, or the credentials do not suffice.
    """
    import boto3  # noqa: PLC0415 - slow, and only needed here
    from botocore import exceptions  # noqa: PLC0415

    emulator = emulator or os.environ.get("AWS_ENDPOINT_URL")
    # A session of its own: boto3's default one is shared by threads, and not made for it.
    session = session or boto3.Session()
    try:
        parameters = session.client("ssm", region_name=region, endpoint_url=emulator)
        found = json.loads(parameters.get_parameter(Name=contract)["Parameter"]["Value"])
        pools = session.client("cognito-idp", region_name=region, endpoint_url=emulator)
        machine = pools.describe_user_pool_client(
            UserPoolId=found["admin_pool_id"], ClientId=found["machine_client_id"]
        )["UserPoolClient"]
    except (exceptions.ClientError, exceptions.BotoCoreError) as error:
        raise ControlPlaneMissingError(
            f"the control plane cannot be found at {contract}: {error}; {_advice(error)}"
        ) from error
    # An emulator serves all hosts on one address, and names them in the path.
    api = (
        f"{emulator}/_aws/execute-api/{found['api_id']}/$default" if emulator else found["api_url"]
    )
    tokens = f"{emulator}/oauth2/token" if emulator else found["token_url"]
    with httpx.Client(timeout=_TIMEOUT, trust_env=not emulator) as http:
        secret = machine["ClientSecret"]
        machine_tokens = MachineTokens(http, tokens, machine["ClientId"], secret, _SCOPE)
        yield ControlPlaneClient(http, api.rstrip("/"), machine_tokens)

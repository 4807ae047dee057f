"""AWS clients that reach one tenant's data: the line that no handler can cross."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from services.tenant_context.settings import Isolation, Settings

#: A role assumed with another role's credentials lasts one hour at most.
SESSION_SECONDS = 3600
#: Renewed this long before they end, so that no request starts with credentials about to end.
RENEWAL_SECONDS = 300
#: Tenants whose credentials are kept; the ones not seen for longest go first.
TENANTS_KEPT = 500

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "max_attempts": 3},
    max_pool_connections=50,
)


class CredentialsUnavailable(Exception):  # noqa: N818 - it says what happened
    """No credentials for a tenant could be had."""


class Credentials(ABC):
    """Makes AWS clients for a tenant."""

    @abstractmethod
    def client(self, tenant_id: str, service: str) -> Any:
        """Return a client with credentials of this tenant alone.

        Raises
        ------
        CredentialsUnavailable
            If they cannot be had now, or not for this tenant.
        """


def credentials_for(settings: Settings) -> Credentials:
    """Return what suits the service's isolation."""
    if settings.isolation is Isolation.SILO:
        return SiloCredentials(settings.region, settings.tenant_id or "")
    return PoolCredentials(settings.region, settings.tenant_role_arn or "", settings.service_name)


class SiloCredentials(Credentials):
    """The task's own role, which is the tenant's."""

    def __init__(self, region: str, tenant_id: str) -> None:
        self._region = region
        self._tenant_id = tenant_id
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}

    def client(self, tenant_id: str, service: str) -> Any:
        """Return a client of the task role, for the one tenant of this service."""
        if tenant_id != self._tenant_id:
            raise CredentialsUnavailable("this service belongs to another tenant")
        with self._lock:
            if service not in self._clients:
                session: Any = boto3.Session(region_name=self._region)
                self._clients[service] = session.client(service, config=_CONFIG)
            return self._clients[service]


@dataclass(eq=False)
class _Vended:
    """What is kept for one tenant; its lock makes one of many requests at once fetch it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    session: Any = None
    until: float = 0.0
    clients: dict[str, Any] = field(default_factory=dict)


class PoolCredentials(Credentials):
    """A session of the tenant role, tagged with the tenant, whose policy follows the tag.

    Parameters
    ----------
    role_arn : str
        Its policies allow what is keyed by `${aws:PrincipalTag/TenantId}`.
    service_name : str
        Names the sessions, so that the audit log tells who asked.
    sts : callable, optional
        Returns the STS client to ask.
    clock : callable, optional
        Seconds that only go forward.
    kept : int, default 500
        For how many tenants to keep credentials.
    """

    def __init__(
        self,
        region: str,
        role_arn: str,
        service_name: str,
        *,
        sts: Callable[[], Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
        kept: int = TENANTS_KEPT,
    ) -> None:
        self._region = region
        self._role_arn = role_arn
        self._service_name = service_name
        self._make_sts = sts or self._own_sts
        self._clock = clock
        self._kept = kept
        self._lock = threading.Lock()
        self._sts: Any = None
        self._vended: OrderedDict[str, _Vended] = OrderedDict()

    def client(self, tenant_id: str, service: str) -> Any:
        """Return a client of the tenant's own session."""
        with self._lock:
            vended = self._vended.setdefault(tenant_id, _Vended())
            self._vended.move_to_end(tenant_id)
            while len(self._vended) > self._kept:
                self._vended.popitem(last=False)
        with vended.lock:
            if vended.until - self._clock() < RENEWAL_SECONDS:
                self._vend(tenant_id, vended)
            if service not in vended.clients:
                vended.clients[service] = vended.session.client(service, config=_CONFIG)
            return vended.clients[service]

    def _vend(self, tenant_id: str, vended: _Vended) -> None:
        began = self._clock()
        try:
            answer = self._ask(tenant_id)
        except (BotoCoreError, ClientError) as error:
            raise CredentialsUnavailable(f"no credentials for the tenant: {error}") from error
        found = answer["Credentials"]
        vended.session = boto3.Session(
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
            region_name=self._region,
        )
        vended.clients = {}
        vended.until = began + SESSION_SECONDS

    def _ask(self, tenant_id: str) -> Any:
        with self._lock:
            if self._sts is None:
                self._sts = self._make_sts()
        return self._sts.assume_role(
            RoleArn=self._role_arn,
            RoleSessionName=f"{self._service_name}-{tenant_id}"[:64],
            DurationSeconds=SESSION_SECONDS,
            Tags=[{"Key": "TenantId", "Value": tenant_id}],
        )

    def _own_sts(self) -> Any:
        return boto3.Session(region_name=self._region).client("sts", config=_CONFIG)

"""AWS clients that reach one tenant's data: the line that no handler can cross."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from services.application import ApplicationError
from services.application.runtime.logs import current_tenant
from services.application.runtime.settings import Isolation, Settings

#: A role assumed with another role's credentials lasts one hour at most.
SESSION_SECONDS = 3600
#: From this long before their end, they are renewed beside the requests that still use them.
REFRESH_SECONDS = 600
#: Below this a request waits for new ones: none starts with credentials about to end.
RENEWAL_SECONDS = 60
#: After a renewal that failed, the next one.
RETRY_SECONDS = 5
#: Tenants whose credentials are kept; the ones not seen for longest go first. A task has 512 MiB:
#: 64 are for Service Connect's proxy, as AWS advises, some 100 are the process's before it serves
#: anybody, and a tenant takes 0.31 (measured with 500). That is 248 for these tenants, and 100 for
#: requests under way.
#: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
TENANTS_KEPT = 800

AWS_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "max_attempts": 3},
    max_pool_connections=50,
)

_log = logging.getLogger("services.credentials")


class CredentialsUnavailableError(ApplicationError):
    """No credentials for a tenant could be had."""


class ForeignTenantError(ApplicationError):
    """Credentials were asked for another tenant than the one whose token was verified."""


class Credentials(ABC):
    """Makes AWS clients for a tenant."""

    @abstractmethod
    def client(self, tenant_id: str, service: str) -> Any:
        """Return a client with credentials of this tenant alone.

        Raises
        ------
        CredentialsUnavailableError
            If they cannot be had now, or not for this tenant.
        """


class BoundCredentials(Credentials):
    """Credentials for the tenant of the request's verified token, and for no other.

    A handler that takes the tenant's id from the body gets none for it, so what it goes on to do
    fails, whatever it is.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def client(self, tenant_id: str, service: str) -> Any:
        """Return a client; raises ForeignTenantError too."""
        verified = current_tenant.get()
        if verified is None:
            raise ForeignTenantError("no token was verified before credentials were asked for")
        if verified.id != tenant_id:
            raise ForeignTenantError(
                f"the token is of tenant {verified.id}, the call for {tenant_id}"
            )
        return self._credentials.client(tenant_id, service)


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
            raise CredentialsUnavailableError("this service belongs to another tenant")
        with self._lock:
            if service not in self._clients:
                self._clients[service] = own_client(self._region, service)
            return self._clients[service]


def own_client(region: str, service: str) -> Any:
    """Return a client of the task's own role, which in a pool reaches no tenant's data."""
    session: Any = boto3.Session(region_name=region)
    return session.client(service, config=AWS_CONFIG)


class _Clients:
    """Makes clients that differ in their keys alone.

    With a session each they would not fit: a session reads the SDK's data anew, 10 MB of it.
    """

    def __init__(self, region: str) -> None:
        self._region = region
        self._lock = threading.Lock()
        self._session: Any = None
        self._connections: dict[str, Any] = {}

    def make(self, service: str, keys: Mapping[str, str]) -> Any:
        """Return a new client."""
        with self._lock:  # a session is not for many threads at once; its clients are
            if self._session is None:
                self._session = boto3.Session(region_name=self._region)
            client = self._session.client(service, config=AWS_CONFIG, **keys)
            # Each request is signed, so it matters to no tenant what went over a connection before;
            # with pools of their own, every tenant would have open sockets and a TLS context.
            endpoint = client._endpoint
            endpoint.http_session = self._connections.setdefault(service, endpoint.http_session)
            return client


@dataclass(eq=False)
class _Vended:
    """What is kept for one tenant; its lock makes one of many requests at once fetch it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    until: float = float("-inf")
    clients: dict[str, Any] = field(default_factory=dict)
    renewing: bool = False
    tried: float = float("-inf")


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
    kept : int, default 800
        For how many tenants to keep credentials.
    background : Executor, optional
        Where credentials are renewed before they end; two threads by default.
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
        background: Executor | None = None,
    ) -> None:
        self._role_arn = role_arn
        self._service_name = service_name
        self._make_sts = sts or (lambda: own_client(region, "sts"))
        self._clock = clock
        self._kept = kept
        # Its threads start with the first renewal.
        self._background = background or ThreadPoolExecutor(2, "credentials")
        self._lock = threading.Lock()
        self._sts: Any = None
        self._clients = _Clients(region)
        self._vended: OrderedDict[str, _Vended] = OrderedDict()

    def client(self, tenant_id: str, service: str) -> Any:
        """Return a client of the tenant's own session."""
        with self._lock:
            vended = self._vended.setdefault(tenant_id, _Vended())
            self._vended.move_to_end(tenant_id)
            while len(self._vended) > self._kept:
                self._vended.popitem(last=False)
        with vended.lock:
            left = vended.until - self._clock()
            if left < RENEWAL_SECONDS:
                vended.keys, vended.until = self._vend(tenant_id)
                vended.clients = {}
            elif left < REFRESH_SECONDS:
                self._renew_beside(tenant_id, vended)
            if service not in vended.clients:
                vended.clients[service] = self._clients.make(service, vended.keys)
            return vended.clients[service]

    def _renew_beside(self, tenant_id: str, vended: _Vended) -> None:
        if vended.renewing or self._clock() - vended.tried < RETRY_SECONDS:
            return
        vended.renewing = True
        vended.tried = self._clock()
        self._background.submit(self._renew, tenant_id, vended)

    def _renew(self, tenant_id: str, vended: _Vended) -> None:
        try:
            keys, until = self._vend(tenant_id)
            clients = {name: self._clients.make(name, keys) for name in [*vended.clients]}
        except CredentialsUnavailableError as error:
            _log.warning("%s; those there are still serve", error)
        else:
            with vended.lock:
                vended.keys, vended.until, vended.clients = keys, until, clients
        finally:
            vended.renewing = False

    def _vend(self, tenant_id: str) -> tuple[Mapping[str, str], float]:
        """Return the keys of a session of the tenant, and when it ends."""
        began = self._clock()
        try:
            answer = self._ask(tenant_id)
        except (BotoCoreError, ClientError) as error:
            raise CredentialsUnavailableError(f"no credentials for the tenant: {error}") from error
        found = answer["Credentials"]
        keys = {
            "aws_access_key_id": found["AccessKeyId"],
            "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"],
        }
        return keys, began + SESSION_SECONDS

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

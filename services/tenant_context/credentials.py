"""AWS clients that reach one tenant's data: the line that no handler can cross."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from services.tenant_context.logs import current_tenant
from services.tenant_context.settings import Isolation, Settings

#: A role assumed with another role's credentials lasts one hour at most.
SESSION_SECONDS = 3600
#: From this long before their end, they are renewed beside the requests that still use them.
REFRESH_SECONDS = 600
#: Below this a request waits for new ones: none starts with credentials about to end.
RENEWAL_SECONDS = 60
#: After a renewal that failed, the next one.
RETRY_SECONDS = 5
#: Tenants whose credentials are kept; the ones not seen for longest go first.
TENANTS_KEPT = 500

AWS_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "max_attempts": 3},
    max_pool_connections=50,
)

_log = logging.getLogger("services.credentials")


class CredentialsUnavailable(Exception):  # noqa: N818 - it says what happened
    """No credentials for a tenant could be had."""


class ForeignTenant(Exception):  # noqa: N818 - it says what happened
    """Credentials were asked for another tenant than the one whose token was verified."""


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


class BoundCredentials(Credentials):
    """Credentials for the tenant of the request's verified token, and for no other.

    A handler that takes the tenant's id from the body gets none for it, so what it goes on to do
    fails, whatever it is.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def client(self, tenant_id: str, service: str) -> Any:
        """Return a client; raises ForeignTenant too."""
        verified = current_tenant.get()
        if verified is None:
            raise ForeignTenant("no token was verified before credentials were asked for")
        if verified.id != tenant_id:
            raise ForeignTenant(f"the token is of tenant {verified.id}, the call for {tenant_id}")
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
            raise CredentialsUnavailable("this service belongs to another tenant")
        with self._lock:
            if service not in self._clients:
                self._clients[service] = own_client(self._region, service)
            return self._clients[service]


def own_client(region: str, service: str) -> Any:
    """Return a client of the task's own role, which in a pool reaches no tenant's data."""
    session: Any = boto3.Session(region_name=region)
    return session.client(service, config=AWS_CONFIG)


@dataclass(eq=False)
class _Vended:
    """What is kept for one tenant; its lock makes one of many requests at once fetch it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    session: Any = None
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
    kept : int, default 500
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
        self._region = region
        self._role_arn = role_arn
        self._service_name = service_name
        self._make_sts = sts or (lambda: own_client(region, "sts"))
        self._clock = clock
        self._kept = kept
        # Its threads start with the first renewal.
        self._background = background or ThreadPoolExecutor(2, "credentials")
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
            left = vended.until - self._clock()
            if left < RENEWAL_SECONDS:
                vended.session, vended.until = self._vend(tenant_id)
                vended.clients = {}
            elif left < REFRESH_SECONDS:
                self._renew_beside(tenant_id, vended)
            if service not in vended.clients:
                vended.clients[service] = vended.session.client(service, config=AWS_CONFIG)
            return vended.clients[service]

    def _renew_beside(self, tenant_id: str, vended: _Vended) -> None:
        if vended.renewing or self._clock() - vended.tried < RETRY_SECONDS:
            return
        vended.renewing = True
        vended.tried = self._clock()
        self._background.submit(self._renew, tenant_id, vended)

    def _renew(self, tenant_id: str, vended: _Vended) -> None:
        try:
            session, until = self._vend(tenant_id)
            # A client takes longer to make than a request to serve, so they are made here too.
            clients = {name: session.client(name, config=AWS_CONFIG) for name in [*vended.clients]}
        except CredentialsUnavailable as error:
            _log.warning("%s; those there are still serve", error)
        else:
            with vended.lock:
                vended.session, vended.until, vended.clients = session, until, clients
        finally:
            vended.renewing = False

    def _vend(self, tenant_id: str) -> tuple[Any, float]:
        """Return a session of the tenant, and when it ends."""
        began = self._clock()
        try:
            answer = self._ask(tenant_id)
        except (BotoCoreError, ClientError) as error:
            raise CredentialsUnavailable(f"no credentials for the tenant: {error}") from error
        found = answer["Credentials"]
        session = boto3.Session(
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
            region_name=self._region,
        )
        return session, began + SESSION_SECONDS

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

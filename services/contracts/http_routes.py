"""Every HTTP route of the control plane, and who may call it. Pure data.

The API gateway's routes and authorizers are made from this table, `access` checks every request
against it once more, and the served OpenAPI document takes its security from it. An endpoint of
`services.control_plane.http.endpoints` names its route, and says itself what it answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Access(StrEnum):
    """How a caller proves who they are."""

    JWT = "jwt"
    IAM = "iam"
    PUBLIC = "public"


class Role(StrEnum):
    """What a system user may do; the value is the name of the group in the admin pool."""

    SYSTEM_ADMIN = "SystemAdmin"
    SUPPORT_READER = "SupportReader"


TENANT_READ = "tenant/tenant_read"
TENANT_WRITE = "tenant/tenant_write"
USER_READ = "user/user_read"
USER_WRITE = "user/user_write"

_READERS = frozenset({Role.SYSTEM_ADMIN, Role.SUPPORT_READER})
_WRITERS = frozenset({Role.SYSTEM_ADMIN})
_IMPLIED = {TENANT_READ: frozenset({TENANT_WRITE}), USER_READ: frozenset({USER_WRITE})}


@dataclass(frozen=True)
class Route:
    """One method and path.

    Attributes
    ----------
    path : str
        With `{id}` where an id stands, as API Gateway writes it.
    scope : str, optional
        What a token must carry; `scopes` adds the one that implies it.
    """

    method: str
    path: str
    access: Access = Access.JWT
    scope: str | None = None

    @property
    def key(self) -> str:
        """API Gateway's route key."""
        return f"{self.method} {self.path}"

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes any one of which suffices: who may write may read."""
        if self.scope is None:
            return ()
        return (self.scope, *sorted(_IMPLIED.get(self.scope, ())))

    @property
    def roles(self) -> frozenset[Role]:
        """The roles any one of which a person needs."""
        return _WRITERS if self.scope in (TENANT_WRITE, USER_WRITE) else _READERS

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is for this route."""
        return method == self.method and _pattern(self.path).fullmatch(path) is not None


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", path)
    return re.compile("[^/]+".join(map(re.escape, parts)))


def _read(path: str, scope: str = TENANT_READ) -> Route:
    return Route("GET", path, scope=scope)


def _write(method: str, path: str, scope: str = TENANT_WRITE) -> Route:
    return Route(method, path, scope=scope)


class Routes:
    """Every route, by the name that its endpoint refers to it by."""

    REGISTER = _write("POST", "/tenant-registrations")
    REGISTRATIONS = _read("/tenant-registrations")
    REGISTRATION = _read("/tenant-registrations/{id}")
    CHANGE_REGISTRATION = _write("PATCH", "/tenant-registrations/{id}")
    DEREGISTER = _write("DELETE", "/tenant-registrations/{id}")
    TENANTS = _read("/tenants")
    TENANT = _read("/tenants/{id}")
    CREATE_TENANT = Route("POST", "/tenants", Access.IAM)
    CHANGE_TENANT = Route("PUT", "/tenants/{id}", Access.IAM)
    DELETE_TENANT = Route("DELETE", "/tenants/{id}", Access.IAM)
    OPERATIONS = _read("/tenants/{id}/operations")
    SUSPEND = _write("POST", "/tenants/{id}/suspend")
    RESUME = _write("POST", "/tenants/{id}/resume")
    RETRY = _write("POST", "/tenants/{id}/retry")
    RECONCILE = _write("POST", "/tenants/{id}/reconcile")
    MOVE = _write("POST", "/tenants/{id}/move")
    CONFIRM_MOVE = _write("POST", "/tenants/{id}/move/confirm")
    ROLL_MOVE_BACK = _write("POST", "/tenants/{id}/move/rollback")
    UPDATE = _write("POST", "/tenants/{id}/update")
    TENANT_CONFIG = Route("GET", "/tenant-config", Access.PUBLIC)
    TENANT_CONFIG_BY_NAME = Route("GET", "/tenant-config/{name}", Access.PUBLIC)
    CREATE_USER = _write("POST", "/users", USER_WRITE)
    USERS = _read("/users", USER_READ)
    USER = _read("/users/{id}", USER_READ)
    CHANGE_USER = _write("PUT", "/users/{id}", USER_WRITE)
    DELETE_USER = _write("DELETE", "/users/{id}", USER_WRITE)
    ENABLE_USER = _write("PUT", "/users/{id}/enable", USER_WRITE)
    DISABLE_USER = _write("PUT", "/users/{id}/disable", USER_WRITE)
    DISABLE_USER_AS_THE_TOOLKIT = _write("DELETE", "/users/{id}/disable", USER_WRITE)
    INVITE_USER = _write("POST", "/users/{id}/invitation", USER_WRITE)
    CREATE_METER = _write("POST", "/meters")
    METERS = _read("/meters")
    METER = _read("/meters/{id}")
    CHANGE_METER = _write("PUT", "/meters/{id}")
    DELETE_METER = _write("DELETE", "/meters/{id}")
    STATEMENT = _read("/usage")
    METER_USAGE = _read("/usage/{id}")
    CANCEL_USAGE = _write("DELETE", "/usage")
    BILLING_WEBHOOK = Route("POST", "/billing/{path}", Access.PUBLIC)
    METRICS = _read("/metrics")
    RESOURCES = _read("/tenants/{id}/resources")
    CAPACITY = _read("/capacity")
    TENANT_COST = _read("/tenants/{id}/cost")
    TIER_COST = _read("/tiers/{tier}/cost")
    AUDIT = _read("/audit")
    OPENAPI = Route("GET", "/openapi.json", Access.PUBLIC)
    HEALTH = Route("GET", "/health", Access.PUBLIC)


ROUTES: Final = tuple(each for each in vars(Routes).values() if isinstance(each, Route))
"""All of them, in that order."""


def find(method: str, path: str) -> Route | None:
    """Return the route a request is for."""
    return next((route for route in ROUTES if route.matches(method, path)), None)

"""Every HTTP route of the control plane, and who may call it. Pure data.

The API gateway's routes and authorizers are made from this table, `access` checks every request
against it once more, and the served OpenAPI document takes its security from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


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


ROUTES = (
    _write("POST", "/tenant-registrations"),
    _read("/tenant-registrations"),
    _read("/tenant-registrations/{id}"),
    _write("PATCH", "/tenant-registrations/{id}"),
    _write("DELETE", "/tenant-registrations/{id}"),
    _read("/tenants"),
    _read("/tenants/{id}"),
    Route("POST", "/tenants", Access.IAM),
    Route("PUT", "/tenants/{id}", Access.IAM),
    Route("DELETE", "/tenants/{id}", Access.IAM),
    _read("/tenants/{id}/operations"),
    _write("POST", "/tenants/{id}/suspend"),
    _write("POST", "/tenants/{id}/resume"),
    _write("POST", "/tenants/{id}/retry"),
    _write("POST", "/tenants/{id}/reconcile"),
    _write("POST", "/tenants/{id}/move"),
    _write("POST", "/tenants/{id}/move/confirm"),
    _write("POST", "/tenants/{id}/move/rollback"),
    _write("POST", "/tenants/{id}/update"),
    Route("GET", "/tenant-config", Access.PUBLIC),
    Route("GET", "/tenant-config/{name}", Access.PUBLIC),
    _write("POST", "/users", USER_WRITE),
    _read("/users", USER_READ),
    _read("/users/{id}", USER_READ),
    _write("PUT", "/users/{id}", USER_WRITE),
    _write("DELETE", "/users/{id}", USER_WRITE),
    _write("PUT", "/users/{id}/enable", USER_WRITE),
    _write("PUT", "/users/{id}/disable", USER_WRITE),
    _write("DELETE", "/users/{id}/disable", USER_WRITE),
    _write("POST", "/users/{id}/invitation", USER_WRITE),
    _write("POST", "/meters"),
    _read("/meters"),
    _read("/meters/{id}"),
    _write("PUT", "/meters/{id}"),
    _write("DELETE", "/meters/{id}"),
    _read("/usage"),
    _read("/usage/{id}"),
    _write("DELETE", "/usage"),
    Route("POST", "/billing/{path}", Access.PUBLIC),
    _read("/audit"),
    Route("GET", "/openapi.json", Access.PUBLIC),
    Route("GET", "/health", Access.PUBLIC),
)


def find(method: str, path: str) -> Route | None:
    """Return the route a request is for."""
    return next((route for route in ROUTES if route.matches(method, path)), None)

"""What a tenant's login page needs. Public: no more than that, and nothing of the inactive."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

from services.contracts.http_routes import Routes
from services.control_plane.http import responses, views
from services.control_plane.http.endpoints.routing import endpoint
from services.control_plane.http.failures import AnswerError, problem
from services.control_plane.registry.errors import RegistryError
from services.control_plane.runtime import current
from services.tenancy.variables import TENANT_ID_PATTERN, TENANT_NAME_PATTERN

_Config = dict[str, Any]


@endpoint(Routes.TENANT_CONFIG, responses.bare(responses.LoginConfig, 400, 404))
def by_query(
    tenant_id: Annotated[str | None, Query(alias="tenantId", max_length=128)] = None,
    tenant_name: Annotated[str | None, Query(alias="tenantName", max_length=128)] = None,
    origin: Annotated[str | None, Header(alias="Origin", max_length=512)] = None,
) -> _Config:
    """Show the tenant with that id or name, or whose name the page's host begins with."""
    if tenant_id is not None:
        return _config(tenant_id, by_id=True)
    name = tenant_name if tenant_name is not None else _tenant_of(origin)
    if name is None:
        raise problem(400, "tenantId or tenantName is required")
    return _config(name)


@endpoint(Routes.TENANT_CONFIG_BY_NAME, responses.bare(responses.LoginConfig, 404))
def by_name(tenant_name: Annotated[str, Path(max_length=128)]) -> _Config:
    """Show the tenant with that name."""
    return _config(tenant_name)


def _config(wanted: str, *, by_id: bool = False) -> _Config:
    unknown = _unknown(wanted)
    if not re.fullmatch(TENANT_ID_PATTERN if by_id else TENANT_NAME_PATTERN, wanted):
        raise unknown
    registry = current().registry
    try:
        row = registry.tenant(wanted) if by_id else registry.tenant_named(wanted)
    except RegistryError:
        raise unknown from None
    config = views.login_config(row) if row and registry.serves(row) else None
    if config is None:
        raise unknown
    return config


def _unknown(wanted: str) -> AnswerError:
    return problem(404, f"Tenant config not found for {wanted}")


def _tenant_of(origin: str | None) -> str | None:
    try:
        host = urlsplit(origin or "").hostname
    except ValueError:  # such as an IPv6 address without its end
        return None
    return host.split(".")[0] if host else None

"""Tenants: reading them; and, for callers who sign with SigV4, the toolkit's writing routes."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from services.contracts.http_routes import Routes
from services.control_plane.http import responses, views
from services.control_plane.http.endpoints.parameters import Id, IdempotencyKey, Limit, NextToken
from services.control_plane.http.endpoints.routing import endpoint
from services.control_plane.http.model import TenantChange, TenantData
from services.control_plane.runtime import current
from services.tenancy import Tier
from services.tenancy.operations import State
from services.tenancy.variables import RELEASE_PATTERN, TENANT_NAME_PATTERN

_Answer = dict[str, Any]


@endpoint(Routes.TENANTS, responses.page(responses.Tenant))
def tenants(
    *,
    limit: Limit = 10,
    next_token: NextToken = "",
    name: Annotated[str | None, Query(pattern=TENANT_NAME_PATTERN)] = None,
    status: Annotated[State | None, Query()] = None,
    tier: Annotated[Tier | None, Query()] = None,
    release: Annotated[str | None, Query(pattern=RELEASE_PATTERN)] = None,
    sort: Annotated[str, Query(max_length=32, description="name or -name")] = "name",
) -> _Answer:
    """List tenants, filtered and sorted; with `name` the one that has it, whatever else is said."""
    if name is not None:
        found = current().registry.tenant_named(name)
        return views.data([views.tenant(found)] if found else [])
    page = current().registry.tenants(
        limit, next_token or None, status=status, tier=tier, release=release, sort=sort
    )
    return views.listing(page, views.tenant)


@endpoint(Routes.TENANT, responses.one(responses.Tenant, 404))
def tenant(tenant_id: Id) -> _Answer:
    """Show one tenant."""
    return views.data(views.tenant(current().registry.tenant(tenant_id)))


@endpoint(Routes.CREATE_TENANT, responses.one(responses.Tenant, 409), status_code=201)
def create(body: Annotated[TenantData, Body()], idempotency_key: IdempotencyKey = None) -> _Answer:
    """Register a tenant without data of its registration."""
    runtime = current()
    made = runtime.registry.register(
        body.document(), {}, actor=runtime.actor, idempotency_key=idempotency_key
    )
    return views.data(views.tenant(runtime.registry.tenant(made.tenant_id)))


@endpoint(Routes.CHANGE_TENANT, responses.one(responses.Tenant, 404))
def change(tenant_id: Id, body: Annotated[TenantChange, Body()]) -> _Answer:
    """Change a tenant's free data."""
    runtime = current()
    registry = runtime.registry
    registry.update_registration(
        registry.tenant(tenant_id).registration_id,
        tenant_data=body.document(),
        actor=runtime.actor,
    )
    return views.data(views.tenant(registry.tenant(tenant_id)))


@endpoint(Routes.DELETE_TENANT, responses.one(responses.Tenant, 404))
def delete(tenant_id: Id) -> _Answer:
    """Offboard a tenant; asking again changes nothing."""
    runtime = current()
    registry = runtime.registry
    registry.deregister(registry.tenant(tenant_id).registration_id, actor=runtime.actor)
    return views.data(views.tenant(registry.tenant(tenant_id)))

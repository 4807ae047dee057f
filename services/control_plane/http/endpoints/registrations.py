"""Tenant registrations: onboarding and offboarding, with the toolkit's shapes."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body

from services.contracts.http_routes import Routes
from services.control_plane.http import responses, views
from services.control_plane.http.endpoints.parameters import Id, IdempotencyKey, Limit, NextToken
from services.control_plane.http.endpoints.routing import endpoint
from services.control_plane.http.model import RegistrationChange, RegistrationRequest
from services.control_plane.http.overrides import require_known_services
from services.control_plane.runtime import current

_Answer = dict[str, Any]


@endpoint(Routes.REGISTER, responses.one(responses.RegistrationMade, 409), status_code=201)
def register(
    body: Annotated[RegistrationRequest, Body()], idempotency_key: IdempotencyKey = None
) -> _Answer:
    """Register a tenant; its onboarding begins at once."""
    runtime = current()
    tenant = body.tenant_data.document()
    require_known_services(
        tenant.get("overrides"), runtime.settings.services, ("tenantData", "overrides")
    )
    made = runtime.registry.register(
        tenant,
        body.tenant_registration_data.document(),
        actor=runtime.actor,
        idempotency_key=idempotency_key,
    )
    return views.data(
        {
            "tenantRegistrationId": made.id,
            "tenantId": made.tenant_id,
            "message": "Tenant registration initiated",
        }
    )


@endpoint(Routes.REGISTRATIONS, responses.page(responses.Registration))
def registrations(limit: Limit = 10, next_token: NextToken = "") -> _Answer:
    """List registrations."""
    page = current().registry.registrations(limit, next_token or None)
    return views.listing(page, views.registration)


@endpoint(Routes.REGISTRATION, responses.one(responses.Registration, 404))
def registration(registration_id: Id) -> _Answer:
    """Show one registration."""
    return views.data(views.registration(current().registry.registration(registration_id)))


@endpoint(Routes.CHANGE_REGISTRATION, responses.one(responses.RegistrationChanged, 404))
def change(registration_id: Id, body: Annotated[RegistrationChange, Body()]) -> _Answer:
    """Change what the caller keeps with a registration, with its tenant, or with both."""
    runtime = current()
    data, tenant_data = body.tenant_registration_data, body.tenant_data
    changed, tenant = runtime.registry.update_registration(
        registration_id,
        registration_data=data.document() if data else None,
        tenant_data=tenant_data.document() if tenant_data else None,
        actor=runtime.actor,
    )
    return views.data(
        {
            "tenantRegistration": views.registration(changed),
            "tenant": views.tenant(tenant) if tenant else None,
            "message": "Tenant registration updated successfully",
        }
    )


@endpoint(Routes.DEREGISTER, responses.one(responses.Message, 404))
def deregister(registration_id: Id) -> _Answer:
    """Offboard a tenant; asking again changes nothing."""
    runtime = current()
    runtime.registry.deregister(registration_id, actor=runtime.actor)
    return views.data({"message": "Tenant registration deletion initiated"})

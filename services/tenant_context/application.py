"""The application that every microservice is: its own routes, and all that they share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import boto3
from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Request

from services.tenant_context import problems
from services.tenant_context.credentials import Credentials, credentials_for
from services.tenant_context.logs import RequestLog, current_tenant
from services.tenant_context.problems import Problem
from services.tenant_context.settings import Isolation, Settings
from services.tenant_context.tenant import ClaimsRefused, Tenant, tenant_of
from services.tenant_context.tokens import SigningKeys, TokenRefused, TokenVerifier, fetch_from

HEALTH_PATH = "/health"


async def verified_tenant(request: Request) -> Tenant:
    """Return the tenant of the bearer token, which must be an ID token of this service's pool."""
    verifier: TokenVerifier = request.app.state.verifier
    settings: Settings = request.app.state.settings
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Problem(401, "a bearer token is needed")
    token = token.strip()
    try:
        if verifier.needs_network(token):
            claims = await to_thread.run_sync(verifier.verify, token)
        else:
            claims = verifier.verify(token)
    except TokenRefused as error:
        raise Problem(401, str(error)) from error
    try:
        tenant = tenant_of(claims)
    except ClaimsRefused as error:
        raise Problem(403, str(error)) from error
    if settings.isolation is Isolation.SILO and tenant.id != settings.tenant_id:
        raise Problem(403, "this service belongs to another tenant")
    current_tenant.set(tenant)
    return tenant


#: The type of a handler's parameter that wants the tenant.
CurrentTenant = Annotated[Tenant, Depends(verified_tenant)]


def create_app(
    settings: Settings,
    routers: Sequence[APIRouter] = (),
    *,
    verifier: TokenVerifier | None = None,
    credentials: Credentials | None = None,
) -> FastAPI:
    """Return a microservice.

    Parameters
    ----------
    routers : sequence of APIRouter, optional
        Its own routes, below `/<service name>`.
    verifier, credentials : optional
        In place of those that the settings ask for.
    """
    app = FastAPI(
        title=settings.service_name,
        openapi_url=f"/{settings.service_name}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.verifier = verifier or _verifier(settings)
    app.state.credentials = credentials or credentials_for(settings)
    problems.install(app)
    app.add_middleware(RequestLog, health_path=HEALTH_PATH)
    app.include_router(_shared_routes(settings))
    for router in routers:
        app.include_router(router)
    return app


def _shared_routes(settings: Settings) -> APIRouter:
    router = APIRouter()

    @router.get(HEALTH_PATH, include_in_schema=False)
    async def health() -> dict[str, str]:
        return {"status": "ok", "service": settings.service_name}

    @router.get(f"/{settings.service_name}/identity", summary="Who the service takes you for")
    async def identity(tenant: CurrentTenant) -> dict[str, dict[str, str]]:
        return {
            "data": {
                "tenantId": tenant.id,
                "tenantName": tenant.name,
                "tier": tenant.tier,
                "userName": tenant.user_name,
                "userRole": tenant.user_role,
                "service": settings.service_name,
                "isolation": settings.isolation,
            }
        }

    return router


def _verifier(settings: Settings) -> TokenVerifier:
    def key_set_url() -> str:
        # The endpoint the SDK would use is right on AWS, behind a VPC endpoint and locally.
        client = boto3.Session(region_name=settings.region).client("cognito-idp")
        return f"{client.meta.endpoint_url}/{settings.user_pool_id}/.well-known/jwks.json"

    keys = SigningKeys(fetch_from(key_set_url))
    return TokenVerifier(settings.issuer, settings.app_client_id, keys)

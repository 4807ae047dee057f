"""The application that every microservice is: its own routes, and all that they share."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from typing import Annotated

import boto3
from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.security import HTTPBearer

from services.application.runtime import problems
from services.application.runtime.bodies import BodyLimit
from services.application.runtime.credentials import BoundCredentials, Credentials, credentials_for
from services.application.runtime.draining import LastAnswers
from services.application.runtime.logs import RequestLog, current_tenant
from services.application.runtime.problems import ProblemError
from services.application.runtime.settings import Isolation, Settings
from services.application.runtime.tenant import ClaimsRefusedError, Tenant, UserRole, tenant_of
from services.application.runtime.tokens import TokenRefusedError, TokenVerifier
from services.application.signing_keys import KeySet, KeysUnavailableError, fetch_keys

#: Whether the process lives. It stays well while the service drains: a process that ends by itself
#: must not be ended.
HEALTH_PATH = "/health"
#: Whether requests should be sent here.
READY_PATH = "/ready"

# For the OpenAPI document; the token itself is judged below, with answers of this system.
_BEARER = HTTPBearer(auto_error=False, bearerFormat="JWT", description="the ID token")


async def verified_tenant(
    request: Request, _: Annotated[object, Depends(_BEARER)] = None
) -> Tenant:
    """Return the tenant of the bearer token, which must be an ID token of this service's pool."""
    verifier: TokenVerifier = request.app.state.verifier
    settings: Settings = request.app.state.settings
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ProblemError(401, "a bearer token is needed")
    token = token.strip()
    try:
        if verifier.needs_network(token):
            claims = await to_thread.run_sync(verifier.verify, token)
        else:
            claims = verifier.verify(token)
    except TokenRefusedError as error:
        raise ProblemError(401, str(error)) from error
    try:
        tenant = tenant_of(claims)
    except ClaimsRefusedError as error:
        raise ProblemError(403, str(error)) from error
    if settings.isolation is Isolation.SILO and tenant.id != settings.tenant_id:
        raise ProblemError(403, "this service belongs to another tenant")
    current_tenant.set(tenant)
    if settings.admin_only:
        # The API refuses other users before; what slips past it must not find an open door.
        _check_administrator(tenant)
    return tenant


#: The type of a handler's parameter that wants the tenant.
CurrentTenant = Annotated[Tenant, Depends(verified_tenant)]


async def verified_administrator(tenant: CurrentTenant) -> Tenant:
    """Return the tenant, if the caller administers it."""
    _check_administrator(tenant)
    return tenant


def _check_administrator(tenant: Tenant) -> None:
    if tenant.user_role != UserRole.ADMIN:
        message = f"got the role {tenant.user_role}; only a {UserRole.ADMIN} may do this"
        raise ProblemError(403, message, name="role-refused")


#: The same of a handler that only the tenant's administrators may call.
CurrentAdministrator = Annotated[Tenant, Depends(verified_administrator)]


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
    app.state.credentials = BoundCredentials(credentials or credentials_for(settings))
    app.state.draining = threading.Event()
    problems.install(app)
    # The last one added is the first to see a request: what is refused is in the log too.
    app.add_middleware(BodyLimit)
    app.add_middleware(LastAnswers, draining=app.state.draining)
    app.add_middleware(RequestLog, quiet=frozenset((HEALTH_PATH, READY_PATH)))
    app.include_router(_shared_routes(settings), responses=problems.RESPONSES)
    for router in routers:
        app.include_router(router, responses=problems.RESPONSES)
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Have the OpenAPI document describe problems as they are answered."""

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                openapi_version=app.openapi_version,
                routes=app.routes,
            )
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas |= problems.schemas()
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _shared_routes(settings: Settings) -> APIRouter:
    router = APIRouter()

    @router.get(HEALTH_PATH, include_in_schema=False)
    async def health() -> dict[str, str]:
        return {"status": "ok", "service": settings.service_name}

    @router.get(READY_PATH, include_in_schema=False)
    async def ready(request: Request) -> dict[str, str]:
        if request.app.state.draining.is_set():
            raise ProblemError(503, "the service is about to end", retry=True)
        verifier: TokenVerifier = request.app.state.verifier
        try:
            # Without the pool's keys every request would be answered 503.
            await to_thread.run_sync(verifier.prepare)
        except KeysUnavailableError as error:
            raise ProblemError(503, str(error), retry=True) from error
        return {"status": "ready", "service": settings.service_name}

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
    @cache
    def endpoint() -> str:
        # The one that the SDK would use is right on AWS, behind a VPC endpoint and locally.
        client = boto3.Session(region_name=settings.region).client("cognito-idp")
        return str(client.meta.endpoint_url)

    keys = KeySet(lambda: fetch_keys(endpoint(), settings.user_pool_id))
    return TokenVerifier(settings.issuer, settings.app_client_id, keys)

"""Requests of tenants' users over time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Query

from services.contracts.http_routes import Routes
from services.control_plane.http import responses, views
from services.control_plane.http.endpoints.routing import endpoint
from services.control_plane.runtime import current


@endpoint(Routes.METRICS, responses.one(responses.Metrics, 404))
def metrics(
    *,
    start: Annotated[
        datetime | None,
        Query(alias="from", description="UTC without a zone; three hours before `to`"),
    ] = None,
    end: Annotated[datetime | None, Query(alias="to", description="now, at the latest")] = None,
    period: Annotated[
        int | None,
        Query(
            alias="periodSeconds",
            ge=1,
            le=86_400,
            description="rounded up to 300, 900, 3600, 21600 or 86400, and so that a series has at "
            "most 289 points; the answer says what it is",
        ),
    ] = None,
    tenant_id: Annotated[str | None, Query(alias="tenantId", min_length=1, max_length=128)] = None,
    by: Annotated[
        Literal["requests", "clientErrors", "serverErrors", "throttles"],
        Query(description="without tenantId: what the busiest tenants are chosen by"),
    ] = "requests",
    limit: Annotated[
        int, Query(gt=0, le=20, description="without tenantId: how many tenants at most")
    ] = 10,
) -> dict[str, Any]:
    """Show requests, errors, throttles and latency: of a tenant, or in total and of the busiest.

    Counted from the access logs of the tenants' APIs, every minute.
    """
    # Not for each cold start.
    from services.control_plane.traffic import series  # noqa: PLC0415
    from services.control_plane.traffic.periods import window  # noqa: PLC0415

    runtime = current()
    shown = window(start, end, period, datetime.now(UTC))
    if tenant_id is None:
        found = series.of_busiest(runtime.traffic, shown, by, limit)
    else:
        tenant = runtime.registry.tenant(tenant_id)
        found = series.of_tenant(runtime.traffic, shown, tenant.id)
    return views.data(found.document())

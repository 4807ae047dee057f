"""What tenants cost, estimated."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path

from services.contracts.http_routes import Routes
from services.control_plane.http import responses, views
from services.control_plane.http.endpoints.parameters import Id, Month
from services.control_plane.http.endpoints.routing import endpoint
from services.control_plane.runtime import current
from services.tenancy import Tier


@endpoint(Routes.TENANT_COST, responses.one(responses.TenantCost, 404, 409))
def of_tenant(tenant_id: Id, month: Month = None) -> dict[str, Any]:
    """Estimate what a tenant costs in a month (UTC), at list prices.

    Its containers run for the whole month; requests are those counted so far. Of what a pool's
    tenants share, its part is that of its requests among those of all tenants of its tier.
    """
    # Not for each cold start.
    from services.control_plane import cost  # noqa: PLC0415
    from services.control_plane.traffic import series  # noqa: PLC0415
    from services.control_plane.traffic.periods import month_of  # noqa: PLC0415

    runtime = current()
    tenant = runtime.registry.tenant(tenant_id)
    now = datetime.now(UTC)
    window = month_of(month or f"{now:%Y-%m}", now)
    own = series.sum_of_tenant(runtime.traffic, window, tenant.id)
    of_tier = series.requests_of_tier(runtime.traffic, window, tenant.tier.value)
    used = cost.MonthlyRequests(own.requests, of_tier, own.throttles)
    found = cost.lines(runtime.facts, tenant.tier, overrides=tenant.overrides, usage=used)
    return views.data(
        {
            "tenantId": tenant.id,
            **cost.document(found, runtime.facts, tenant.tier),
            "usage": {
                "from": window.start.isoformat(),
                "to": window.end.isoformat(),
                "requests": used.requests,
                "tierRequests": used.of_tier,
            },
        }
    )


@endpoint(Routes.TIER_COST, responses.one(responses.TierCost, 409))
def of_tier(tier: Annotated[Tier, Path()]) -> dict[str, Any]:
    """Estimate what a new tenant of a tier costs in a month, at list prices, without requests.

    What a pool's tenants share is in the lines with a share of nothing: it costs as much without
    this one.
    """
    from services.control_plane import cost  # noqa: PLC0415 - not for each cold start

    facts = current().facts
    return views.data(cost.document(cost.lines(facts, tier), facts, tier))

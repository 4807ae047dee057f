"""What tenants used in a month, exact to the cent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query

from services.control_plane import views
from services.control_plane.endpoints.routing import new_router
from services.control_plane.runtime import current

router = new_router()


@router.get("/usage")
def usage(
    tenant_id: Annotated[str, Query(alias="tenantId", min_length=1, max_length=128)],
    month: Annotated[str | None, Query(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")] = None,
) -> dict[str, Any]:
    """Show a tenant's statement of one month (UTC), the running one by default."""
    runtime = current()
    tenant = runtime.registry.tenant(tenant_id)
    wanted = month or f"{datetime.now(UTC):%Y-%m}"
    prices = tenant.data.get("prices") or ()
    return views.data(runtime.metering.statement(tenant.id, wanted, prices).document())

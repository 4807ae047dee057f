"""What tenants used in a month, exact to the cent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from services.contracts.http_routes import Routes
from services.control_plane.http import responses, views
from services.control_plane.http.audit import recording
from services.control_plane.http.endpoints.parameters import Id, Month
from services.control_plane.http.endpoints.routing import endpoint
from services.control_plane.http.model import UsageCancellation
from services.control_plane.runtime import current

_TenantId = Annotated[str, Query(alias="tenantId", min_length=1, max_length=128)]


@endpoint(Routes.STATEMENT, responses.one(responses.Statement, 404))
def usage(tenant_id: _TenantId, month: Month = None) -> dict[str, Any]:
    """Show a tenant's statement of one month (UTC), the running one by default.

    Each price counts from when it was set: statements of the past stay as they were.
    """
    from services.control_plane.metering import dated  # noqa: PLC0415 - not for each cold start

    runtime = current()
    tenant = runtime.registry.tenant(tenant_id)
    changes = [(c.at, c.before, c.after) for c in runtime.registry.price_changes(tenant.id)]
    prices = dated(tenant.data.get("prices") or (), changes)
    statement = runtime.metering.statement(tenant.id, month or _running_month(), prices)
    return views.data(statement.document())


@endpoint(Routes.METER_USAGE, responses.one(responses.MeterUsage, 404))
def metered(meter_id: Id, tenant_id: _TenantId, month: Month = None) -> dict[str, Any]:
    """Show what a tenant used of one meter in one month (UTC), the running one by default."""
    runtime = current()
    tenant = runtime.registry.tenant(tenant_id)
    wanted = month or _running_month()
    value = runtime.metering.usage(meter_id, tenant.id, wanted)
    shown = {"meterId": meter_id, "tenantId": tenant.id, "month": wanted, "value": value}
    return views.data(shown)


@endpoint(Routes.CANCEL_USAGE, responses.one(responses.UsageCancelled))
def cancel(body: Annotated[UsageCancellation, Body()]) -> dict[str, Any]:
    """Take back usage that was reported by mistake, by the ids of its events; for good."""
    wanted = {"eventIds": list(body.event_ids)}
    with recording("usage.cancel", "usage", wanted=wanted) as doing:
        cancelled = list(current().metering.cancel_usage(body.event_ids))
        doing.after = {"cancelled": cancelled}
    return views.data({"cancelled": cancelled})


def _running_month() -> str:
    return f"{datetime.now(UTC):%Y-%m}"

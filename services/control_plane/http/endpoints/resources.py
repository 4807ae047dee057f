"""What a tenant has of AWS."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from services.contracts.http_routes import Routes
from services.control_plane.http import responses
from services.control_plane.http.endpoints.parameters import Id
from services.control_plane.http.endpoints.routing import endpoint
from services.control_plane.runtime import current


@endpoint(Routes.RESOURCES, responses.bare(responses.TenantResources, 404))
def resources(tenant_id: Id) -> dict[str, Any]:
    """List a tenant's resources as of its last apply, by their addresses.

    Empty, and without `recordedAt`, before the first apply ends; a reconciliation lists them anew.
    """
    runtime = current()
    tenant = runtime.registry.tenant(tenant_id)
    found = runtime.inventories.find(tenant.tier.tenant_stack, tenant.id)
    if found is None:
        return {"data": []}
    listed = sorted((asdict(each) for each in found.entries), key=lambda each: each["address"])
    return {"data": listed, "recordedAt": found.at.isoformat()}

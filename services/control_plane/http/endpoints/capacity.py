"""How many more tenants fit."""

from __future__ import annotations

from typing import Any

from services.contracts.http_routes import Routes
from services.control_plane.http import responses, views
from services.control_plane.http.endpoints.routing import endpoint
from services.control_plane.runtime import current


@endpoint(Routes.CAPACITY, responses.one(responses.CapacityReport))
def capacity() -> dict[str, Any]:
    """Say how many more tenants of each tier fit into the account, and which quota ends that.

    AWS is asked once a minute.
    """
    return views.data(current().capacity.document())

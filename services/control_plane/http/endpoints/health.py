"""Whether the API answers; it asks nobody else."""

from __future__ import annotations

from services.contracts.http_routes import Routes
from services.control_plane.http import responses
from services.control_plane.http.endpoints.routing import endpoint


@endpoint(Routes.HEALTH, responses.bare(responses.Health))
def health() -> dict[str, str]:
    """Say that the function runs."""
    return {"status": "ok"}

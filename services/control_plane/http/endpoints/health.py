"""Whether the API answers; it asks nobody else."""

from __future__ import annotations

from services.control_plane.http.endpoints.routing import new_router

router = new_router()


@router.get("/health")
def health() -> dict[str, str]:
    """Say that the function runs."""
    return {"status": "ok"}

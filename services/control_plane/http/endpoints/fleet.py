"""The fleet at one look, and what of a tenant is not what was applied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body

from services.contracts.http_routes import Routes
from services.control_plane.http import responses, views
from services.control_plane.http.endpoints.parameters import Id
from services.control_plane.http.endpoints.routing import endpoint
from services.control_plane.http.model import DriftNote
from services.control_plane.runtime import current

_PAGE = 1000


@endpoint(Routes.FLEET, responses.one(responses.Fleet))
def fleet() -> dict[str, Any]:
    """Count the tenants by tier, release and status, and list those that have drifted."""
    registry = current().registry
    rows = list(_all(registry.tenants))
    there = {row.id for row in rows}
    return views.data(
        {
            "tenants": len(rows),
            "tiers": Counter(row.tier.value for row in rows),
            "releases": Counter(row.release for row in rows),
            "statuses": Counter(row.status.value for row in rows),
            "drifted": [
                views.drift(each) for each in _all(registry.drifts) if each.tenant_id in there
            ],
        }
    )


@endpoint(Routes.DRIFT, responses.one(responses.Drift, 404))
def drift(tenant_id: Id) -> dict[str, Any]:
    """Show what the last scan found of a tenant."""
    return views.data(views.drift(current().registry.drift(tenant_id)))


@endpoint(Routes.NOTE_DRIFT, responses.one(responses.Drift, 404))
def note_drift(tenant_id: Id, body: Annotated[DriftNote, Body()]) -> dict[str, Any]:
    """Record what a scan has found; nothing found closes what was open."""
    runtime = current()
    found = [(each.address, each.path) for each in body.attributes]
    noted = runtime.registry.note_drift(tenant_id, found, more=body.more, actor=runtime.actor)
    return views.data(views.drift(noted))


def _all(pages: Callable[[int, str | None], Any]) -> Iterator[Any]:
    token: str | None = None
    while True:
        page = pages(_PAGE, token)
        yield from page.items
        token = page.next_token
        if token is None:
            return

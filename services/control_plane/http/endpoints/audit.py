"""Who did what, when, and what it changed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query

from services.contracts.http_routes import Routes
from services.control_plane.http import responses, views
from services.control_plane.http.endpoints.parameters import Limit, NextToken
from services.control_plane.http.endpoints.routing import endpoint
from services.control_plane.runtime import current


@endpoint(Routes.AUDIT, responses.page(responses.AuditEntry))
def audit(
    day: Annotated[date | None, Query(description="a day (UTC); today by default")] = None,
    limit: Limit = 10,
    next_token: NextToken = "",
) -> dict[str, Any]:
    """List what was done on a day."""
    wanted = day or datetime.now(UTC).date()
    page = current().registry.audit(wanted.isoformat(), limit, next_token or None)
    return views.listing(page, views.audit_entry)

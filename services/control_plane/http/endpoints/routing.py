"""How an endpoint module registers its routes."""

from __future__ import annotations

from aws_lambda_powertools.event_handler.api_gateway import Router


def new_router() -> Router:
    """Return a router for one module's routes; `api` includes them all."""
    return Router()  # type: ignore[no-untyped-call]

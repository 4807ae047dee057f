"""The billing plug-in's webhook. Public: the plug-in proves who sent it."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path

from services.contracts.http_routes import Routes
from services.control_plane.http import responses
from services.control_plane.http.audit import audited
from services.control_plane.http.endpoints.routing import endpoint, router
from services.control_plane.http.failures import problem
from services.control_plane.runtime import current

_NONE = "No billing plug-in takes webhooks"


@endpoint(Routes.BILLING_WEBHOOK, responses.bare(responses.Anything, 400, 404, "4XX"))
def webhook(path: Annotated[str, Path(max_length=128)]) -> dict[str, Any]:
    """Hand what the billing provider sends, unread, to the billing plug-in."""
    from services.control_plane.metering.errors import WebhookRefusedError  # noqa: PLC0415

    billing = current().billing
    if billing is None:
        raise problem(404, _NONE)
    event = router.current_event
    headers = {name.lower(): str(value) for name, value in event.headers.items()}
    try:
        answer = billing.webhook(path, event.decoded_body or "", headers)
    except WebhookRefusedError as refused:
        raise problem(refused.status, refused.message) from None
    except UnicodeDecodeError:
        raise problem(400, "The body is not text") from None
    audited("billing.webhook", f"billing/{path}")
    return dict(answer)

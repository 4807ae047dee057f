"""Operations on a tenant: asked for here, done by the application plane, watched here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from services.contracts.http_routes import Routes
from services.control_plane.http import responses, views
from services.control_plane.http.endpoints.parameters import Id, IdempotencyKey, Limit, NextToken
from services.control_plane.http.endpoints.routing import endpoint
from services.control_plane.http.model import MoveRequest, UpdateRequest
from services.control_plane.http.overrides import require_known_services
from services.control_plane.runtime import current
from services.tenancy.operation import Operation, OperationStatus
from services.tenancy.operations import OperationKind

_Answer = dict[str, Any]
_ACCEPTED = responses.one(responses.Operation, 404, 409)


@endpoint(Routes.OPERATIONS, responses.page(responses.Operation, 404))
def operations(
    tenant_id: Id,
    limit: Limit = 10,
    next_token: NextToken = "",
    progress: Annotated[bool, Query(description="say how far one that runs is")] = False,
) -> _Answer:
    """List a tenant's operations, the latest first."""
    runtime = current()
    page = runtime.registry.operations(tenant_id, limit, next_token or None)

    def view(row: Operation) -> Mapping[str, Any]:
        asked = progress and row.status is OperationStatus.RUNNING
        return views.operation(row, runtime.build_logs.last(row.id) if asked else None)

    return views.listing(page, view)


@endpoint(Routes.SUSPEND, _ACCEPTED, status_code=202)
def suspend(tenant_id: Id, idempotency_key: IdempotencyKey = None) -> _Answer:
    """Refuse the tenant's sign-ins and requests; its data is kept."""
    return _request(tenant_id, OperationKind.SUSPEND, idempotency_key)


@endpoint(Routes.RESUME, _ACCEPTED, status_code=202)
def resume(tenant_id: Id, idempotency_key: IdempotencyKey = None) -> _Answer:
    """Let a suspended tenant in again."""
    return _request(tenant_id, OperationKind.RESUME, idempotency_key)


@endpoint(Routes.RETRY, _ACCEPTED, status_code=202)
def retry(tenant_id: Id, idempotency_key: IdempotencyKey = None) -> _Answer:
    """Repeat the operation that failed."""
    runtime = current()
    asked = runtime.registry.retry(tenant_id, actor=runtime.actor, key=idempotency_key)
    return views.data(views.operation(asked))


@endpoint(Routes.RECONCILE, _ACCEPTED, status_code=202)
def reconcile(tenant_id: Id, idempotency_key: IdempotencyKey = None) -> _Answer:
    """Make the tenant's resources what the registry says."""
    return _request(tenant_id, OperationKind.RECONCILE, idempotency_key)


@endpoint(Routes.MOVE, _ACCEPTED, status_code=202)
def move(
    tenant_id: Id,
    body: Annotated[MoveRequest, Body()],
    idempotency_key: IdempotencyKey = None,
) -> _Answer:
    """Move the tenant, with its data, to another tier."""
    return _request(tenant_id, OperationKind.MOVE, idempotency_key, {"tier": body.tier.value})


@endpoint(Routes.CONFIRM_MOVE, _ACCEPTED, status_code=202)
def confirm_move(tenant_id: Id, idempotency_key: IdempotencyKey = None) -> _Answer:
    """Destroy the copy that the last move has kept in the tenant's previous tier."""
    return _request(tenant_id, OperationKind.MOVE, idempotency_key, {"confirm": True})


@endpoint(Routes.ROLL_MOVE_BACK, _ACCEPTED, status_code=202)
def roll_move_back(tenant_id: Id, idempotency_key: IdempotencyKey = None) -> _Answer:
    """Move the tenant, with what it has written since, back to its previous tier."""
    return _request(tenant_id, OperationKind.MOVE, idempotency_key, {"rollback": True})


@endpoint(Routes.UPDATE, _ACCEPTED, status_code=202)
def update(
    tenant_id: Id,
    body: Annotated[UpdateRequest, Body()],
    idempotency_key: IdempotencyKey = None,
) -> _Answer:
    """Give the tenant another release, or other sizes."""
    require_known_services(body.overrides, current().settings.services)
    wanted = body.model_dump(exclude_none=True)
    return _request(tenant_id, OperationKind.UPDATE, idempotency_key, wanted)


def _request(
    tenant_id: str,
    kind: OperationKind,
    key: str | None,
    parameters: Mapping[str, Any] | None = None,
) -> _Answer:
    runtime = current()
    asked = runtime.registry.request(
        tenant_id, kind, actor=runtime.actor, key=key, parameters=parameters or {}
    )
    return views.data(views.operation(asked))

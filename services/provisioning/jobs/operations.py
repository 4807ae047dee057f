"""What a job can be asked for, and what it gives back: one method for each kind of operation."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.provisioning.cells import make_room
from services.provisioning.deployment import Deployment
from services.provisioning.errors import PreconditionError
from services.provisioning.records.mapping import Reason
from services.provisioning.tenants.exports import Exports
from services.provisioning.tenants.moves import Moves
from services.provisioning.tenants.suspension import resume, suspend
from services.provisioning.tenants.tenant_copy import find_copy, require_copy
from services.provisioning.tenants.tenants import Tenants
from services.tenancy import TenantDocument, Tier, check_tenant_id
from services.tenancy.events import Event, EventName
from services.tenancy.lifecycle import OperationKind

_KINDS: Final = {
    EventName.ONBOARDING_REQUEST: OperationKind.ONBOARD,
    EventName.OFFBOARDING_REQUEST: OperationKind.OFFBOARD,
    EventName.DEACTIVATE_REQUEST: OperationKind.SUSPEND,
    EventName.ACTIVATE_REQUEST: OperationKind.RESUME,
}
_LISTED: Final = 20


class JobError(Exception):
    """The request cannot be carried out; the message says why."""


@dataclass(frozen=True)
class Done:
    """What an operation gives back; values are strings, as they travel in events."""

    tenant_data: Mapping[str, str] = field(default_factory=dict)
    registration_data: Mapping[str, str] = field(default_factory=dict)


class Operations:
    """The operations on the tenants of one deployment.

    Parameters
    ----------
    deployment : Deployment
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._tenants = Tenants(deployment)
        self._moves = Moves(deployment, self._tenants)
        self._placed = False

    def carry_out(self, request: Event) -> Done:
        """Do what `request` asks for; repeating it is safe.

        Raises
        ------
        JobError
            If nobody knows how.
        services.tenancy.InputError
            If the request describes no tenant.
        ProvisionerError
            If it was tried and failed.
        """
        kinds: Mapping[OperationKind, Callable[[Mapping[str, Any]], Done]] = {
            OperationKind.ONBOARD: self._onboard,
            OperationKind.UPDATE: self._update,
            OperationKind.MOVE: self._move,
            OperationKind.RECONCILE: self._reconcile,
            OperationKind.SUSPEND: self._suspend,
            OperationKind.RESUME: self._resume,
            OperationKind.OFFBOARD: self._offboard,
        }
        return kinds[kind_of(request)](request.detail)

    def make_room(self) -> None:
        """Make the next routing cell in time, if an operation has placed a silo."""
        if self._placed:
            make_room(self._deployment)

    def _onboard(self, detail: Mapping[str, Any]) -> Done:
        document = self._document(detail)
        _, state = self._tenants.apply(document)
        self._placed = document.tier.silo
        return Done(self._told(document, state.outputs), _status("created"))

    def _update(self, detail: Mapping[str, Any]) -> Done:
        _, state = self._tenants.apply(self._document(detail))
        return Done({"tenantConfig": tenant_config(state.outputs)})

    def _reconcile(self, detail: Mapping[str, Any]) -> Done:
        result, state = self._tenants.apply(self._document(detail))
        found = [f"{change.action} {change.address}" for change in result.changes]
        more = [f"and {len(found) - _LISTED} more"] if len(found) > _LISTED else []
        told = ", ".join([*found[:_LISTED], *more]) or "nothing had drifted"
        return Done({"tenantConfig": tenant_config(state.outputs)}, {"reconciled": told})

    def _move(self, detail: Mapping[str, Any]) -> Done:
        if (detail.get("parameters") or {}).get("confirm"):
            dropped = self._moves.confirm(_tenant_id(detail))
            return Done({}, {"moveKept": "", "moveConfirmed": dropped.value if dropped else ""})
        document = self._document(detail)
        moved = self._moves.run(document)
        self._placed = moved.move.target.silo
        counted = {name: each.count for name, each in moved.move.verified.items()}
        return Done(
            self._told(document, moved.state.outputs),
            {
                "moveKept": moved.move.source.value,
                "moveCopied": json.dumps({**counted, "users": moved.move.users}),
                "moveRefusedSeconds": f"{moved.refused_seconds:.1f}",
            },
        )

    def _suspend(self, detail: Mapping[str, Any]) -> Done:
        copy = require_copy(self._deployment, *self._copy(detail))
        refusal = suspend(self._deployment.mapping, copy)
        return Done({}, {"suspendedAt": refusal.at})

    def _resume(self, detail: Mapping[str, Any]) -> Done:
        resume(self._deployment.mapping, require_copy(self._deployment, *self._copy(detail)))
        return Done({}, {"suspendedAt": ""})

    def _offboard(self, detail: Mapping[str, Any]) -> Done:
        """Refuse the tenant, so that nothing changes any more; export; delete."""
        tenant_id = _tenant_id(detail)
        tier = self._tenants.tier_of(tenant_id)
        told = _status("deleted")
        copy = tier and find_copy(self._deployment, tenant_id, tier)
        exports = Exports(self._deployment.aws.s3, self._deployment.configuration.export_bucket)
        if copy:
            if self._deployment.mapping.exists(tenant_id) and copy.users.exists():
                self._deployment.progress.stage(f"tenant/{tenant_id}", "refuse")
                suspend(self._deployment.mapping, copy, Reason.OFFBOARDING)
            self._deployment.progress.stage(f"tenant/{tenant_id}", "export")
            told["exportLocation"] = exports.write(copy)
        elif exports.complete(tenant_id):  # an earlier attempt has deleted nearly everything
            told["exportLocation"] = exports.location(tenant_id)
        self._tenants.destroy(tenant_id)
        return Done({}, told)

    def _copy(self, detail: Mapping[str, Any]) -> tuple[str, Tier]:
        tenant_id = _tenant_id(detail)
        tier = self._tenants.tier_of(tenant_id)
        if tier is None:
            raise PreconditionError(f"tenant {tenant_id} does not exist")
        return tenant_id, tier

    def _document(self, detail: Mapping[str, Any]) -> TenantDocument:
        return document_of(detail, self._deployment.configuration.release)

    def _told(self, document: TenantDocument, outputs: Mapping[str, Any]) -> dict[str, str]:
        """Return what the registry keeps of a copy: how to reach it, and its slot."""
        slot = None
        if document.tier.silo:
            slot = self._deployment.placements.find(document.tenant_id, document.tier)
        return {
            "tenantConfig": tenant_config(outputs),
            "placement": json.dumps(slot.model_dump()) if slot else "",
        }


def kind_of(request: Event) -> OperationKind:
    """Return what a request asks for, or raise `JobError` if it asks for nothing known."""
    if request.name in _KINDS:
        return _KINDS[request.name]
    given = request.detail.get("operationKind")
    allowed = (OperationKind.UPDATE, OperationKind.MOVE, OperationKind.RECONCILE)
    if request.name is not EventName.TENANT_UPDATE_REQUEST or given not in allowed:
        raise JobError(
            f"{request.name.value}: got operationKind {given!r}; allowed {', '.join(allowed)}"
        )
    return OperationKind(given)


def document_of(detail: Mapping[str, Any], release: str) -> TenantDocument:
    """Return the tenant that a request describes, with what the operation changes of it.

    Raises
    ------
    services.tenancy.TenantDocumentError
        If it is none.
    """
    asked: Mapping[str, Any] = detail.get("parameters") or {}
    names = ("tier", "release", "overrides", "federation")
    changed = {name: asked[name] for name in names if name in asked}
    wanted = {**detail, **changed}
    given = {
        "tenant_id": wanted.get("tenantId"),
        "tenant_name": wanted.get("tenantName"),
        "tier": wanted.get("tier"),
        "admin_email": wanted.get("email"),
        "release": wanted.get("release") or release,
        "overrides": wanted.get("overrides"),
        "federation": wanted.get("federation"),
    }
    present = {name: value for name, value in given.items() if value is not None}
    return TenantDocument.parse(present, source="request")


def tenant_config(outputs: Mapping[str, Any]) -> str:
    """Return what a tenant's application needs to know, as the JSON that travels in events."""
    return json.dumps(
        {
            "userPoolId": outputs.get("user_pool_id", ""),
            "appClientId": outputs.get("app_client_id", ""),
            "apiGatewayUrl": _address(outputs),
        }
    )


def _address(outputs: Mapping[str, Any]) -> str:
    if url := outputs.get("api_url"):
        return str(url)
    host = outputs.get("load_balancer_dns_name", "")
    return f"http://{host}" if host else ""


def _status(status: str) -> dict[str, str]:
    return {"registrationStatus": status}


def _tenant_id(detail: Mapping[str, Any]) -> str:
    return check_tenant_id(str(detail["tenantId"]))

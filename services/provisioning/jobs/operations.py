"""What a job can be asked for, and what it gives back: one method for each kind of operation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, assert_never

from services.provisioning.cells import make_room
from services.provisioning.deployment import Deployment
from services.provisioning.errors import ProvisionerError
from services.provisioning.records.mapping import Reason
from services.provisioning.tenants.exports import Exports
from services.provisioning.tenants.moves import Moves
from services.provisioning.tenants.suspension import resume, suspend
from services.provisioning.tenants.tenant_copy import find_copy, require_copy
from services.provisioning.tenants.tenants import Tenants
from services.tenancy import TenantDocument, Tier, check_tenant_id
from services.tenancy.events import Event
from services.tenancy.events.catalogue import Parameters, TenantRequest, TenantUpdateRequest
from services.tenancy.operations import SPECS, OperationKind, requested_by

_LISTED: Final = 20


class JobError(ProvisionerError):
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

    def carry_out(self, request: Event[TenantRequest]) -> Done:
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
        kind = kind_of(request)
        done = self._job(kind, request.detail)
        status = SPECS[kind].registration_status
        if status is None:
            return done
        return replace(
            done, registration_data={"registrationStatus": status.done, **done.registration_data}
        )

    def _job(self, kind: OperationKind, request: TenantRequest) -> Done:
        match kind:
            case OperationKind.ONBOARD:
                job = self._onboard
            case OperationKind.UPDATE:
                job = self._update
            case OperationKind.MOVE:
                job = self._move
            case OperationKind.RECONCILE:
                job = self._reconcile
            case OperationKind.SUSPEND:
                job = self._suspend
            case OperationKind.RESUME:
                job = self._resume
            case OperationKind.OFFBOARD:
                job = self._offboard
            case _:
                assert_never(kind)
        return job(request)

    def make_room(self) -> None:
        """Make the next routing cell in time, if an operation has placed a silo."""
        if self._placed:
            make_room(self._deployment)

    def _onboard(self, request: TenantRequest) -> Done:
        document = self._document(request)
        _, state = self._tenants.apply(document)
        self._placed = document.tier.silo
        return Done(self._told(document, state.outputs))

    def _update(self, request: TenantRequest) -> Done:
        _, state = self._tenants.apply(self._document(request))
        return Done({"tenantConfig": tenant_config(state.outputs)})

    def _reconcile(self, request: TenantRequest) -> Done:
        result, state = self._tenants.apply(self._document(request))
        found = [f"{change.action} {change.address}" for change in result.changes]
        more = [f"and {len(found) - _LISTED} more"] if len(found) > _LISTED else []
        told = ", ".join([*found[:_LISTED], *more]) or "nothing had drifted"
        return Done({"tenantConfig": tenant_config(state.outputs)}, {"reconciled": told})

    def _move(self, request: TenantRequest) -> Done:
        if parameters_of(request).confirm:
            dropped = self._moves.confirm(self._document(request))
            return Done({}, {"moveKept": "", "moveConfirmed": dropped.value if dropped else ""})
        document = self._document(request)
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

    def _suspend(self, request: TenantRequest) -> Done:
        copy = require_copy(self._deployment, *self._copy(request))
        refusal = suspend(self._deployment.mapping, copy)
        return Done({}, {"suspendedAt": refusal.at})

    def _resume(self, request: TenantRequest) -> Done:
        resume(self._deployment.mapping, require_copy(self._deployment, *self._copy(request)))
        return Done({}, {"suspendedAt": ""})

    def _offboard(self, request: TenantRequest) -> Done:
        """Refuse the tenant, so that nothing changes any more; export; delete."""
        tenant_id = check_tenant_id(request.tenant_id)
        document = self._document(request)
        told: dict[str, str] = {}
        exports = Exports(self._deployment.aws.s3, self._deployment.configuration.export_bucket)
        tier = self._tenants.tier_of(tenant_id) or document.tier
        # With its export, what is listed without a row has been removed by an earlier attempt.
        if self._deployment.mapping.exists(tenant_id) or not exports.complete(tenant_id):
            self._tenants.recover(document.in_tier(tier))
        copy = find_copy(self._deployment, tenant_id, tier)
        if copy:
            if self._deployment.mapping.exists(tenant_id) and copy.users.exists():
                self._deployment.progress.stage(f"tenant/{tenant_id}", "refuse")
                suspend(self._deployment.mapping, copy, Reason.OFFBOARDING)
            self._deployment.progress.stage(f"tenant/{tenant_id}", "export")
            told["exportLocation"] = exports.write(copy)
        elif exports.complete(tenant_id):  # an earlier attempt has deleted nearly everything
            told["exportLocation"] = exports.location(tenant_id)
        self._tenants.destroy(tenant_id, document)
        return Done({}, told)

    def _copy(self, request: TenantRequest) -> tuple[str, Tier]:
        document = self._document(request)
        tenant_id = document.tenant_id
        tier = self._tenants.tier_of(tenant_id) or document.tier
        self._tenants.recover(document.in_tier(tier))
        return tenant_id, tier

    def _document(self, request: TenantRequest) -> TenantDocument:
        return document_of(request, self._deployment.configuration.release)

    def _told(self, document: TenantDocument, outputs: Mapping[str, Any]) -> dict[str, str]:
        """Return what the registry keeps of a copy: how to reach it, and its slot."""
        slot = None
        if document.tier.silo:
            slot = self._deployment.placements.find(document.tenant_id, document.tier)
        return {
            "tenantConfig": tenant_config(outputs),
            "placement": json.dumps(slot.model_dump()) if slot else "",
        }


def kind_of(request: Event[TenantRequest]) -> OperationKind:
    """Return what a request asks for, or raise `JobError` if it asks for nothing known."""
    kinds = requested_by(request.name)
    given: str | None = next(iter(kinds), None)
    if isinstance(request.detail, TenantUpdateRequest):
        given = request.detail.operation_kind
    if given not in kinds:
        raise JobError(
            f"{request.name.value}: got operationKind {given!r}; allowed {', '.join(kinds)}"
        )
    return OperationKind(given)


def parameters_of(request: TenantRequest) -> Parameters:
    """Return what an operation is to do; nothing if its kind has no parameters."""
    return request.parameters if isinstance(request, TenantUpdateRequest) else Parameters()


def document_of(request: TenantRequest, release: str) -> TenantDocument:
    """Return the tenant that a request describes, with what the operation changes of it.

    Raises
    ------
    services.tenancy.TenantDocumentError
        If it is none.
    """
    asked = parameters_of(request)
    given = {
        "tenant_id": request.tenant_id,
        "tenant_name": request.tenant_name,
        "tier": asked.tier or request.tier,
        "admin_email": request.email,
        "release": asked.release or request.release or release,
        "overrides": request.overrides if asked.overrides is None else asked.overrides,
        "federation": request.federation if asked.federation is None else asked.federation,
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
            "authority": outputs.get("issuer", ""),
            "domain": outputs.get("sign_in_url", ""),
        }
    )


def _address(outputs: Mapping[str, Any]) -> str:
    if url := outputs.get("api_url"):
        return str(url)
    host = outputs.get("load_balancer_dns_name", "")
    return f"http://{host}" if host else ""

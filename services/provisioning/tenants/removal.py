"""Removing one copy of a tenant: what its state forgot, what refuses to be deleted, then all."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from services.contracts.stacks import FIRST_CELL
from services.provisioning.errors import PreconditionError
from services.provisioning.records.slots import placement_errors
from services.provisioning.recovery.strays import TenantStrays
from services.provisioning.tenants.tenant_copy import find_copy, pooled_copy
from services.provisioning.terraform.engine import Request, Result, RunKind

if TYPE_CHECKING:
    from services.provisioning.deployment import Deployment
    from services.tenancy import TenantDocument, Tier


def destroy_copy(
    deployment: Deployment, tenant_id: str, tier: Tier, document: TenantDocument | None
) -> Result:
    """Remove one copy. Until nothing of it refuses to be deleted, nothing is removed.

    What refuses is known to the state only, so it is told first what it has forgotten.
    """
    if deployment.state.in_doubt(tier.tenant_stack, tenant_id):
        _end(deployment, RunKind.ADOPT, tenant_id, tier, document)
    _unprotect(deployment, tenant_id, tier, document)
    copy = find_copy(deployment, tenant_id, tier)
    if copy is None and not tier.silo:
        copy = pooled_copy(deployment, tenant_id)
    if copy is not None:
        deployment.progress.stage(f"tenant/{tenant_id}", "delete data")
        copy.purge()
    result = _end(deployment, RunKind.DESTROY, tenant_id, tier, document)
    deployment.engine.forget(tier.tenant_stack, tenant_id, deployment.tenant_module(tier))
    deployment.inventories.forget(tier, tenant_id)
    return result


def _unprotect(
    deployment: Deployment, tenant_id: str, tier: Tier, document: TenantDocument | None
) -> None:
    """End the deletion protection of the copy's tables, pool and database, if it has any."""
    protected = deployment.state.protected(tier.tenant_stack, tenant_id)
    if protected:
        deployment.progress.note(
            f"tenant/{tenant_id}", f"ends the deletion protection of {', '.join(protected)}"
        )
        _end(deployment, RunKind.UNPROTECT, tenant_id, tier, document, targets=protected)


def _end(
    deployment: Deployment,
    kind: RunKind,
    tenant_id: str,
    tier: Tier,
    document: TenantDocument | None,
    *,
    targets: Sequence[str] = (),
) -> Result:
    variables = _last_variables(deployment, tier, tenant_id, document)
    if tier.silo:
        variables["deletion_protection"] = False
    return deployment.engine.execute(
        Request(
            kind,
            deployment.tenant_module(tier),
            tenant_id,
            variables,
            lock_seconds=deployment.lock_seconds,
            targets=targets,
            strays=TenantStrays(deployment, tenant_id, tier),
        )
    )


def _last_variables(
    deployment: Deployment, tier: Tier, tenant_id: str, document: TenantDocument | None
) -> dict[str, Any]:
    """Return values with which the tenant's module can be evaluated once more.

    They decide nothing about what is destroyed; that is in the state. The last run's values if
    this machine made it, else what the tenant's outputs and its slot tell; by their names are
    found what a lost state does not know, so the registry's come before those that are made up.
    """
    values: dict[str, Any] = {
        "tenant_name": "unknown",
        "admin_email": "unknown@example.com",
        "release": "unknown",
    }
    if document is not None:
        values |= document.model_dump(mode="json", include=set(values))
    values |= deployment.files.run(tier.tenant_stack, tenant_id).read_variables()
    state = deployment.state.read(tier.tenant_stack, tenant_id)
    known = state.outputs if state else {}
    values |= {name: known[name] for name in values if isinstance(known.get(name), str)}
    values["tenant_id"] = tenant_id
    if tier.silo and "placement" not in values:
        with contextlib.suppress(PreconditionError), placement_errors():
            found = deployment.placements.find(tenant_id, tier)
            values["placement"] = found.model_dump() if found else None
        if values.get("placement") is None:
            values["placement"] = {"cell": FIRST_CELL, "listener_priority": 999}
    return values

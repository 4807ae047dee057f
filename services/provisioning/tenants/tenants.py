"""Onboarding, looking at and offboarding tenants."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.provisioning.aws import access_errors
from services.provisioning.cells import make_next
from services.provisioning.deployment import Deployment
from services.provisioning.errors import (
    InterruptedRunError,
    PreconditionError,
    ProvisionerError,
    WrongWorkspaceError,
)
from services.provisioning.preflight import require_room
from services.provisioning.records.mapping import Refusal
from services.provisioning.records.slots import placement_errors
from services.provisioning.recovery.leftovers import verify_nothing_left
from services.provisioning.recovery.strays import TenantStrays
from services.provisioning.tenants.lost_state import (
    find_forgotten,
    is_lost,
    note_forgotten,
    verify_stores,
)
from services.provisioning.tenants.removal import destroy_copy
from services.provisioning.terraform.engine import Request, Result, RunKind
from services.provisioning.terraform.state import State, TenantEntry
from services.provisioning.terraform.workspace import require_module
from services.tenancy import (
    NoFreeSlotError,
    Placement,
    TenantDocument,
    Tier,
    check_tenant_id,
)


@dataclass(frozen=True)
class DeployedTenant:
    """A tenant as its state describes it."""

    tenant_id: str
    tier: Tier
    resources: int
    outputs: Mapping[str, Any]


@dataclass(frozen=True)
class Offboarded:
    """What an offboarding removed; `result` is None if there was no workspace any more."""

    tenant_id: str
    result: Result | None
    freed: Placement | None
    seconds: float


class Tenants:
    """The tenants of one deployment.

    Parameters
    ----------
    deployment : Deployment
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def apply(self, document: TenantDocument, workspace: str | None = None) -> tuple[Result, State]:
        """Make the tenant what `document` says; onboards it if it does not exist.

        Parameters
        ----------
        workspace : str, optional
            Where the caller means to apply; anything but the document's tenant is refused.

        Returns
        -------
        tuple of Result and State
            What was done, and what the tenant has now.
        """
        _refuse_foreign(document, workspace)
        self._deployment.tenant_module(document.tier)
        self._require_same_tier(document)
        return self.apply_copy(document, serving=True)

    def apply_copy(
        self, document: TenantDocument, *, serving: bool, refusal: Refusal | None = None
    ) -> tuple[Result, State]:
        """Make the tenant's copy in the document's tier, whatever other copy there is.

        Parameters
        ----------
        serving : bool
            Whether requests reach this copy: of one at most.
        refusal : Refusal, optional
            How a new row refuses the tenant. What a row says that is there stays.
        """
        module = self._deployment.tenant_module(document.tier)
        existed = self._deployment.state.exists(document.tier.tenant_stack, document.tenant_id)
        note_forgotten(self._deployment, document.tenant_id, document.tier)
        if not existed and not self._deployment.state.in_doubt(
            document.tier.tenant_stack, document.tenant_id
        ):
            require_room(self._deployment, document)
        try:
            if document.tier.silo:
                document = document.placed(self._allocate(document))
            result = self._execute(
                RunKind.APPLY, document, module, serving=serving, refusal=refusal
            )
        except InterruptedRunError:
            raise
        except ProvisionerError:
            if not existed:
                self._forget_if_empty(document)
            raise
        self._deployment.inventories.record(document.tier, document.tenant_id)
        return result, self._state(document, result)

    def recover(self, document: TenantDocument) -> None:
        """Give a copy that was in use its state again, if that is lost."""
        if not is_lost(self._deployment, document.tenant_id, document.tier):
            return
        with access_errors():
            serving = self._deployment.mapping.tier(document.tenant_id) is document.tier
        self.apply_copy(document, serving=serving)

    def plan(self, document: TenantDocument, workspace: str | None = None) -> Result:
        """Return what `apply` would do, and leave nothing behind."""
        _refuse_foreign(document, workspace)
        module = self._deployment.tenant_module(document.tier)
        existed = self._require_same_tier(document)
        if not existed:
            require_room(self._deployment, document)
        if document.tier.silo:
            with placement_errors():
                found = self._deployment.placements.find(document.tenant_id, document.tier)
                placement = found or document.placement or self._deployment.placements.preview()
            document = document.placed(placement)
        try:
            return self._execute(RunKind.PLAN, document, module)
        finally:
            if not existed:
                self._forget_workspace(document.tier, document.tenant_id)

    def destroy(self, tenant_id: str, document: TenantDocument | None = None) -> Offboarded:
        """Remove the tenant: resources, state, workspace, slot and local files, of every copy.

        What it has in a pool is deleted item by item. Ends well only if no resource is tagged
        with the tenant any more, and no shared store has anything of it. Repeating it is safe.

        Parameters
        ----------
        document : TenantDocument, optional
            What is known of the tenant beside its states.

        Raises
        ------
        PreconditionError
            If a copy's state is lost, and nothing else says what the tenant's names are.
        """
        check_tenant_id(tenant_id)
        started = time.monotonic()
        self._deployment.state.require_bucket()
        result = None
        for tier in Tier:
            find_forgotten(self._deployment, tenant_id, tier, document)
        for tier in self._deployment.state.tiers_touched(tenant_id):
            result = destroy_copy(self._deployment, tenant_id, tier, document)
        self._deployment.progress.stage(f"tenant/{tenant_id}", "verify")
        verify_nothing_left(self._deployment, {"TenantId": tenant_id})
        verify_stores(self._deployment, tenant_id)
        freed = [slot for tier in Tier if tier.silo and (slot := self._free(tenant_id, tier))]
        self._deployment.moves.remove(tenant_id)
        for tier in Tier:
            self._deployment.files.run(tier.tenant_stack, tenant_id).remove()
        return Offboarded(
            tenant_id, result, freed[-1] if freed else None, time.monotonic() - started
        )

    def drop(self, document: TenantDocument) -> None:
        """Remove the tenant's copy in the document's tier, which does not serve; safe to repeat."""
        tenant_id, tier = document.tenant_id, document.tier
        find_forgotten(self._deployment, tenant_id, tier, document)
        if tier in self._deployment.state.tiers_touched(tenant_id):
            destroy_copy(self._deployment, tenant_id, tier, document)
        self._deployment.progress.stage(f"tenant/{tenant_id}", "verify")
        verify_nothing_left(self._deployment, {"TenantId": tenant_id, "Tier": tier.value})
        if tier.silo:
            self._free(tenant_id, tier)
        self._deployment.files.run(tier.tenant_stack, tenant_id).remove()

    def tier_of(self, tenant_id: str) -> Tier | None:
        """Return the tier whose copy has the tenant's data as it is now, None if it has none.

        What is served says it, and a move that has not ended: states can be lost.

        Raises
        ------
        PreconditionError
            If it has two and nothing says which.
        """
        if (move := self._deployment.moves.find(tenant_id)) is not None:
            return move.serving
        with access_errors():
            serving = self._deployment.mapping.tier(tenant_id)
        tiers = self._deployment.state.tiers_of(tenant_id)
        if serving is None and len(tiers) > 1:
            raise PreconditionError(
                f"tenant {tenant_id} has workspaces in tiers {', '.join(tiers)}, and no move is "
                "known: remove the one that does not serve"
            )
        return serving or (tiers[0] if tiers else None)

    def show(self, tenant_id: str) -> DeployedTenant | None:
        """Return the tenant as its state has it, None if it has none."""
        check_tenant_id(tenant_id)
        tier = self.tier_of(tenant_id)
        state = tier and self._deployment.state.read(tier.tenant_stack, tenant_id)
        if tier and state:
            return DeployedTenant(tenant_id, tier, state.resources, state.outputs)
        self._deployment.state.require_bucket()
        return None

    def list(self) -> list[TenantEntry]:
        """Return every tenant that has a workspace, by tier and id.

        One with two copies is listed in the tier that serves it.
        """
        self._deployment.state.require_bucket()
        entries = list(self._deployment.state.tenants())
        copies = Counter(entry.tenant_id for entry in entries)
        return [
            entry
            for entry in entries
            if copies[entry.tenant_id] == 1 or self.tier_of(entry.tenant_id) is entry.tier
        ]

    def _require_same_tier(self, document: TenantDocument) -> bool:
        """Return whether the tenant exists; raise if it does in another tier."""
        self._deployment.state.require_bucket()
        self._deployment.state.read(document.tier.tenant_stack, document.tenant_id)  # or refused
        tier = self.tier_of(document.tenant_id)
        if tier not in (None, document.tier):
            raise PreconditionError(
                f"tenant {document.tenant_id} exists in tier {tier}: got {document.tier}; a tenant "
                "changes its tier by a move, which takes its data along"
            )
        return tier is not None

    def _allocate(self, document: TenantDocument) -> Placement:
        """Return the copy's slot. If every cell is full, wait for the next one, or make it."""
        tenant_id, tier, wanted = document.tenant_id, document.tier, document.placement
        allocate = self._deployment.placements.allocate
        with placement_errors():
            try:
                return allocate(tenant_id, tier, wanted)
            except NoFreeSlotError as full:
                self._deployment.progress.note(f"tenant/{tenant_id}", str(full))
            make_next(self._deployment, wait=True)
            return allocate(tenant_id, tier, wanted)

    def _free(self, tenant_id: str, tier: Tier) -> Placement | None:
        try:
            with placement_errors():
                return self._deployment.placements.free(tenant_id, tier)
        except PreconditionError:
            return None  # without a table there is no slot

    def _execute(
        self,
        kind: RunKind,
        document: TenantDocument,
        module: Any,
        *,
        serving: bool = True,
        refusal: Refusal | None = None,
    ) -> Result:
        variables = document.variables() | {"serving": serving}
        if serving:
            with access_errors():
                refusal = self._deployment.mapping.refusal(document.tenant_id) or refusal
        if refusal is not None:
            variables["refusal"] = json.dumps(refusal.attributes())
        return self._deployment.engine.execute(
            Request(
                kind,
                module,
                document.tenant_id,
                variables,
                lock_seconds=self._deployment.lock_seconds,
                strays=TenantStrays(self._deployment, document.tenant_id, document.tier),
            )
        )

    def _state(self, document: TenantDocument, result: Result) -> State:
        state = self._deployment.state.read(document.tier.tenant_stack, document.tenant_id)
        return state or State(result.outputs, 0)

    def _forget_if_empty(self, document: TenantDocument) -> None:
        """After a failed onboarding that made nothing, leave no trace of it.

        What it made and the state does not know has taken the slot; the next attempt adopts it.
        """
        stack = document.tier.tenant_stack
        state = self._deployment.state.read(stack, document.tenant_id)
        strays = TenantStrays(self._deployment, document.tenant_id, document.tier)
        if (state is None or state.resources == 0) and not strays.tagged():
            self._forget_workspace(document.tier, document.tenant_id)
            if document.tier.silo:
                self._free(document.tenant_id, document.tier)

    def _forget_workspace(self, tier: Tier, tenant_id: str) -> None:
        if self._deployment.state.exists(tier.tenant_stack, tenant_id):
            module = require_module(self._deployment.modules, tier.tenant_stack)
            self._deployment.engine.forget(tier.tenant_stack, tenant_id, module)


def _refuse_foreign(document: TenantDocument, workspace: str | None) -> None:
    if workspace not in (None, document.tenant_id):
        raise WrongWorkspaceError(
            f"the document is of tenant {document.tenant_id}, the workspace is {workspace}: "
            "nothing was planned or changed"
        )

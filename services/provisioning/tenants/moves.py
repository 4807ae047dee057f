"""Moving a tenant between tiers: a second copy is made, filled, compared and then served.

::

    MAKING    apply the target's root module; the source serves
    COPYING   refuse the tenant, wait until no answer is cached, copy, compare
    CUTTING   the source gives up its row, the target gets one
    KEPT      the target serves; the source is kept until the move is confirmed,
              and a move back is a move like any other, with the newer data
    DROPPING  confirmed: the source is destroyed

Each step is written down before it begins and may be repeated. One that fails before the row has
passed lets the tenant in again where it was. One whose process is killed cannot: it is repeated, or
given up by a move back to the source.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.provisioning.errors import (
    InterruptedRunError,
    PreconditionError,
    ProvisionerError,
)
from services.provisioning.records.mapping import Reason
from services.provisioning.records.move_log import Move, Step
from services.provisioning.tenant_data.users import differences, refuse_foreign
from services.provisioning.tenants.tenant_copy import TenantCopy, find_copy, require_copy
from services.storage.items import Digest
from services.tenancy import TenantDocument, Tier

if TYPE_CHECKING:
    from services.provisioning.deployment import Deployment
    from services.provisioning.tenants.tenants import Tenants
    from services.provisioning.terraform.state import State


class CopyDiffersError(ProvisionerError):
    """The copy is not what was copied."""


@dataclass(frozen=True)
class Moved:
    """What a move did.

    Attributes
    ----------
    refused_seconds : float
        How long no request was served; 0 if an earlier attempt did it.
    """

    move: Move
    state: State
    refused_seconds: float


class Moves:
    """Moves of the tenants of one deployment.

    Parameters
    ----------
    deployment : Deployment
    tenants : Tenants
    """

    def __init__(self, deployment: Deployment, tenants: Tenants) -> None:
        self._deployment = deployment
        self._tenants = tenants
        self._log = deployment.moves
        self._mapping = deployment.mapping

    def run(self, document: TenantDocument) -> Moved:
        """Move the tenant to the tier that `document` names, with its data.

        Raises
        ------
        PreconditionError
            If an earlier move must be confirmed first, or names of users collide.
        CopyDiffersError
            If the copy is not what was copied. The tenant is served where it was.
        """
        move = self._given_up(document) or self._begin(document)
        self._tenants.recover(document.in_tier(move.serving))
        if move.step is Step.COPYING and not find_copy(
            self._deployment, move.tenant_id, move.target
        ):
            move = self._log.write(replace(move, step=Step.MAKING))  # its state is lost
        refused = 0.0
        if move.step is Step.MAKING:
            move = self._make(move, document)
        started = time.monotonic()
        if move.step is Step.COPYING:
            move = self._copy(move)
        if move.step is Step.CUTTING:
            move = self._cut(move, document)
            refused = time.monotonic() - started
        state = self._deployment.state.read(move.target.tenant_stack, move.tenant_id)
        if state is None:
            raise PreconditionError(f"tenant {move.tenant_id} has no state in tier {move.target}")
        return Moved(move, state, refused)

    def confirm(self, document: TenantDocument) -> Tier | None:
        """Destroy the copy that the last move has kept; None if there is none any more.

        Raises
        ------
        PreconditionError
            If the move has not come to its end.
        """
        tenant_id = document.tenant_id
        move = self._log.find(tenant_id)
        if move is None:
            return None
        if move.step not in (Step.KEPT, Step.DROPPING):
            raise PreconditionError(
                f"tenant {tenant_id} is still moving to tier {move.target} ({move.step}): retry "
                "the move first"
            )
        self._log.write(replace(move, step=Step.DROPPING))
        self._tenants.recover(document.in_tier(move.target))
        self._tenants.drop(document.in_tier(move.source))
        self._log.remove(tenant_id)
        return move.source

    def _given_up(self, document: TenantDocument) -> Move | None:
        """Let the tenant in again where it was, if its move from there has not come to its end.

        What was made for it is kept until it is confirmed, as after a move back. If the target
        serves already, it has newer data: the move has succeeded, and what follows is a move back.
        """
        move = self._log.find(document.tenant_id)
        unended = (Step.MAKING, Step.COPYING, Step.CUTTING)
        if move is None or move.source is not document.tier or move.step not in unended:
            return None
        if self._mapping.tier(move.tenant_id) is move.target:
            self._log.write(replace(move, step=Step.KEPT))
            return None
        self._stage(move, "give up")
        self._mapping.admit(move.tenant_id, Reason.MOVING)
        if move.step is Step.CUTTING:  # the source may have given up its row
            self._tenants.apply_copy(document, serving=True, refusal=move.refusal)
        self._note(move, f"is served in tier {move.source} as before")
        return self._log.write(Move(move.tenant_id, move.target, move.source, Step.KEPT))

    def _begin(self, document: TenantDocument) -> Move:
        tenant_id, target = document.tenant_id, document.tier
        move = self._log.find(tenant_id)
        if move is None:
            source = self._tenants.tier_of(tenant_id)
            if source is None:
                raise PreconditionError(f"tenant {tenant_id} does not exist: onboard it first")
            if source is target:
                raise PreconditionError(f"tenant {tenant_id} is in tier {target} already")
            return self._log.write(Move(tenant_id, source, target))
        if move.target is target and move.step is not Step.DROPPING:
            return move
        if move.step is Step.KEPT and move.source is target:
            self._note(move, f"moves back to tier {target}")
            return self._log.write(Move(tenant_id, move.target, move.source))
        raise PreconditionError(
            f"tenant {tenant_id}: its move from tier {move.source} to {move.target} has not ended "
            f"({move.step}); confirm it before it moves to tier {target}"
        )

    def _make(self, move: Move, document: TenantDocument) -> Move:
        self._stage(move, "make")
        self._tenants.apply_copy(document, serving=False)
        source, target = self._both(move)
        present = {user.name for user in target.users}
        refuse_foreign(
            target.users, [user.name for user in source.users if user.name not in present]
        )
        refusal = self._mapping.refusal(move.tenant_id)
        if refusal is not None and refusal.reason is not Reason.SUSPENDED:
            refusal = None
        return self._log.write(replace(move, step=Step.COPYING, refusal=refusal))

    def _copy(self, move: Move) -> Move:
        source, target = self._both(move)
        with self._served_again_on_failure(move):
            self._stage(move, "refuse")
            self._mapping.refuse(move.tenant_id, Reason.MOVING)
            self._wait(move)
            self._stage(move, "copy")
            verified = self._copied(source, target)
            users = target.users.match(source.users)
            if unequal := differences(source.users, target.users):
                raise CopyDiffersError(
                    f"tenant {move.tenant_id}: users {', '.join(unequal)} are not the same in "
                    f"tier {move.target}; the tenant is served in tier {move.source} as before"
                )
        for service, each in verified.items():
            self._note(move, f"{service}: {each.count} items, sha256 {each.sha256}")
        return self._log.write(replace(move, step=Step.CUTTING, verified=verified, users=users))

    def _copied(self, source: TenantCopy, target: TenantCopy) -> dict[str, Digest]:
        """Copy the documents of every service, and return what both sides have then."""
        verified = {}
        for service, documents in source.documents.items():
            if service not in target.documents:
                if not documents.digest().count:
                    continue
                raise PreconditionError(
                    f"tenant {source.tenant_id} has documents of {service}, and tier "
                    f"{target.tier} has no place for them: apply the tier with the same manifest "
                    "first"
                )
            target.documents[service].synchronise(documents.items())
            before, after = documents.digest(), target.documents[service].digest()
            if before != after:
                raise CopyDiffersError(
                    f"tenant {source.tenant_id}: {service} has {before.count} items in tier "
                    f"{source.tier} (sha256 {before.sha256}) and {after.count} in tier "
                    f"{target.tier} ({after.sha256}); the tenant is served as before"
                )
            verified[service] = before
        return verified

    def _cut(self, move: Move, document: TenantDocument) -> Move:
        self._stage(move, "cut over")
        try:
            self._tenants.apply_copy(document.in_tier(move.source), serving=False)
            self._tenants.apply_copy(document, serving=True, refusal=move.refusal)
        except ProvisionerError:
            self._note(move, "no request is served until the move is retried")
            raise
        return self._log.write(replace(move, step=Step.KEPT))

    @contextmanager
    def _served_again_on_failure(self, move: Move) -> Iterator[None]:
        try:
            yield
        except Exception:
            if self._mapping.admit(move.tenant_id, Reason.MOVING):
                self._note(move, f"is served in tier {move.source} again")
            raise

    def _both(self, move: Move) -> tuple[TenantCopy, TenantCopy]:
        source, target = (
            require_copy(self._deployment, move.tenant_id, tier)
            for tier in (move.source, move.target)
        )
        return source, target

    def _wait(self, move: Move) -> None:
        """Wait until no answer is cached that lets a request of the tenant through."""
        deadline = time.monotonic() + self._deployment.refusal_seconds
        while time.monotonic() < deadline:
            if self._deployment.interruption.requested:
                raise InterruptedRunError(f"move/{move.tenant_id}: stopped before the copy")
            time.sleep(0.1)

    def _stage(self, move: Move, name: str) -> None:
        self._deployment.progress.stage(f"move/{move.tenant_id}", name)

    def _note(self, move: Move, text: str) -> None:
        self._deployment.progress.note(f"move/{move.tenant_id}", text)

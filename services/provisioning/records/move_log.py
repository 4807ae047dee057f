"""How far a tenant's move between tiers is, written down so that a killed job resumes there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from services.provisioning.records.mapping import Reason, Refusal
from services.storage.items import Digest
from services.tenancy import Tier

if TYPE_CHECKING:
    from services.provisioning.terraform.state import StateStore


class Step(StrEnum):
    """What is being done; everything before it is done."""

    MAKING = "making"
    """The target is made; the tenant is served from the source."""
    COPYING = "copying"
    """The tenant is refused, and its data copied and compared."""
    CUTTING = "cutting"
    """The row passes from the source to the target."""
    KEPT = "kept"
    """The tenant is served from the target; the source is kept until it is confirmed."""
    DROPPING = "dropping"
    """The source is destroyed."""


@dataclass(frozen=True)
class Move:
    """One move of one tenant.

    Attributes
    ----------
    refusal : Refusal, optional
        How the tenant was suspended before the move, which it outlasts.
    verified : Mapping of str to Digest
        By service, the items that both copies had when they were compared.
    """

    tenant_id: str
    source: Tier
    target: Tier
    step: Step = Step.MAKING
    refusal: Refusal | None = None
    verified: Mapping[str, Digest] = field(default_factory=dict)
    users: int = 0

    @property
    def serving(self) -> Tier:
        """The tier whose copy has the tenant's data as it is now."""
        return self.target if self.step in (Step.KEPT, Step.DROPPING) else self.source

    def dump(self) -> bytes:
        """Return it as it is stored."""
        shown: dict[str, Any] = {
            "tenant_id": self.tenant_id,
            "source": self.source,
            "target": self.target,
            "step": self.step,
            "users": self.users,
            "verified": {
                name: {"count": each.count, "sha256": each.sha256}
                for name, each in self.verified.items()
            },
        }
        if self.refusal is not None:
            refusal = self.refusal
            shown["refusal"] = {
                "at": refusal.at,
                "reason": refusal.reason,
                "users": list(refusal.users),
            }
        return json.dumps(shown, indent=2, sort_keys=True).encode()

    @classmethod
    def parse(cls, content: bytes) -> Move:
        """Return what `dump` has stored."""
        shown: dict[str, Any] = json.loads(content)
        refusal = shown.get("refusal")
        return cls(
            shown["tenant_id"],
            Tier(shown["source"]),
            Tier(shown["target"]),
            Step(shown["step"]),
            Refusal(refusal["at"], Reason(refusal["reason"]), tuple(refusal["users"]))
            if refusal
            else None,
            {name: Digest(**each) for name, each in shown["verified"].items()},
            shown["users"],
        )


class MoveLog:
    """The moves that have not ended, as objects beside the states.

    Parameters
    ----------
    store : StateStore
    """

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def find(self, tenant_id: str) -> Move | None:
        """Return the tenant's move, None if it is not on one."""
        content = self._store.get_object(_key(tenant_id))
        return None if content is None else Move.parse(content)

    def write(self, move: Move) -> Move:
        """Store the move over what was known of it."""
        self._store.put_object(_key(move.tenant_id), move.dump())
        return move

    def remove(self, tenant_id: str) -> None:
        """Forget the tenant's move."""
        self._store.delete_object(_key(tenant_id))


def _key(tenant_id: str) -> str:
    # Where who may write tenants' states may write, too.
    return f"workspaces/tenant-moves/{tenant_id}.json"

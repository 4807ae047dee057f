"""What one plan would do, as a reviewer needs it: small, and without secrets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from services.provisioning.review.difference import Leaf
from services.provisioning.terraform.guard import OCCUPIED_TYPES, STATEFUL_TYPES


class ChangeKind(StrEnum):
    """What happens to one resource; the order is that of the comment."""

    DELETE = "destroy"
    REPLACE = "replace"
    FORGET = "forget"
    UPDATE = "update"
    CREATE = "create"
    READ = "read"
    NONE = "nothing"


LOSING = frozenset({ChangeKind.DELETE, ChangeKind.REPLACE})


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource and what happens to it.

    Attributes
    ----------
    address : str
        With the deposed object's key, if it is one.
    forced_by : tuple of str
        The attributes that make Terraform replace it.
    imported : str or None
        The id it is imported by.
    """

    address: str
    type: str
    action: ChangeKind
    reason: str = ""
    forced_by: tuple[str, ...] = ()
    moved_from: str = ""
    imported: str | None = None
    create_first: bool = False
    leaves: tuple[Leaf, ...] = ()

    @property
    def stateful(self) -> bool:
        """Whether it holds data, or the ground that others stand on."""
        return self.type in STATEFUL_TYPES or self.type in OCCUPIED_TYPES

    @property
    def rank(self) -> tuple[int, bool, str]:
        """Where it stands: what is lost, what is stateful, the rest."""
        if self.action in LOSING:
            return (0, not self.stateful, self.address)
        order = list(ChangeKind).index(self.action)
        return (1 if self.stateful else 2, False, f"{order}{self.address}")


@dataclass(frozen=True, slots=True)
class OutputChange:
    """One output and what happens to it; `note` says what happens to its flag."""

    name: str
    leaves: tuple[Leaf, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a policy found at one place."""

    policy: str
    address: str
    told: str


@dataclass(frozen=True, slots=True)
class Planned:
    """Whose plan it is.

    Attributes
    ----------
    source : str
        The file it was read from.
    """

    source: str
    tenant: str = ""
    tier: str = ""
    workspace: str = ""
    stack: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """All that one plan would do."""

    planned: Planned
    resources: tuple[ResourceChange, ...] = ()
    drifted: tuple[ResourceChange, ...] = ()
    outputs: tuple[OutputChange, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def empty(self) -> bool:
        """Whether an apply would change nothing, the state included."""
        return not (self.resources or self.outputs)

    def counts(self) -> Iterator[tuple[str, int]]:
        """Yield how many resources have which action, moves and imports apart."""
        for action in ChangeKind:
            number = sum(each.action is action for each in self.resources)
            if number and action is not ChangeKind.NONE:
                yield f"to {action.value}", number
        moved = sum(bool(each.moved_from) for each in self.resources)
        imported = sum(each.imported is not None for each in self.resources)
        yield from (
            (word, number)
            for word, number in (
                ("moved", moved),
                ("imported", imported),
                ("drifted", len(self.drifted)),
                ("outputs", len(self.outputs)),
            )
            if number
        )

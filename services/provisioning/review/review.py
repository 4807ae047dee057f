"""Plans in, one review out: alike plans together, and what the policies say of them."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.provisioning.errors import PlanUnreadableError
from services.provisioning.review.canonical import digest_of, quick_digest_of
from services.provisioning.review.changes import LOSING, Changes, Finding, Planned
from services.provisioning.review.plan import changes_of, read
from services.provisioning.review.policies import POLICIES, Policy, Severity
from services.provisioning.review.waivers import Waiver, waiver_of


class Verdict(StrEnum):
    """What a review ends with."""

    NOTHING = "Nothing to change"
    CHANGES = "Changes"
    REFUSED = "Refused by policy"

    @property
    def exit_code(self) -> int:
        """0: nothing, 2: changes, 1: refused, as `terraform plan -detailed-exitcode` has it."""
        return {Verdict.NOTHING: 0, Verdict.CHANGES: 2, Verdict.REFUSED: 1}[self]


@dataclass(frozen=True, slots=True)
class Group:
    """Plans that are alike: what the first of them does, and whose they are."""

    changes: Changes
    members: list[Planned]

    @property
    def rank(self) -> tuple[int, int, str]:
        """Where it stands in the comment: what loses something, what holds data, the rest."""
        resources = self.changes.resources
        if any(each.action in LOSING for each in resources):
            first = 0
        elif any(each.stateful for each in resources):
            first = 1
        else:
            first = 3 if self.changes.empty else 2
        return (first, -len(self.members), self.changes.planned.source)


@dataclass(frozen=True, slots=True)
class Judged:
    """One finding wherever it is found, under its policy, with its waiver if it has one."""

    finding: Finding
    policy: Policy
    waiver: Waiver | None
    members: list[Planned]

    @property
    def refuses(self) -> bool:
        """Whether the plans must not be applied because of it."""
        return self.policy.severity is Severity.REFUSE and self.waiver is None


@dataclass(frozen=True, slots=True)
class Review:
    """Every plan's changes, alike ones together, and what is to be said of them."""

    groups: tuple[Group, ...]
    judged: tuple[Judged, ...]
    unused: tuple[Waiver, ...]

    @property
    def plans(self) -> int:
        """How many plans there are."""
        return sum(len(group.members) for group in self.groups)

    @property
    def verdict(self) -> Verdict:
        """What it ends with."""
        if any(each.refuses for each in self.judged):
            return Verdict.REFUSED
        if all(group.changes.empty for group in self.groups):
            return Verdict.NOTHING
        return Verdict.CHANGES


def review_of(plans: Iterable[tuple[Any, Planned]], waivers: Sequence[Waiver] = ()) -> Review:
    """Return the review of plans, of which one at a time is in memory.

    Raises
    ------
    PlanUnreadableError
        One of them is no plan, or there is none.
    """
    with _without_collection():
        groups = _grouped(plans)
    if not groups:
        raise PlanUnreadableError("no plan to review")
    ordered = tuple(sorted(groups.values(), key=lambda group: group.rank))
    judged = tuple(_judged(ordered, waivers))
    used = {each.waiver for each in judged}
    return Review(ordered, judged, tuple(each for each in waivers if each not in used))


def _grouped(plans: Iterable[tuple[Any, Planned]]) -> dict[bytes, Group]:
    groups: dict[bytes, Group] = {}
    known: dict[bytes, Group] = {}
    for document, planned in plans:
        try:
            reading = read(document, planned)
            quick = quick_digest_of(reading)
            if quick in known:
                known[quick].members.append(reading.shown)
                continue
            changes = changes_of(reading)
            digest = digest_of(changes, document)
        except RecursionError as error:
            raise PlanUnreadableError(f"{planned.source}: nested too deep") from error
        known[quick] = groups.setdefault(digest, Group(changes, []))
        known[quick].members.append(changes.planned)
    return groups


@contextmanager
def _without_collection() -> Iterator[None]:
    """Look for no circles of references: JSON has none, and the search is a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _judged(groups: Iterable[Group], waivers: Sequence[Waiver]) -> Iterator[Judged]:
    policies = {policy.id: policy for policy in POLICIES}
    where: dict[Finding, list[Planned]] = {}
    for group in groups:
        for finding in dict.fromkeys(group.changes.findings):
            where.setdefault(finding, []).extend(group.members)
    found = [
        Judged(finding, policies[finding.policy], waiver_of(finding, waivers), members)
        for finding, members in where.items()
    ]
    yield from sorted(found, key=lambda each: (not each.refuses, each.waiver is not None))

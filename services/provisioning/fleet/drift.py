"""What of a tenant is not what was applied: the attributes that really differ. Pure.

Terraform cannot be asked for it. `plan -refresh-only -detailed-exitcode` exits with 2 where nothing
has changed, again and again, and after a clean apply `resource_drift` lists `tags: null -> {}`. And
of what does differ, a part is meant to: the number of tasks that autoscaling has set. So an
attribute has drifted if it is not what the state says, nothing in place of null not counted, and a
plan would put it back. That is what a reconciliation repairs, and gone when the plan is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.provisioning.review.changes import ChangeKind, Changes, Planned, ResourceChange
from services.provisioning.review.difference import ABSENT, Special
from services.provisioning.review.plan import changes_of, read

_MADE_ANEW: Final = frozenset({ChangeKind.CREATE, ChangeKind.REPLACE})
_NOTHING: Final[tuple[Any, ...]] = ({}, [])
# The provider keeps each tag twice, the second time with the defaults.
_TWICE: Final = ("tags_all", "tags")


@dataclass(frozen=True, order=True)
class Drifted:
    """One attribute that has drifted; an empty path is the whole resource, which is gone."""

    address: str
    path: str = ""

    def __str__(self) -> str:
        return f"{self.address}: {self.path or 'is gone'}"


def drift_of(document: Mapping[str, Any] | None) -> tuple[Drifted, ...]:
    """Return what has drifted, by the plan of a tenant at the release that it runs.

    Parameters
    ----------
    document : Mapping or None
        What `terraform show -json` prints of the plan; None of an empty one, which has no drift.

    Raises
    ------
    services.provisioning.errors.PlanUnreadableError
    """
    if document is None:
        return ()
    return tuple(sorted(set(_drifted(changes_of(read(dict(document), Planned("the plan")))))))


def _drifted(changes: Changes) -> Iterator[Drifted]:
    planned = {each.address: each for each in changes.resources}
    for each in changes.drifted:
        undone = planned.get(each.address)
        if undone is None:
            continue
        if each.action is ChangeKind.DELETE:
            if undone.action in _MADE_ANEW:
                yield Drifted(each.address)
            continue
        yield from (Drifted(each.address, path) for path in _put_back(each, undone))


def _put_back(seen: ResourceChange, undone: ResourceChange) -> Iterator[str]:
    """Yield the paths that have changed and that the plan changes, to a value that is known."""
    wanted = {path for path, _, after in undone.leaves if not _unknown(after)}
    own = {
        path
        for path, before, after in seen.leaves
        if not (_nothing(before) and _nothing(after)) and any(_one(path, each) for each in wanted)
    }
    for path in own:
        twice, once = _TWICE
        if not (path.startswith(twice) and once + path.removeprefix(twice) in own):
            yield path


def _one(path: str, other: str) -> bool:
    """Whether two paths are the same, or one leads into the other."""
    return path == other or _within(path, other) or _within(other, path)


def _within(path: str, outer: str) -> bool:
    return path.startswith(outer) and path[len(outer) :][:1] in (".", "[")


def _unknown(value: Any) -> bool:
    return value is Special.UNKNOWN


def _nothing(value: Any) -> bool:
    return value is ABSENT or value is None or value in _NOTHING

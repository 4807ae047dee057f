"""What a change does to which attribute: two trees of values as a list of leaves.

JSON inside a string (policies, container definitions) is compared as JSON, so that one changed
word is one leaf.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

from services.provisioning.review.secret_names import names_a_secret

DEEPEST = 48
"""How deep attributes are told apart; what is below is one leaf, as JSON."""


class Special(Enum):
    """What stands where a value cannot."""

    ABSENT = "(absent)"
    UNKNOWN = "(known after apply)"
    SENSITIVE = "(sensitive)"


ABSENT, UNKNOWN, SENSITIVE = Special.ABSENT, Special.UNKNOWN, Special.SENSITIVE

Leaf = tuple[str, Any, Any]
"""Path, before, after: each a scalar, an empty container or `Special`."""


_Marks = tuple[Any, Any, Any]
"""Trees beside the values: what is unknown, what was sensitive, what will be."""
_UNMARKED: _Marks = (None, None, None)


class Difference:
    """The leaves in which two trees differ, and the values that were hidden by their names."""

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self.hidden: list[Any] = []

    def between(
        self, before: Any, after: Any, unknown: Any, old_secret: Any, new_secret: Any
    ) -> None:
        """Add what differs; the last three are the trees beside the values in plan JSON."""
        self._walk("", before, after, (unknown, old_secret, new_secret), 0)

    def _walk(self, path: str, before: Any, after: Any, marks: _Marks, depth: int) -> None:
        unknown, old_secret, new_secret = marks
        if unknown is True:
            after = UNKNOWN
        if old_secret is True or new_secret is True:
            if before != after or (old_secret is True) != (new_secret is True):
                self._hide(path, before, after)
        elif depth >= DEEPEST:
            self._bottom(path, before, after, marks)
        elif _alike(before, after, marks):
            return
        elif _both(dict, before, after):
            self._members(path, before, after, marks, depth)
        elif _both(list, before, after):
            self._elements(path, before, after, marks, depth)
        elif not self._json(path, before, after, depth):
            self._ends(path, before, after, depth)

    def _members(self, path: str, before: Any, after: Any, marks: _Marks, depth: int) -> None:
        left, right = _as(before, dict), _as(after, dict)
        unknown, old, new = (_as(tree, dict) for tree in marks)
        if not left and not right and not unknown:
            self.leaves.append((path, before, after))
            return
        pair = _named_secret(left) or _named_secret(right)
        self._emptied(path, before, after)
        for key in dict.fromkeys((*left, *right, *unknown)):
            was, now, mark = left.get(key, ABSENT), right.get(key, ABSENT), unknown.get(key)
            # An attribute that is null is one that is not there.
            if (was is now and not (mark or old.get(key) or new.get(key))) or (
                depth == 0
                and mark is not True
                and {was is None, now is None} == {True, False}
                and ABSENT in (was, now)
            ):
                continue
            below = f"{path}.{step(key)}" if path else step(key)
            if (names_a_secret(key) or (pair and key == "value")) and not isinstance(now, bool):
                if was != now or mark is True:
                    self._hide(below, was, UNKNOWN if mark is True else now)
                continue
            self._walk(below, was, now, (mark, old.get(key), new.get(key)), depth + 1)

    def _elements(self, path: str, before: Any, after: Any, marks: _Marks, depth: int) -> None:
        left, right = _as(before, list), _as(after, list)
        trees = [_as(tree, list) for tree in marks]
        if not left and not right and not trees[0]:
            self.leaves.append((path, before, after))
            return
        self._emptied(path, before, after)
        for index in range(max(len(left), len(right), len(trees[0]))):
            unknown, old, new = (tree[index] if index < len(tree) else None for tree in trees)
            self._walk(
                f"{path}[{index}]",
                left[index] if index < len(left) else ABSENT,
                right[index] if index < len(right) else ABSENT,
                (unknown, old, new),
                depth + 1,
            )

    def _emptied(self, path: str, before: Any, after: Any) -> None:
        """Add that a side is an empty container, which is more than that it is not there."""
        old = before if before in ({}, []) else ABSENT
        new = after if after in ({}, []) else ABSENT
        if path and (old is not ABSENT or new is not ABSENT) and old != new:
            self.leaves.append((path, old, new))

    def _json(self, path: str, before: Any, after: Any, depth: int) -> bool:
        """Compare JSON in strings; False if it is none, or differs in its writing only."""
        if not isinstance(before, str) or not isinstance(after, str):
            return False
        if before[:1] not in ("{", "[") or after[:1] not in ("{", "["):
            return False
        try:
            left, right = json.loads(before), json.loads(after)
        except (ValueError, RecursionError):
            return False
        if _dumped(left) == _dumped(right):
            return False
        known = len(self.leaves)
        self._walk(path, left, right, _UNMARKED, depth + 1)
        return len(self.leaves) > known

    def _ends(self, path: str, before: Any, after: Any, depth: int) -> None:
        """Add a leaf whose sides are no containers of one kind; a container becomes its leaves."""
        for is_old, side in ((True, before), (False, after)):
            if isinstance(side, dict | list) and side:
                if is_old:
                    self._walk(path, side, ABSENT, _UNMARKED, depth + 1)
                    before = ABSENT
                else:
                    self._walk(path, ABSENT, side, _UNMARKED, depth + 1)
                    after = ABSENT
        for side in (before, after):
            if isinstance(side, str) and side[:1] in ("{", "["):
                self.hidden += _named_in(side)
        if before is not ABSENT or after is not ABSENT:
            self.leaves.append((path, before, after))

    def _bottom(self, path: str, before: Any, after: Any, parts: _Marks) -> None:
        if any(_marked(part) for part in parts):
            self._hide(path, before, after)
        elif _dumped(before) != _dumped(after):
            self.hidden += [*_named_in(_dumped(before)), *_named_in(_dumped(after))]
            self.leaves.append((path, _leaf(before), _leaf(after)))

    def _hide(self, path: str, before: Any, after: Any) -> None:
        self.hidden += (before, after)
        self.leaves.append((path, _hidden(before), _hidden(after)))


def step(key: str) -> str:
    """Return a key as it stands in a path, so that no two paths are written alike."""
    return (
        key if key.replace("-", "_").isidentifier() else f"[{json.dumps(key, ensure_ascii=False)}]"
    )


def _hidden(value: Any) -> Any:
    return value if value is None or isinstance(value, Special) else SENSITIVE


def _leaf(value: Any) -> Any:
    return _dumped(value) if isinstance(value, dict | list) else value


def _dumped(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _alike(before: Any, after: Any, marks: _Marks) -> bool:
    """Whether nothing differs; equality alone takes 1, 1.0 and true for one value."""
    if before is not after and before != after:
        return False
    if any(map(_marked, marks)):
        return False
    if not isinstance(before, dict | list):
        return type(before) is type(after)
    return before is after or _dumped(before) == _dumped(after)


def _both(kind: type, before: Any, after: Any) -> bool:
    """Whether one side is a container of this kind, and the other one is too, or is not there."""
    one = isinstance(before, kind) or isinstance(after, kind)
    return one and all(isinstance(side, kind) or side is ABSENT for side in (before, after))


def _as(value: Any, kind: type[Any]) -> Any:
    return value if isinstance(value, kind) else kind()


def _marked(tree: Any) -> bool:
    """Whether any place of a tree of marks is true."""
    if isinstance(tree, dict):
        return any(map(_marked, tree.values()))
    if isinstance(tree, list):
        return any(map(_marked, tree))
    return tree is True


def _named_in(written: str) -> list[Any]:
    """Return the values in a text of JSON that are secret by their names."""
    try:
        pending = [json.loads(written)]
    except (ValueError, RecursionError):
        return []
    found: list[Any] = []
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += value
        elif isinstance(value, dict):
            pair = _named_secret(value)
            for key, part in value.items():
                secret = names_a_secret(key) or (pair and key == "value")
                (found if secret and not isinstance(part, bool) else pending).append(part)
    return found


def _named_secret(members: dict[str, Any]) -> bool:
    """Whether an object is a name beside its value, as variables of containers are."""
    name = members.get("name")
    return isinstance(name, str) and "value" in members and names_a_secret(name)

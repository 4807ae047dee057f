"""What a model demands of a value, compiled once per shape into plain functions.

A value is as its protocol's JSON has it, or as `wire` reads it from other protocols: blobs are
base64, times are numbers or text, members have the names they have on the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from services.local_aws.requests.patterns import compiled


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a request.

    Attributes
    ----------
    path : tuple of str
        Where, from the top: members, positions from 1, keys of maps.
    constraint : str
        What is broken: required, type, length, range, pattern or enum.
    rule : str
        What AWS says of it after "Member must".
    value : object
        What was given; None if nothing was.
    shape : str
        The model's name for the value, by which exemptions are made.
    """

    path: tuple[str, ...]
    constraint: str
    rule: str
    value: Any
    shape: str

    def within(self, name: str) -> Problem:
        """Return it as seen from one level above."""
        return Problem((name, *self.path), self.constraint, self.rule, self.value, self.shape)


Check = Callable[[Any], list[Problem]]
_Rule = Callable[[Any], str | None]

_NONE: Final[list[Problem]] = []
_TEXT: Final = (str,)
_SCALARS: Final[Mapping[str, tuple[type, ...]]] = {
    "string": _TEXT,
    "character": _TEXT,
    "blob": (str, bytes),
    "timestamp": (str, int, float),
    "boolean": (bool,),
    # Not a number and the infinities are text on the wire.
    "float": (int, float, str),
    "double": (int, float, str),
    "integer": (int, float),
    "long": (int, float),
    "byte": (int, float),
    "short": (int, float),
    "bigdecimal": (int, float, str),
    "biginteger": (int, float, str),
}
_NUMBERS: Final = frozenset({"integer", "long", "byte", "short", "float", "double"})


class Compiler:
    """Compiles the shapes of one service, each once.

    Parameters
    ----------
    exempt : collection of (str, str)
        Shapes and constraints that AWS does not enforce, or enforces otherwise.
    """

    def __init__(self, exempt: Collection[tuple[str, str]] = ()) -> None:
        self._exempt = exempt
        self._checks: dict[str, Check] = {}

    def check(self, shape: Shape) -> Check:
        """Return the function that finds what is wrong with a value of `shape`."""
        known = self._checks.get(shape.name)
        if known is not None:
            return known

        # A shape may contain itself: until its own check is ready, its name stands for it.
        def later(value: Any) -> list[Problem]:
            return self._checks[shape.name](value)

        self._checks[shape.name] = later
        made = self._checks[shape.name] = self._compile(shape)
        return made

    def _compile(self, shape: Shape) -> Check:
        if getattr(shape, "is_document_type", False) or shape.serialization.get("eventstream"):
            return lambda value: _NONE
        if isinstance(shape, StructureShape):
            return self._structure(shape)
        if isinstance(shape, ListShape):
            return self._list(shape)
        if isinstance(shape, MapShape):
            return self._map(shape)
        return self._scalar(shape)

    def _structure(self, shape: StructureShape) -> Check:
        required = [
            wire_name(name, shape.members[name])
            for name in shape.required_members
            if (shape.name, "required") not in self._exempt
            and (f"{shape.name}${name}", "required") not in self._exempt
        ]
        members = {
            wire_name(name, member): self.check(member) for name, member in shape.members.items()
        }
        name = shape.name

        def check(value: Any) -> list[Problem]:
            if not isinstance(value, dict):
                return [_mistyped("a structure", value, name)]
            problems = _NONE
            for member in required:
                if value.get(member) is None:
                    missing = Problem((member,), "required", "not be null", None, name)
                    problems = [*problems, missing]
            for key, child in value.items():
                inner = members.get(key)
                if inner is not None and child is not None and (found := inner(child)):
                    problems = [*problems, *(each.within(key) for each in found)]
            return problems

        return check

    def _list(self, shape: ListShape) -> Check:
        item = self.check(shape.member)
        rules = self._rules(shape, (("length", _lengths(shape)),))
        name = shape.name

        def check(value: Any) -> list[Problem]:
            if not isinstance(value, list):
                return [_mistyped("a list", value, name)]
            problems = _broken(rules, value, name)
            for number, child in enumerate(value, 1):
                if child is not None and (found := item(child)):
                    inner = (each.within("member").within(str(number)) for each in found)
                    problems = [*problems, *inner]
            return problems

        return check

    def _map(self, shape: MapShape) -> Check:
        key_check, value_check = self.check(shape.key), self.check(shape.value)
        rules = self._rules(shape, (("length", _lengths(shape)),))
        name = shape.name

        def check(value: Any) -> list[Problem]:
            if not isinstance(value, dict):
                return [_mistyped("a map", value, name)]
            problems = _broken(rules, value, name)
            for key, child in value.items():
                found = key_check(key)
                if child is not None:
                    found = found + value_check(child)
                if found:
                    problems = [*problems, *(each.within(str(key)) for each in found)]
            return problems

        return check

    def _scalar(self, shape: Shape) -> Check:
        kind, name = shape.type_name, shape.name
        types = _SCALARS[kind]
        boolean = kind == "boolean"
        candidates: list[tuple[str, _Rule | None]] = []
        if isinstance(shape, StringShape):
            pattern = shape.metadata.get("pattern")
            candidates = [
                ("enum", _enumeration(shape.enum)),
                ("length", _lengths(shape)),
                ("pattern", _pattern(pattern)),
            ]
        elif kind in _NUMBERS:
            candidates = [("range", _range(shape))]
        elif kind == "blob":
            candidates = [("length", _bytes(shape))]
        rules = self._rules(shape, candidates)

        def check(value: Any) -> list[Problem]:
            if not isinstance(value, types) or isinstance(value, bool) is not boolean:
                return [_mistyped(f"of type {kind}", value, name)]
            return _broken(rules, value, name) if rules else _NONE

        return check

    def _rules(
        self, shape: Shape, candidates: Iterable[tuple[str, _Rule | None]]
    ) -> tuple[tuple[str, _Rule], ...]:
        return tuple(
            (constraint, rule)
            for constraint, rule in candidates
            if rule is not None and (shape.name, constraint) not in self._exempt
        )


def wire_name(name: str, member: Shape) -> str:
    """Return what a structure's member is called on the wire."""
    return str(member.serialization.get("name", name))


def _broken(rules: tuple[tuple[str, _Rule], ...], value: Any, shape: str) -> list[Problem]:
    problems = _NONE
    for constraint, rule in rules:
        said = rule(value)
        if said is not None:
            problems = [*problems, Problem((), constraint, said, value, shape)]
    return problems


def _mistyped(kind: str, value: Any, shape: str) -> Problem:
    return Problem((), "type", f"be {kind}", value, shape)


def _enumeration(allowed: list[str]) -> _Rule | None:
    if not allowed:
        return None
    values = frozenset(allowed)
    said = f"satisfy enum value set: [{', '.join(allowed)}]"
    return lambda value: None if value in values else said


def _pattern(pattern: str | None) -> _Rule | None:
    if not pattern:
        return None
    match = compiled(pattern).fullmatch
    said = f"satisfy regular expression pattern: {pattern}"
    return lambda value: None if match(value) else said


def _lengths(shape: Shape) -> _Rule | None:
    return _between(shape, "have length {} than or equal to {}", len)


def _bytes(shape: Shape) -> _Rule | None:
    def size(value: str | bytes) -> int:
        if isinstance(value, bytes):
            return len(value)
        text = value.rstrip("=")
        return len(text) * 3 // 4

    return _between(shape, "have length {} than or equal to {}", size)


def _range(shape: Shape) -> _Rule | None:
    return _between(shape, "have value {} than or equal to {}", _number)


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) else value


def _between(shape: Shape, said: str, measure: Callable[[Any], float]) -> _Rule | None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low in (None, 0) and high is None:
        return None

    def rule(value: Any) -> str | None:
        measured = measure(value)
        if low is not None and measured < low:
            return said.format("greater", low)
        if high is not None and measured > high:
            return said.format("less", high)
        return None

    return rule

"""Type constraints of Terraform variables, and whether a value meets one. Pure Python.

Stricter than Terraform in two points, because both hide mistakes: a text is no number and a
number no text, where Terraform converts; and an object has no attribute its type does not name,
where Terraform drops it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from constructs_lib.hcl.reader import Call, Name, parse_call

__all__ = ["TypeConstraint", "is_unknown", "parse_type", "plain", "problems", "shown"]

_PRIMITIVES: Final = {"string": str, "number": (int, float), "bool": bool}
_COLLECTIONS: Final = ("list", "set", "map")
# cdktf writes what only Terraform knows as text with one of these marks, and numbers as huge
# negative ones.
_TOKEN_MARKS: Final = ("${", "#{TfToken[", "&{TfToken[")
_TOKEN_NUMBERS_BELOW: Final = -1e200


@dataclass(frozen=True)
class TypeConstraint:
    """A type as a variable declares it.

    Parameters
    ----------
    kind : str
        string, number, bool, any, list, set, map, object or tuple.
    element : TypeConstraint, optional
        Of a collection.
    attributes : mapping of str to TypeConstraint
        Of an object.
    optional : frozenset of str
        The attributes that may be left out.
    elements : tuple of TypeConstraint
        Of a tuple.
    """

    kind: str
    element: TypeConstraint | None = None
    attributes: Mapping[str, TypeConstraint] | None = None
    optional: frozenset[str] = frozenset()
    elements: tuple[TypeConstraint, ...] = ()

    def __str__(self) -> str:
        if self.element is not None:
            return f"{self.kind}({self.element})"
        if self.attributes is not None:
            inner = ", ".join(
                f"{name} = optional({each})" if name in self.optional else f"{name} = {each}"
                for name, each in self.attributes.items()
            )
            return f"object({{{inner}}})"
        if self.kind == "tuple":
            return f"tuple([{', '.join(map(str, self.elements))}])"
        return self.kind


ANY: Final = TypeConstraint("any")


def parse_type(text: str) -> TypeConstraint:
    """Read a type constraint as it is written in HCL.

    Raises
    ------
    ValueError
        If it is none; the message says which part.

    Examples
    --------
    >>> str(parse_type("map(object({ min = optional(number, 1), zones = list(string) }))"))
    'map(object({min = optional(number), zones = list(string)}))'
    """
    return _constraint(parse_call(text))


def _constraint(tree: Any) -> TypeConstraint:
    match tree:
        case Name() if tree in _PRIMITIVES or tree == "any":
            return TypeConstraint(str(tree))
        case Name() if tree in _COLLECTIONS:
            return TypeConstraint(str(tree), element=ANY)
        case Call(name, (element,)) if name in _COLLECTIONS:
            return TypeConstraint(name, element=_constraint(element))
        case Call("object", (dict() as attributes,)):
            inner = {name: _attribute(each) for name, each in attributes.items()}
            return TypeConstraint(
                "object",
                attributes={name: constraint for name, (constraint, _) in inner.items()},
                optional=frozenset(name for name, (_, optional) in inner.items() if optional),
            )
        case Call("tuple", (list() as elements,)):
            return TypeConstraint("tuple", elements=tuple(_constraint(each) for each in elements))
    raise ValueError(f"{tree!r} is no type")


def _attribute(tree: Any) -> tuple[TypeConstraint, bool]:
    match tree:
        case Call("optional", (constraint, *_)):
            return _constraint(constraint), True
    return _constraint(tree), False


def problems(value: Any, constraint: TypeConstraint, path: str) -> Iterator[str]:
    """Yield one sentence for each part of `value` that does not meet `constraint`.

    Values that only Terraform knows pass: Terraform checks them.

    Examples
    --------
    >>> list(problems({"min": "1"}, parse_type("map(number)"), "sizes"))
    ['sizes["min"]: got "1" (string); allowed number']
    """
    kind = constraint.kind
    if kind == "any" or is_unknown(value, whole=kind != "string"):
        return
    if kind in _PRIMITIVES:
        allowed: Any = _PRIMITIVES[kind]
        if not isinstance(value, allowed) or (kind == "number" and isinstance(value, bool)):
            yield _mismatch(path, value, constraint)
    elif kind in ("map", "object"):
        yield from _mapping_problems(value, constraint, path)
    else:
        yield from _sequence_problems(value, constraint, path)


def _mapping_problems(value: Any, constraint: TypeConstraint, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield _mismatch(path, value, constraint)
        return
    attributes = constraint.attributes
    if attributes is None:
        for key, each in value.items():
            yield from problems(each, constraint.element or ANY, f'{path}["{key}"]')
        return
    for name in value:
        if name not in attributes:
            yield f"{path}.{name}: unknown attribute; allowed {', '.join(attributes)}"
    for name, inner in attributes.items():
        if value.get(name) is not None:
            yield from problems(value[name], inner, f"{path}.{name}")
        elif name not in constraint.optional:
            yield f"{path}.{name}: missing; allowed {inner}"


def _sequence_problems(value: Any, constraint: TypeConstraint, path: str) -> Iterator[str]:
    if not isinstance(value, list | tuple | AbstractSet):
        yield _mismatch(path, value, constraint)
    elif constraint.kind != "tuple":
        for index, each in enumerate(value):
            yield from problems(each, constraint.element or ANY, f"{path}[{index}]")
    elif len(value) != len(constraint.elements):
        yield f"{path}: got {len(value)} elements; allowed {constraint}"
    else:
        for index, (each, inner) in enumerate(zip(value, constraint.elements, strict=True)):
            yield from problems(each, inner, f"{path}[{index}]")


def is_unknown(value: Any, *, whole: bool = True) -> bool:
    """Whether only Terraform knows `value`: a token, an expression, or a text that holds one.

    Parameters
    ----------
    whole : bool, default True
        Whether a text must be an expression from end to end. `a-${var.b}` is one only in part:
        it is a string, whatever `var.b` is.
    """
    if isinstance(value, str):
        return value.startswith(_TOKEN_MARKS) if whole else any(m in value for m in _TOKEN_MARKS)
    if isinstance(value, int | float):
        return value < _TOKEN_NUMBERS_BELOW
    if isinstance(value, Mapping):
        return any(isinstance(key, str) and key.startswith(_TOKEN_MARKS[2]) for key in value)
    if isinstance(value, list | tuple):
        return len(value) == 1 and isinstance(value[0], str) and value[0].startswith("#{TfToken[")
    # Objects of cdktf that resolve themselves.
    return hasattr(value, "resolve") and hasattr(value, "creation_stack")


def plain(value: Any) -> Any:
    """Return `value` in lists and dicts, which is what jsii passes on; sets become sorted."""
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, AbstractSet):
        return sorted((plain(each) for each in value), key=str)
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def shown(value: Any) -> str:
    """Return `value` as HCL would show it, with its type.

    >>> shown(True), shown([1, "a"])
    ('true (bool)', '[1, "a"] (list)')
    """
    return f"{_literal(value)} ({_kind(value)})"


def _mismatch(path: str, value: Any, constraint: TypeConstraint) -> str:
    return f"{path}: got {shown(value)}; allowed {constraint}"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key} = {_literal(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple | AbstractSet):
        return f"[{', '.join(map(_literal, value))}]"
    return str(value)


def _kind(value: Any) -> str:
    kinds: tuple[tuple[Any, str], ...] = (
        (bool, "bool"),
        (str, "string"),
        ((int, float), "number"),
        (Mapping, "object"),
        (AbstractSet, "set"),
        ((list, tuple), "list"),
        (type(None), "null"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), type(value).__name__)

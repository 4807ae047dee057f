"""All problems of one input at once, each with its path, the value given and what is allowed."""

from __future__ import annotations

import difflib
import json
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from services.tenancy.errors import TenancyError

_SHOWN = 60  # characters of a given value; longer ones are cut


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with an input."""

    path: str
    given: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.path}: got {self.given}; allowed {self.allowed}"


class InputError(TenancyError, ValueError):
    """Raised with every problem found, never only with the first.

    Parameters
    ----------
    source : str
        What was read, a file name for instance.
    problems : Iterable[Problem]
        Everything wrong with it.
    """

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{source}: {count} {'problem' if count == 1 else 'problems'}"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))


def not_allowed(allowed: str, given: object = ...) -> PydanticCustomError:
    """Return the error a validator raises; `given` replaces the field's value in the message."""
    context: dict[str, Any] = {"allowed": allowed}
    if given is not ...:
        context["given"] = str(given)
    return PydanticCustomError("not_allowed", "{allowed}", context)


def problems_of(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Translate pydantic's findings about `model` into the project's own form."""
    return [_problem(dict(detail), model) for detail in error.errors(include_url=False)]


def show(value: object) -> str:
    """Return `value` as a reader of the input file would write it, cut to one short line."""
    try:
        text = json.dumps(value, default=str, ensure_ascii=False)
    except ValueError:
        text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def one_of(names: Iterable[str]) -> str:
    """Return "a, b or c"."""
    listed = list(names)
    if len(listed) < 2:
        return "".join(listed) or "nothing"
    return f"{', '.join(listed[:-1])} or {listed[-1]}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return what is known, and the closest name if one is close."""
    listed = list(known)
    close = difflib.get_close_matches(name, listed, n=1, cutoff=0.6)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    return f"one of {', '.join(listed)}{hint}"


def _problem(detail: Mapping[str, Any], model: type[BaseModel]) -> Problem:
    location: tuple[str | int, ...] = tuple(part for part in detail["loc"] if part != "[key]")
    path = _path(location)
    kind: str = detail["type"]
    context: Mapping[str, Any] = detail.get("ctx", {})
    match kind:
        case "missing":
            allowed = _described(model, location) or "a value; it is required"
            return Problem(path, "nothing", allowed)
        case "extra_forbidden":
            known = _known_keys(model, location[:-1])
            return Problem(path, "an unknown key", did_you_mean(str(location[-1]), known))
        case "not_allowed":
            return Problem(path, context.get("given", show(detail["input"])), context["allowed"])
        case "enum" | "literal_error":
            expected = str(context["expected"]).replace("'", "")
            return Problem(path, show(detail["input"]), expected)
    allowed = _described(model, location) or _plain(detail["msg"])
    return Problem(path, show(detail["input"]), allowed)


def _plain(message: str) -> str:
    for start in ("Input should be ", "Value should ", "Input should "):
        message = message.removeprefix(start)
    return message.removeprefix("a valid ").removeprefix("have ")


def _path(location: tuple[str | int, ...]) -> str:
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path or "(document)"


def _described(model: type[BaseModel], location: tuple[str | int, ...]) -> str | None:
    """Return the description of the value at `location`: by rule, it says what is allowed."""
    if not location:
        return None
    owner = _model_at(model, location[:-1])
    if owner is None:
        return _description(_element(_annotation_at(model, location[:-1])))
    field = owner.model_fields.get(str(location[-1]))
    return (field.description or _description(field.annotation)) if field else None


def _description(annotation: object) -> str | None:
    for candidate in _alternatives(annotation):
        for part in getattr(candidate, "__metadata__", ()):
            if isinstance(part, FieldInfo) and part.description:
                return part.description
    return None


def _known_keys(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    owner = _model_at(model, location)
    return (
        [] if owner is None else [n for n, f in owner.model_fields.items() if f.init is not False]
    )


def _model_at(model: type[BaseModel], location: tuple[str | int, ...]) -> type[BaseModel] | None:
    return _as_model(_annotation_at(model, location))


def _annotation_at(model: type[BaseModel], location: tuple[str | int, ...]) -> object:
    annotation: object = model
    for part in location:
        owner = _as_model(annotation)
        if owner is None:
            annotation = _element(annotation)
        elif str(part) in owner.model_fields:
            annotation = owner.model_fields[str(part)].annotation
        else:
            return None
    return annotation


def _as_model(annotation: object) -> type[BaseModel] | None:
    for candidate in _alternatives(annotation):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _element(annotation: object) -> object:
    for candidate in _alternatives(annotation):
        arguments = [a for a in get_args(candidate) if a is not ...]
        if arguments:
            return arguments[-1]
    return None


def _alternatives(annotation: object) -> list[object]:
    if get_origin(annotation) in (Union, types.UnionType):
        return [a for a in get_args(annotation) if a is not type(None)]
    return [annotation]

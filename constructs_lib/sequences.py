"""Refuses a text where a sequence is meant. Pure Python.

A text is a sequence of its letters, to Python and to mypy: `emails="a@b.c"` would be five
subscriptions. So each class that takes a sequence is decorated.
"""

from __future__ import annotations

from functools import wraps
from typing import Any, TypeVar

from constructs_lib.errors import ConfigError

__all__ = ["takes_sequences"]

_Class = TypeVar("_Class")


def takes_sequences(cls: type[_Class]) -> type[_Class]:
    """Have a class raise `ConfigError` for a text where `__init__` is annotated `Sequence[...]`.

    A Terraform expression is a text as well: a list of one is `Token.as_list("${...}")`.
    """
    plain: Any = cls.__init__
    code = plain.__code__
    positional = code.co_varnames[: code.co_argcount]
    names = [
        name for name, kind in plain.__annotations__.items() if str(kind).startswith("Sequence[")
    ]

    @wraps(plain)
    def checked(self: Any, *arguments: Any, **keywords: Any) -> None:
        given = {**dict(zip(positional[1:], arguments, strict=False)), **keywords}
        problems = [
            f"{name}: got the text {given[name]!r}; allowed a sequence, as [{given[name]!r}]"
            for name in names
            if isinstance(given.get(name), str | bytes)
        ]
        if problems:
            raise ConfigError(problems)
        plain(self, *arguments, **keywords)

    cls.__init__ = checked  # type: ignore[method-assign]
    return cls

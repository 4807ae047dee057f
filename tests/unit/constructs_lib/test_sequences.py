"""A text where a sequence is meant is refused, by every class that takes one."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

import constructs_lib
from constructs_lib.errors import ConfigError
from constructs_lib.observability import AlarmTopic


def _inputs() -> Iterator[tuple[type, str]]:
    """Yield each class of the library and its inputs that are sequences."""
    for module in pkgutil.walk_packages(constructs_lib.__path__, "constructs_lib."):
        for value in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(value) and value.__module__ == module.name:
                for name, kind in getattr(value.__init__, "__annotations__", {}).items():
                    if str(kind).startswith("Sequence["):
                        yield value, name


INPUTS = list(_inputs())


def test_there_are_such_inputs() -> None:
    assert (AlarmTopic, "emails") in INPUTS
    assert len(INPUTS) > 40


@pytest.mark.parametrize(
    ("made", "name"), INPUTS, ids=[f"{made.__name__}-{name}" for made, name in INPUTS]
)
def test_a_text_is_refused(made: type, name: str) -> None:
    given = {
        each.name: None
        for each in inspect.signature(vars(made)["__init__"]).parameters.values()
        if each.default is inspect.Parameter.empty and each.name != "self"
    }
    with pytest.raises(ConfigError, match=rf"{name}: got the text 'a@b.c'; allowed a sequence"):
        made(**{**given, name: "a@b.c"})

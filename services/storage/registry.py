"""Which storage engines there are: the modules and folders of `services.storage.engines`."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from services.storage.engine import Engine
from services.storage.interface import StorageError

DEFAULT_ENGINE: Final = "dynamodb"
_FOLDER: Final = "engines"


class UnknownEngineError(StorageError, LookupError):
    """There is no engine of that name."""


@functools.cache
def engine_names() -> tuple[str, ...]:
    """Return the name of each engine, in their order; none is loaded."""
    folder = Path(__file__).parent / _FOLDER
    return tuple(sorted(module.name for module in pkgutil.iter_modules([str(folder)])))


@functools.cache
def engine(name: str) -> Engine:
    """Return an engine.

    Raises
    ------
    UnknownEngineError
        If there is none, naming those there are.
    """
    if name not in engine_names():
        raise UnknownEngineError(
            f"storage engine: got {name!r}; allowed {', '.join(engine_names())}"
        )
    module = importlib.import_module(f"{__package__}.{_FOLDER}.{name}")
    found: Engine = module.Storage()
    return found


def engines_at(place: Mapping[str, str]) -> list[Engine]:
    """Return the engines that a service's environment names: one, if it is right."""
    return [each for each in map(engine, engine_names()) if place.get(each.variable)]

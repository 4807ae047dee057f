"""The source tree as the documents speak of it: rooms, and the classes in them."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
TOPS = ("constructs_lib", "tiers", "services")


@dataclass(frozen=True)
class ClassDefinition:
    """A class of a module.

    Attributes
    ----------
    module : str
        With dots.
    bases : tuple of str
        The last part of each base's name, as it is written.
    """

    module: str
    name: str
    bases: tuple[str, ...]

    @property
    def room(self) -> str:
        """The top package, or the package of `services`: where imports and errors are settled."""
        parts = self.module.split(".")
        return ".".join(parts[:2]) if parts[0] == "services" else parts[0]

    @property
    def package(self) -> str:
        """The package whose module it is in."""
        return self.module.rpartition(".")[0]


def module_of(file: Path) -> str:
    """Return a file's module."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def sources() -> tuple[Path, ...]:
    """Return every Python file of the product."""
    found = (file for top in TOPS for file in sorted((ROOT / top).rglob("*.py")))
    return tuple(file for file in found if "node_modules" not in file.parts)


@cache
def tree(file: Path) -> ast.Module:
    """Return a file's syntax."""
    return ast.parse(file.read_text())


@cache
def classes() -> tuple[ClassDefinition, ...]:
    """Return every class of the product, those in functions too."""
    return tuple(_classes())


def _classes() -> Iterator[ClassDefinition]:
    for file in sources():
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.ClassDef):
                bases = tuple(ast.unparse(base).rpartition(".")[2] for base in node.bases)
                module = module_of(file)
                # A class in `__init__` belongs to the package itself.
                yield ClassDefinition(
                    f"{module}.__init__" if file.name == "__init__.py" else module, node.name, bases
                )


def is_builtin_exception(name: str) -> bool:
    """Whether Python itself has an exception of this name."""
    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, BaseException)


def exceptions() -> list[ClassDefinition]:
    """Return the classes that are exceptions, by what they say of their bases."""
    known: set[str] = set()
    found: dict[ClassDefinition, None] = {}
    while True:
        new = [
            each
            for each in classes()
            if each not in found
            and any(base in known or is_builtin_exception(base) for base in each.bases)
        ]
        if not new:
            return list(found)
        found |= dict.fromkeys(new)
        known |= {each.name for each in new}


def imported(file: Path) -> set[str]:
    """Return the modules that a file imports, wherever in it; `from a import b` gives `a.b` too."""
    names: set[str] = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names

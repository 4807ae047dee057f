"""Which files of a project a module needs: itself, and all that it imports. Pure Python."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from constructs_lib.errors import ConfigError


def import_closure(
    root: Path, modules: Iterable[str], packages: Collection[str] = ()
) -> list[Path]:
    """Return the files that `modules` need, sorted and relative to `root`.

    Imports inside functions count; those under `if TYPE_CHECKING` do not, as they never run.
    What is not below `root` is somebody else's (a distribution, or the standard library).

    Parameters
    ----------
    root : Path
        The import root.
    modules : iterable of str
        Dotted names. Of a package, every module in it is taken.
    packages : collection of str, optional
        The top-level packages that are the project's; all below `root` by default. An installed
        project lies beside its dependencies, and has to say which packages are its own.

    Raises
    ------
    ConfigError
        If a module, or something of the project's that one imports, is not there; all in one error.
    """
    problems: list[str] = []
    pending: list[Path] = []
    for name in modules:
        found = list(_below(root, name))
        if not found:
            problems.append(f"module: got {name!r}; allowed modules and packages in {root}")
        pending += found
    taken: set[Path] = set()
    while pending:
        file = pending.pop()
        if file in taken:
            continue
        taken.add(file)
        pending += _initialisers(root, file)
        for name, line, is_module in _imported(root / file):
            if packages and name.partition(".")[0] not in packages:
                continue
            wanted = _file_of(root, name)
            if wanted is not None:
                pending.append(wanted)
            elif is_module and _is_ours(root, name):
                problems.append(f"{file}:{line} imports {name}, which is not in {root}")
    if problems:
        raise ConfigError(problems)
    return sorted(taken)


def foreign_imports(root: Path, files: Iterable[Path]) -> Mapping[str, str]:
    """Return the top-level modules that `files` import of distributions, each with a place.

    Parameters
    ----------
    root : Path
        The import root; what is below it is no distribution's.
    files : iterable of Path
        Relative to `root`.

    Returns
    -------
    mapping of str to str
        As `{"jwt": "shop/tokens.py:3"}`, where it is imported first.
    """
    found: dict[str, str] = {}
    for file in sorted(files):
        for name, line, is_module in _imported(root / file):
            first = name.partition(".")[0]
            if is_module and first not in sys.stdlib_module_names and not _is_ours(root, first):
                found.setdefault(first, f"{file}:{line}")
    return found


def _below(root: Path, name: str) -> Iterator[Path]:
    file = _file_of(root, name)
    folder = root.joinpath(*name.split("."))
    if folder.is_dir():
        yield from (each.relative_to(root) for each in folder.rglob("*.py"))
    elif file is not None:
        yield file


def _file_of(root: Path, name: str) -> Path | None:
    place = Path(*name.split(".")) if name else None
    if place is None:
        return None
    for candidate in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
        if (root / candidate).is_file():
            return candidate
    return None


def _is_ours(root: Path, name: str) -> bool:
    first = name.partition(".")[0]
    return (root / first / "__init__.py").is_file() or (root / f"{first}.py").is_file()


def _initialisers(root: Path, file: Path) -> Iterator[Path]:
    for parent in file.parents:
        if (root / parent / "__init__.py").is_file():
            yield parent / "__init__.py"


@lru_cache(maxsize=1024)
def _parsed(file: Path, _changed_ns: int) -> tuple[tuple[str, int, bool], ...]:
    return tuple(_of(ast.parse(file.read_text())))


def _imported(file: Path) -> tuple[tuple[str, int, bool], ...]:
    """Return what a file imports, where, and whether that must be a module.

    Of a `from`, each `module.name` may be a module too.
    """
    return _parsed(file, file.stat().st_mtime_ns)


def _of(node: ast.AST) -> Iterator[tuple[str, int, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield from _of(other)
        elif isinstance(child, ast.Import):
            yield from ((alias.name, child.lineno, True) for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module and not child.level:
            yield child.module, child.lineno, True
            names = (f"{child.module}.{alias.name}" for alias in child.names)
            yield from ((name, child.lineno, False) for name in names)
        else:
            yield from _of(child)

"""What an image holds of the project, and what it installs: both follow from its entry modules.

    python -m constructs_lib.images.contents requirements.lock /code shop.orders > requirements.txt

lays the code out in `/code` and prints the part of the lock file that it imports.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from constructs_lib.errors import ConfigError
from constructs_lib.functions.closure import foreign_imports, import_closure
from constructs_lib.images.requirements import normal, pins, subset

OTHERWISE_NAMED: Final[Mapping[str, str]] = {
    "grpc": "grpcio",
    "hcl2": "python-hcl2",
    "jwt": "pyjwt",
}
"""Distributions whose module has another name: no index knows one from the other."""

_NOT_DATA = frozenset({".py", ".pyc", ".js", ".html", ".md"})


@dataclass(frozen=True)
class Contents:
    """What an image needs.

    Attributes
    ----------
    files : list of Path
        Of the project, relative to its root: code, and the data beside it.
    distributions : list of str
        Those that the code imports, before what they need themselves.
    """

    files: list[Path]
    distributions: list[str]


def contents(root: Path, lock: str, modules: Iterable[str]) -> Contents:
    """Return what `modules`, and all that they import, need of the project and of the lock file.

    Parameters
    ----------
    root : Path
        The import root.
    lock : str
        The text of the lock file.
    modules : iterable of str
        Dotted names; of a package, every module in it is taken.

    Raises
    ------
    ConfigError
        If a module is not there, or something is imported that the lock file does not have:
        all of them in one error, with the place of the import.
    """
    code = import_closure(root, modules)
    locked = pins(lock)
    imported = foreign_imports(root, code)
    named = {module: normal(OTHERWISE_NAMED.get(module, module)) for module in imported}
    if missing := [
        f"{imported[module]} imports {module}: got no {name} in the lock file; add it to setup.cfg "
        "and run `make lock`, or say in constructs_lib/images/contents.py what it is called"
        for module, name in named.items()
        if name not in locked
    ]:
        raise ConfigError(missing)
    return Contents(sorted({*code, *_data(root, code)}), sorted(set(named.values())))


def _data(root: Path, code: Iterable[Path]) -> Iterator[Path]:
    """Yield the data of the packages that `code` is in; folders without code belong to theirs."""
    packages = {file.parent for file in code if file.name == "__init__.py"}
    for package in packages:
        yield from _data_below(root, package)


def _data_below(root: Path, folder: Path) -> Iterator[Path]:
    for path in (root / folder).iterdir():
        own = path.relative_to(root)
        if path.is_dir():
            # Another language's, with whatever its package manager has put there.
            if (path / "package.json").is_file():
                continue
            if path.name != "__pycache__" and not any(path.rglob("*.py")):
                yield from _data_below(root, own)
        elif path.suffix not in _NOT_DATA and path.name != "Dockerfile":
            yield own


def main(arguments: list[str]) -> None:
    """Lay the code out and print the requirements: `LOCK FOLDER MODULE...`."""
    lock, folder, *modules = arguments
    text = Path(lock).read_text(encoding="utf-8")
    try:
        found = contents(Path.cwd(), text, modules)
        sys.stdout.write(subset(text, found.distributions))
    except ConfigError as error:
        sys.exit(f"error: {error}")
    for file in found.files:
        place = Path(folder) / file
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)


if __name__ == "__main__":
    main(sys.argv[1:])

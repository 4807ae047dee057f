"""Copies of the project, to be changed, without what installs, builds and runs have left in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
# What npm installs for the consoles is some 340 MB in 29,000 files.
_LEFT_OUT: Final = ("__pycache__", ".terraform*", "node_modules", "dist")


def copy_project(names: Iterable[str], to: Path, *left_out: str) -> None:
    """Copy files and folders of the project, by their names in it; `left_out` are more patterns."""
    ignored = shutil.ignore_patterns(*_LEFT_OUT, *left_out)
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, to / name)


def contents(copied: Path, below: str = ".") -> dict[str, bytes]:
    """Return every file of a copy, or of a folder in it, but what Python has compiled."""
    return {
        file.relative_to(copied).as_posix(): file.read_bytes()
        for file in (copied / below).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }

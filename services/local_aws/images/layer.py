"""What a stage of a build has so far, and what of this machine it may link to."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Final

from services.local_aws.images.tree import Tree

ROOT: Final = PurePosixPath("/")


def _interpreter() -> Path:
    """Return the interpreter that this one's virtual environment, if it is in one, was made of."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


@dataclass(frozen=True)
class Machine:
    """What stands here for what builds download.

    Parameters
    ----------
    providers : Path, optional
        A filesystem mirror of Terraform's providers.
    """

    python: Path = field(default_factory=_interpreter)
    terraform: Path | None = field(default_factory=lambda: _program("terraform"))
    providers: Path | None = None


@dataclass
class Layer:
    """One stage: its files, and what an image made of it would say of itself.

    Attributes
    ----------
    arguments : dict of str to str
        ARGs, which end with the stage.
    compiled : list of PurePosixPath
        Folders whose Python is compiled once the tree is on disk.
    """

    tree: Tree = field(default_factory=Tree)
    arguments: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    directory: PurePosixPath = ROOT
    user: str = ""
    ports: list[str] = field(default_factory=list)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    compiled: list[PurePosixPath] = field(default_factory=list)

    def place(self, path: str) -> PurePosixPath:
        """Return an absolute path; a relative one is below WORKDIR."""
        return PurePosixPath(*(part for part in (self.directory / path).parts if part != "."))

    @property
    def known(self) -> Mapping[str, str]:
        """The variables that instructions see."""
        return {**self.arguments, **self.environment}

    def begun_from(self) -> Layer:
        """Return a stage that begins with what this one has."""
        return replace(
            self,
            tree=Tree(dict(self.tree.entries)),
            arguments={},
            environment=dict(self.environment),
            ports=list(self.ports),
            compiled=list(self.compiled),
        )


def _program(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None

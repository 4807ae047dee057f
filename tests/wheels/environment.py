"""A virtual environment that holds a wheel, and of other distributions what it declares."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_HERE = Path(sysconfig.get_path("purelib"))
_SETTINGS = ("AWS_", "TF_", "ECS_SAAS_", "CDKTF_", "COVERAGE_", "PYTHON", "NODE_OPTIONS")


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and a directory to work in that is in no checkout."""

    directory: Path

    @classmethod
    def of(cls, directory: Path, *wheels: Path) -> Environment:
        """Install wheels in a fresh environment.

        What they declare is linked from the environment that runs the tests, with all that this
        declares in turn: an import of anything else fails, as it would for a user.
        """
        venv.create(directory, with_pip=False, symlinks=True)
        made = cls(directory)
        made._pip("install", "--no-deps", "--no-index", "--no-compile", *map(str, wheels))
        ours: set[str] = {canonicalize_name(each.metadata["Name"]) for each in made._installed()}
        pending = [each for found in made._installed() for each in _declared(found, frozenset())]
        seen: set[tuple[str, frozenset[str]]] = set()
        while pending:
            name, extras = pending.pop()
            if (name, extras) in seen or (name in ours and not extras):
                continue
            seen.add((name, extras))
            distribution = metadata.distribution(name)
            made._link(distribution)
            pending += _declared(distribution, extras)
        made._pip("check")
        return made

    @property
    def site(self) -> Path:
        (found,) = self.directory.glob("lib/python*/site-packages")
        return found

    def run(
        self, program: str, *arguments: str, cwd: Path, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, with nothing of the caller's that leads elsewhere."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith(_SETTINGS)}
        return subprocess.run(
            [str(self.directory / "bin" / program), *arguments],
            cwd=cwd,
            env={**kept, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def _pip(self, *arguments: str) -> None:
        python = str(self.directory / "bin/python")
        command = [sys.executable, "-m", "pip", "--python", python, "--quiet", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    def _installed(self) -> list[metadata.Distribution]:
        return list(metadata.distributions(path=[str(self.site)]))

    def _link(self, distribution: metadata.Distribution) -> None:
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            place = self.site / top
            if not place.exists():
                place.symlink_to(_HERE / top)


def _declared(
    distribution: metadata.Distribution, extras: frozenset[str]
) -> Iterator[tuple[str, frozenset[str]]]:
    for text in distribution.requires or ():
        required = Requirement(text)
        if required.marker is None or any(
            required.marker.evaluate({"extra": extra}) for extra in ("", *extras)
        ):
            yield canonicalize_name(required.name), frozenset(required.extras)

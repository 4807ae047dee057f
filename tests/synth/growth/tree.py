"""A copy of the project that is changed, and which files a change takes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.copies import ROOT, contents, copy_project

_COPIED = ("constructs_lib", "modules", "services", "tiers", "main.py", "saas.tfvars")


class Tree:
    """The project's own files in a directory of the test.

    Parameters
    ----------
    path : Path
        Where they are copied to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._taken: dict[str, set[str]] = {}
        copy_project(_COPIED, path)

    @contextmanager
    def adding(self, what: str) -> Iterator[Tree]:
        """Note which files are changed, or new, at the end of the block."""
        before = contents(self.path)
        yield self
        after = contents(self.path)
        self._taken[what] = {name for name in after if after[name] != before.get(name)}

    def taken(self, what: str) -> set[str]:
        """Return the files that adding it has taken."""
        return self._taken[what]

    def insert(self, file: str, *, before: str, text: str) -> None:
        """Put `text` before the one place where `before` stands."""
        path = self.path / file
        content = path.read_text()
        assert content.count(before) == 1, (
            f"{file}: {before!r} stands {content.count(before)} times"
        )
        path.write_text(content.replace(before, f"{text}{before}"))

    def append(self, file: str, text: str) -> None:
        """Put `text` at a file's end."""
        path = self.path / file
        path.write_text(path.read_text() + text)

    def write(self, file: str, text: str) -> None:
        """Make a file."""
        path = self.path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, program: str, **environment: str) -> str:
        """Run a Python program with this tree's packages and the tests'; return what it writes."""
        guard = "import services\nassert services.__file__.startswith({!r}), services.__file__\n"
        done = subprocess.run(
            [sys.executable, "-c", guard.format(str(self.path)) + program],
            cwd=self.path,
            env={**os.environ, **environment, "PYTHONPATH": f"{self.path}{os.pathsep}{ROOT}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

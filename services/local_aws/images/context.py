"""What of the project an image build may copy: the folder, less what `.dockerignore` leaves out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class Context:
    """A project as the context of builds.

    Parameters
    ----------
    root : Path
        Folders in it that are links are followed: a test's project borrows them.
    """

    root: Path

    @cached_property
    def _rules(self) -> list[tuple[bool, re.Pattern[str]]]:
        """Each pattern of `.dockerignore` in order, and whether it leaves out or takes back in."""
        try:
            lines = (self.root / ".dockerignore").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            lines = []
        kept = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        return [(not line.startswith("!"), _pattern(line.lstrip("!"))) for line in kept]

    def sees(self, path: PurePosixPath) -> bool:
        """Whether builds see a file; the last pattern that matches it or its folder decides."""
        names = [str(path), *(str(parent) for parent in path.parents if str(parent) != ".")]
        seen = True
        for leaves_out, pattern in self._rules:
            if any(pattern.fullmatch(name) for name in names):
                seen = not leaves_out
        return seen

    def files(self, source: str) -> Iterator[tuple[PurePosixPath, Path]]:
        """Yield each file at or below `source`: relative to it (`.` for a file), and in full."""
        origin = self.root / source
        if origin.is_file():
            if self.sees(PurePosixPath(source)):
                yield PurePosixPath(), origin
            return
        for folder, folders, names in os.walk(origin):
            folders[:] = [name for name in folders if name not in ("__pycache__", "node_modules")]
            for name in names:
                path = Path(folder, name)
                relative = PurePosixPath(path.relative_to(origin).as_posix())
                if self.sees(PurePosixPath(source) / relative):
                    yield relative, path


def _pattern(text: str) -> re.Pattern[str]:
    """Return a pattern of `.dockerignore` as a regular expression: `**` crosses folders."""
    expression = re.escape(text.strip("/"))
    expression = expression.replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*")
    return re.compile(expression.replace(r"\*", "[^/]*").replace(r"\?", "[^/]"))

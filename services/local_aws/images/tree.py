"""A tree of files in memory: what an image or a stage of one holds. Pure, but for reading files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class File:
    """A file of the image."""

    content: bytes
    executable: bool = False

    @property
    def digest(self) -> str:
        """What the file is."""
        return f"{hashlib.sha256(self.content).hexdigest()}{'x' if self.executable else ''}"


@dataclass(frozen=True)
class Link:
    """Something of this machine, in place of what a build would have downloaded.

    Attributes
    ----------
    target : Path
    what : str
        Name and version.
    """

    target: Path
    what: str

    @property
    def digest(self) -> str:
        """What it is, and where: another machine's tree is another one."""
        return f"{self.what} {self.target}"


Entry = File | Link


@dataclass
class Tree:
    """Files by their absolute path in the image."""

    entries: dict[PurePosixPath, Entry] = field(default_factory=dict)

    def put(self, path: PurePosixPath | str, entry: Entry) -> None:
        """Add a file, or replace it."""
        self.entries[PurePosixPath(path)] = entry

    def below(self, path: PurePosixPath) -> Iterator[tuple[PurePosixPath, Entry]]:
        """Yield what is at or below a path, with the path relative to it (`.` for the file)."""
        if (found := self.get(path)) is not None:
            yield PurePosixPath(), found
            return
        for each, entry in self.entries.items():
            if path in each.parents:
                yield each.relative_to(path), entry

    def get(self, path: PurePosixPath) -> Entry | None:
        """Return what is at a path, also within a link; None for folders and what is not there."""
        if (entry := self.entries.get(path)) is not None:
            return entry
        for parent in path.parents:
            link = self.entries.get(parent)
            if isinstance(link, Link):
                target = link.target / path.relative_to(parent)
                return Link(target, link.what) if target.exists() else None
        return None

    def text(self, path: PurePosixPath) -> str | None:
        """Return the text of a file of the image's own; None if there is none."""
        entry = self.entries.get(path)
        return entry.content.decode() if isinstance(entry, File) else None

    def listing(self) -> Mapping[str, str]:
        """Return every path with what is there, in order: two trees are one if this is equal."""
        return {str(path): self.entries[path].digest for path in sorted(self.entries)}

    def write(self, directory: Path) -> None:
        """Write everything below a directory that does not exist."""
        for path, entry in self.entries.items():
            place = directory / path.relative_to("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(entry, Link):
                place.symlink_to(entry.target)
            else:
                place.write_bytes(entry.content)
                place.chmod(0o755 if entry.executable else 0o644)

"""A log of requests that changed a service since its state was last saved.

Saving the whole of a service takes time that grows with what it holds; adding a line does not.
The lines are sent to the service again when it is restored from an older state.

Each saved state names the first log that it does not contain. A new log is begun in the moment the
state is taken, so a request is in exactly one of the two, wherever a kill strikes.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

_log = logging.getLogger("services.local_aws")


@dataclass(frozen=True)
class Entry:
    """A request that was answered with success."""

    account: str
    region: str
    target: str
    body: str


class Journal:
    """The logs of one service.

    Parameters
    ----------
    directory : Path
        Where the emulator keeps its states; logs end in `.json`, so that its reset removes them.
    service : str
        The service's key.
    """

    def __init__(self, directory: Path, service: str) -> None:
        self._directory = directory
        self._prefix = f"{service}.journal-"
        numbers = [number for number, _ in self._logs()]
        self._number = max(numbers, default=0)

    def append(self, entry: Entry) -> None:
        """Write an entry; return when the operating system has it."""
        self._directory.mkdir(parents=True, exist_ok=True)
        # Opened each time: a reset may have removed the file.
        with self._path(self._number).open("ab", buffering=0) as log:
            log.write(json.dumps(asdict(entry)).encode() + b"\n")

    def begin(self) -> int:
        """Begin a new log and return its number: what a state taken now does not contain."""
        self._number += 1
        return self._number

    def drop_before(self, number: int) -> None:
        """Remove the logs that a saved state contains."""
        for existing, path in self._logs():
            if existing < number:
                path.unlink(missing_ok=True)

    def size(self) -> int:
        """Return the bytes of all logs."""
        return sum(path.stat().st_size for _, path in self._logs())

    def entries(self, first: int) -> Iterator[Entry]:
        """Yield what the logs hold from a number on, in order."""
        self._number = max(self._number, first)
        for number, path in self._logs():
            if number < first:
                continue
            *lines, rest = path.read_bytes().split(b"\n")
            if rest:
                _log.warning("%s ends in a line that was cut off; it was never answered", path)
                os.truncate(path, path.stat().st_size - len(rest))
            for line in lines:
                yield Entry(**json.loads(line))

    def _path(self, number: int) -> Path:
        return self._directory / f"{self._prefix}{number:08d}.json"

    def _logs(self) -> list[tuple[int, Path]]:
        paths = self._directory.glob(f"{self._prefix}*.json")
        return sorted((int(path.stem.removeprefix(self._prefix)), path) for path in paths)

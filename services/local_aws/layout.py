"""Where the local AWS keeps its things under its home directory."""

from __future__ import annotations

import fcntl
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

HOST = "127.0.0.1"
DEFAULT_PORT = 4566
DEFAULT_REGION = "us-east-1"
ACCOUNT_ID = "123456789012"


@dataclass(frozen=True)
class Running:
    """What a ready server writes about itself."""

    pid: int
    port: int
    region: str
    account: str = ACCOUNT_ID


@dataclass(frozen=True)
class Layout:
    """The paths of one local AWS.

    Parameters
    ----------
    home : Path
        Everything below it belongs to the local AWS and is removed by a reset.
    """

    home: Path

    @property
    def state(self) -> Path:
        """One JSON file per service."""
        return self.home / "state"

    @property
    def objects(self) -> Path:
        """The bodies of S3 objects."""
        return self.home / "s3"

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.home / "server.log"

    @property
    def lock(self) -> Path:
        """Held by the server as long as it lives, however it dies."""
        return self.home / "server.lock"

    @property
    def running(self) -> Path:
        """Who holds the lock, and on which port it answers."""
        return self.home / "server.json"

    def make_home(self) -> None:
        """Create the directory, for its owner's eyes: it holds credentials of roles."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)

    def acquire(self) -> IO[str] | None:
        """Take the server's lock; None if a live server holds it.

        The kernel drops the lock with its process, so a leftover pid file of a killed server, or
        a pid that now belongs to another program, is never mistaken for a running one.
        """
        self.make_home()
        handle = self.lock.open("a")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            return None
        return handle

    def is_locked(self) -> bool:
        """Whether a server of this home is alive."""
        if not self.lock.exists():
            return False
        handle = self.acquire()
        if handle is None:
            return True
        handle.close()
        return False

    def write_running(self, running: Running) -> None:
        """Publish that the server is ready."""
        draft = self.running.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(running)))
        draft.replace(self.running)

    def read_running(self) -> Running | None:
        """Who answers now; None if nobody does (stale files are ignored)."""
        if not self.is_locked():
            return None
        try:
            return Running(**json.loads(self.running.read_text()))
        except (OSError, ValueError, TypeError):
            return None

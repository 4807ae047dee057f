"""Terraform's state lock: who holds it, and whether that is a dead run of our own."""

from __future__ import annotations

import getpass
import json
import re
import socket
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.provisioning.terraform.log import Diagnostic

# A lock is taken within the first seconds of a stage; the rest is the clocks' difference.
_SLACK = timedelta(seconds=5)
_FIELD = re.compile(r"^\s*(ID|Path|Operation|Who|Created):[ \t]*(.*?)\s*$", re.MULTILINE)
_CREATED = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")


@dataclass(frozen=True)
class LockInfo:
    """One lock, as Terraform describes it when it cannot take it."""

    id: str
    path: str
    operation: str
    who: str
    created: datetime

    def __str__(self) -> str:
        since = self.created.strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"locked by {self.who} since {since} ({self.operation or 'unknown operation'})"


@dataclass(frozen=True)
class RunRecord:
    """What a run leaves on disk, so that the next one knows how it ended.

    `clean` is set when Terraform ended by itself, and then it released its lock.
    """

    run_id: str
    operation: str
    stage: str
    pid: int
    host: str
    user: str
    boot_id: str
    started: str
    clean: bool = False

    def write(self, path: Path) -> None:
        """Store the record; its file's time is the run's last sign of life."""
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(path)

    @classmethod
    def read(cls, path: Path) -> RunRecord | None:
        """Return the record in `path`, or None if there is none that can be read."""
        try:
            return cls(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            return None


@dataclass(frozen=True)
class Begun:
    """A run that began and has not succeeded, as the backend remembers it.

    Parameters
    ----------
    who : str
        As Terraform names the holder of a lock, `user@host`.
    started : str
        When it began, ISO 8601.
    build : str, optional
        The CodeBuild build that it was part of: whether that is over can be asked.
    id : str, optional
        Its own; a new one by default.
    """

    who: str
    started: str
    build: str | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def now(cls, build: str | None) -> Begun:
        """Return what is to be remembered of the run that begins."""
        return cls(
            f"{getpass.getuser()}@{socket.gethostname()}", datetime.now(UTC).isoformat(), build
        )


def find_lock(diagnostics: Iterable[Diagnostic]) -> LockInfo | None:
    """Return the lock that stopped Terraform, if it was a lock."""
    for diagnostic in diagnostics:
        text = f"{diagnostic.summary}\n{diagnostic.detail}"
        if "Lock Info:" not in text or "lock" not in diagnostic.summary.lower():
            continue
        fields = dict(_FIELD.findall(text.partition("Lock Info:")[2]))
        created = _CREATED.search(fields.get("Created", ""))
        if not fields.get("ID") or created is None:
            continue
        return LockInfo(
            id=fields["ID"],
            path=fields.get("Path", ""),
            operation=fields.get("Operation", ""),
            who=fields.get("Who", ""),
            created=datetime.fromisoformat(created[1]).replace(tzinfo=UTC),
        )
    return None


def is_of_dead_run(lock: LockInfo, record: RunRecord | None, last_sign: datetime) -> bool:
    """Whether `lock` was left by the run in `record`, of which the caller knows that it is dead.

    The lock must have been made by the same user on this very host, between the run's start and
    its last sign of life. Anything else is somebody's lock, and nobody's but theirs to release.
    """
    if record is None or record.clean:
        return False
    if record.host != socket.gethostname() or lock.who != f"{record.user}@{record.host}":
        return False
    started = datetime.fromisoformat(record.started)
    return started - _SLACK <= lock.created <= last_sign + _SLACK


def builds_that_may_hold(lock: LockInfo, begun: Iterable[Begun]) -> list[str]:
    """Return the builds of which `lock` can be: the same user and host, and begun before it.

    A container's host name is its own. If the only builds of that name are over, nobody is left
    who could hold the lock.
    """
    return [
        each.build
        for each in begun
        if each.build is not None
        and each.who == lock.who
        and datetime.fromisoformat(each.started) - _SLACK <= lock.created
    ]


def is_own_of_process(lock: LockInfo, started: datetime, ended: datetime) -> bool:
    """Whether `lock` was made by the Terraform process that has just reported it.

    It happens when the answer to the lock request is lost on the way: the process asks again and
    meets its own lock. The caller holds the local lock of this workspace, so no other process of
    this host can have made it.
    """
    who = f"{getpass.getuser()}@{socket.gethostname()}"
    return lock.who == who and started - timedelta(seconds=1) <= lock.created <= ended


def boot_id() -> str:
    """Return what changes with every start of this machine."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""

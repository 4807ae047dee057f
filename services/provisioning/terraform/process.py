"""Runs the Terraform CLI, one process at a time, and reads its log while it runs.

The log goes to a file and is read from there. A pipe would break when this process is killed, and
Terraform would die of it in the middle of an apply; with a file it can finish: the kernel sends it
SIGTERM when its parent dies, it completes what it has begun, saves its state and releases its lock.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from services.provisioning.errors import TerraformMissingError
from services.provisioning.terraform.interruption import Interruption
from services.provisioning.terraform.log import Diagnostic, Event, error_in, parse_line

_POLL_MILLISECONDS = 40
_PR_SET_PDEATHSIG = 1
_COLOUR = re.compile(r"\x1b\[[0-9;]*m|[╷│╵]")
# Variables of the caller that may stay: everything else beginning with TF_ would change what is
# applied (TF_VAR_*, TF_CLI_ARGS*, TF_WORKSPACE, ...), and runs must not depend on a shell.
_KEPT = re.compile(r"^TF_(LOG(_.*)?|TOKEN_.*|REGISTRY_.*)$")


@dataclass(frozen=True)
class Finished:
    """How a Terraform process ended."""

    code: int
    diagnostics: tuple[Diagnostic, ...]
    text: str
    started: datetime
    ended: datetime

    @property
    def killed(self) -> bool:
        """Whether a signal ended it before it could save its state."""
        return self.code < 0


class Terraform:
    """The Terraform CLI with an environment of its own.

    Parameters
    ----------
    binary : Path
        The executable.
    environment : Mapping[str, str]
        The variables of the caller: credentials, endpoint, proxy. Its TF_* variables are dropped.
    cli_config : Path
        The CLI configuration file to use.
    interruption : Interruption
        Told of every process, to pass signals on.
    """

    def __init__(
        self,
        binary: Path,
        environment: Mapping[str, str],
        cli_config: Path,
        interruption: Interruption,
    ) -> None:
        self.binary = binary
        self.environment = isolated(environment) | {"TF_CLI_CONFIG_FILE": str(cli_config)}
        self._interruption = interruption

    @property
    def interrupted(self) -> bool:
        """Whether somebody asked to stop."""
        return self._interruption.requested

    def run(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        log: Path,
        variables: Mapping[str, str],
        keep: Sequence[int] = (),
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> Finished:
        """Run one command to its end.

        Parameters
        ----------
        log : Path
            Receives what Terraform prints; kept for whoever asks later.
        variables : Mapping[str, str]
            Environment variables of this process alone (TF_DATA_DIR, TF_WORKSPACE, ...).
        keep : Sequence[int]
            File descriptors the process inherits, and so holds until it ends.
        on_event : callable
            Receives each event as it appears.
        """
        started = datetime.now(UTC)
        diagnostics: list[Diagnostic] = []
        other: list[str] = []
        parent = os.getpid()
        with log.open("w+", encoding="utf-8", errors="replace") as written:
            process = subprocess.Popen(
                [str(self.binary), *arguments],
                cwd=cwd,
                env=self.environment | dict(variables),
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                pass_fds=tuple(keep),
                start_new_session=True,  # a terminal's ^C reaches it through us, and once
                preexec_fn=lambda: _end_with(parent),  # noqa: PLW1509 - prctl only
            )
            with self._interruption.forwarding_to(process.pid), log.open(errors="replace") as tail:
                for line in _lines_until_end(process, tail):
                    event = parse_line(line)
                    if event is None and not line.startswith("{"):
                        other.append(_COLOUR.sub("", line))
                    if isinstance(event, Diagnostic) and event.severity == "error":
                        diagnostics.append(event)
                    if event is not None:
                        on_event(event)
        text = "\n".join(line.rstrip() for line in other if line.strip())
        if process.returncode != 0 and not diagnostics and (error := error_in(text)):
            diagnostics.append(error)
        return Finished(process.returncode, tuple(diagnostics), text, started, datetime.now(UTC))


def find_binary(environment: Mapping[str, str]) -> Path:
    """Return the Terraform executable, or raise `TerraformMissingError`."""
    found = shutil.which("terraform", path=environment.get("PATH", os.defpath))
    if found is None:
        raise TerraformMissingError(
            "Terraform is missing: no executable `terraform` on PATH; install 1.11 or newer "
            "(https://developer.hashicorp.com/terraform/install)"
        )
    return Path(found)


def isolated(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` without what would change a run behind its caller's back."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith("TF_") or _KEPT.match(name)
    }
    if environment.get("AWS_ENDPOINT_URL", "").startswith("http://"):
        kept.pop("AWS_CA_BUNDLE", None)  # no certificate to check, and it forbids a shared provider
    return kept | {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}


def _lines_until_end(process: subprocess.Popen[bytes], tail: IO[str]) -> Iterator[str]:
    """Yield each complete line of the log until the process has ended and all is read."""
    pending = ""
    with _exit_signal(process) as wait:
        while True:
            ended = wait()
            pending += tail.read()
            *lines, pending = pending.split("\n")
            yield from lines
            if ended:
                process.wait()
                break
    if pending:
        yield pending


@contextlib.contextmanager
def _exit_signal(process: subprocess.Popen[bytes]) -> Iterator[Callable[[], bool]]:
    """Give a function that waits a moment and says whether the process has ended."""
    descriptor = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        yield lambda: bool(poll.poll(_POLL_MILLISECONDS))
    finally:
        os.close(descriptor)


def _end_with(parent: int) -> None:
    """Runs in the child: ask the kernel for SIGTERM when the parent dies."""
    if not sys.platform.startswith("linux"):
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the call
        os._exit(1)


_LIBC = ctypes.CDLL(None)

"""The emulator's side of the spawner: processes as objects that tell when they end."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.local_aws.ecs import spawner as program
from services.local_aws.ecs.spawner import MESSAGE_LIMIT, end_leftovers
from services.local_aws.errors import LocalAwsError
from services.local_aws.images.image import Image

_log = logging.getLogger("services.local_aws.ecs")

_START_SECONDS = 20.0
#: `--no-preload`: every Python task is an interpreter of its own. For measurements.
NO_PRELOAD = "ECS_SAAS_LOCAL_NO_PRELOAD"


class SpawnError(LocalAwsError, RuntimeError):
    """A process could not be started."""


@dataclass(eq=False)
class Process:
    """One started program."""

    pid: int
    _nursery: Nursery
    #: None while it runs; then the exit status, as in a shell (128 + signal).
    status: int | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _callbacks: list[Callable[[], None]] = field(default_factory=list)

    def when_ended(self, callback: Callable[[], None]) -> None:
        """Call back once, when it has ended or now if it has; the callback must return at once."""
        with self._lock:
            if not self.ended.is_set():
                self._callbacks.append(callback)
                return
        callback()

    def _end(self, status: int) -> None:
        with self._lock:
            self.status = status
            self.ended.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def signal(self, number: int) -> None:
        """Send a signal to the process and everything it has started; none if it has ended."""
        self._nursery.tell({"do": "signal", "pid": self.pid, "signal": number})


class Nurseries:
    """One nursery for each image that runs.

    Parameters
    ----------
    home : Path
        Where the living processes are written down for a successor.
    """

    def __init__(self, home: Path) -> None:
        self._ledgers = home / "tasks"
        self._lock = threading.Lock()
        self._of: dict[str, Nursery] = {}
        self._ledgers.mkdir(parents=True, exist_ok=True)
        for ledger in self._ledgers.glob("*.ledger"):
            for pid in end_leftovers(ledger):
                _log.warning("ended process %d, left over from a killed local AWS", pid)

    def of(self, image: Image) -> Nursery:
        """Return the nursery of an image, made with its first task."""
        with self._lock:
            if image.digest not in self._of:
                name = image.digest.removeprefix("sha256:")[:24]
                self._of[image.digest] = Nursery(self._ledgers / f"{name}.ledger", image)
            return self._of[image.digest]

    def close(self) -> None:
        """End all processes of all images, at once, and wait until they are gone."""
        with self._lock:
            nurseries = list(self._of.values())
        for nursery in nurseries:
            nursery.begin_to_close()
        for nursery in nurseries:
            nursery.close()


class Nursery:
    """Starts an image's processes by a spawner of its own, which it replaces if it is lost.

    Parameters
    ----------
    ledger : Path
        Where the living processes are written down.
    image : Image
        Its interpreter is the one that tasks are forked from, and its files are all that they see.
    """

    def __init__(self, ledger: Path, image: Image) -> None:
        self._ledger = ledger
        self._image = image
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._answers: dict[int, tuple[threading.Event, dict[str, Any]]] = {}
        self._processes: dict[int, Process] = {}
        self._closing = False
        self._channel, self._spawner = self._launch()

    def _launch(self) -> tuple[socket.socket, subprocess.Popen[bytes]]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (ours, theirs):
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                end.setsockopt(socket.SOL_SOCKET, option, MESSAGE_LIMIT)
        command = [
            # Neither this script's folder nor what is installed here: the image's own alone.
            *(
                str(self._image.python or sys.executable),
                "-P",
                "-S" if not self._image.python else "-s",
            ),
            str(Path(program.__file__)),
            str(theirs.fileno()),
            str(self._ledger),
        ]
        if os.environ.get(NO_PRELOAD) or not self._runs_python:
            command.append("--no-preload")
        # A fork shows its parent's environment in /proc: there is nothing in it to see.
        variables = self._image.variables()
        kept = {name for name in variables if name == "PATH" or name.startswith("PYTHON")}
        clean = {name: variables[name] for name in kept}
        directory = self._image.working_directory
        spawner = subprocess.Popen(
            command, cwd=directory, env=clean, pass_fds=[theirs.fileno()], start_new_session=True
        )
        theirs.close()
        threading.Thread(
            target=self._listen, args=(ours,), daemon=True, name="ecs-processes-nursery"
        ).start()
        return ours, spawner

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        output: int,
        *,
        fork: bool = False,
    ) -> Process:
        """Start a program with exactly this environment.

        Parameters
        ----------
        output : int
            A descriptor for what it prints; the caller closes its own copy.
        fork : bool
            The arguments are `python -m module ...`: fork the prepared interpreter instead.

        Raises
        ------
        SpawnError
            If the program does not exist or the machine cannot start it.
        """
        number = next(self._numbers)
        arrived = threading.Event()
        answer: dict[str, Any] = {}
        self._answers[number] = (arrived, answer)
        message = {
            "do": "start",
            "id": number,
            "arguments": list(arguments),
            "environment": dict(environment),
            "directory": str(self._image.working_directory),
            "fork": fork and not os.environ.get(NO_PRELOAD),
        }
        try:
            with self._lock:
                socket.send_fds(self._channel, [json.dumps(message).encode()], [output])
            if not arrived.wait(_START_SECONDS):
                raise SpawnError(f"{arguments[0]}: no answer in {_START_SECONDS:.0f} s")
        except OSError as error:
            raise SpawnError(f"{arguments[0]}: {error}") from error
        finally:
            del self._answers[number]
        if answer.get("event") != "started":
            raise SpawnError(f"{arguments[0]}: {answer.get('reason', 'the spawner ended')}")
        process: Process = answer["process"]
        return process

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message that has no answer."""
        with self._lock, contextlib.suppress(OSError):
            self._channel.send(json.dumps(message).encode())

    @property
    def _runs_python(self) -> bool:
        return (*self._image.entrypoint, *self._image.command)[:1] == ("python",)

    def begin_to_close(self) -> None:
        """Let all processes end."""
        self._closing = True
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End all processes and wait until they are gone."""
        self.begin_to_close()
        try:
            self._spawner.wait(6)
        except subprocess.TimeoutExpired:
            self._spawner.kill()

    def _listen(self, channel: socket.socket) -> None:
        while True:
            try:
                data = channel.recv(MESSAGE_LIMIT)
            except OSError:
                data = b""
            if not data:
                break
            event = json.loads(data)
            if event["event"] == "exited":
                self._ended(event["pid"], event["status"])
                continue
            waiting = self._answers.get(event["id"])
            if waiting is None:
                # Its starter has given up; nobody would ever stop it.
                if pid := event.get("pid"):
                    self.tell({"do": "signal", "pid": pid, "signal": signal.SIGKILL})
                continue
            arrived, answer = waiting
            if event["event"] == "started":
                event["process"] = self._processes[event["pid"]] = Process(event["pid"], self)
            answer.update(event)
            arrived.set()
        self._lost(channel)

    def _ended(self, pid: int, status: int) -> None:
        if process := self._processes.pop(pid, None):
            process._end(status if status >= 0 else 128 - status)

    def _lost(self, channel: socket.socket) -> None:
        """Take the spawner's end: its children are gone with it, and a new one is needed."""
        channel.close()
        if not self._closing:
            _log.error("the spawner of task processes is gone; starting another one")
            with self._lock:
                self._spawner.wait(5)
                end_leftovers(self._ledger)
                self._channel, self._spawner = self._launch()
        for arrived, _ in list(self._answers.values()):
            arrived.set()
        for pid in list(self._processes):
            self._ended(pid, -signal.SIGKILL)

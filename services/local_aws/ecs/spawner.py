"""Starts the processes of an image's tasks: a small program beside the emulator.

It is the parent of every task process. That gives what threads of the emulator cannot:

* The kernel kills a task process when its parent *thread* ends (`PR_SET_PDEATHSIG`). This
  program has one thread, which lives as long as the tasks may.
* When the emulator dies, by whatever signal, the socket to it closes, and this program takes
  all tasks down before it ends itself.
* A Python service is forked from this program, which has imported the libraries that services
  share: it starts in a fraction of the time and shares their memory.

The interpreter that runs this file is the image's, and sees what the image has: so this imports
the standard library alone, and of the image the libraries that it installs. The image's code is
imported by tasks only.

One message is one JSON datagram (`SOCK_SEQPACKET`): `start` carries the descriptor for the
process's output, `signal` and `forget` name a process; `started`, `failed` and `exited` come back.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import importlib.util
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

MESSAGE_LIMIT = 1 << 20
#: How long tasks may take to end by themselves when the emulator is gone.
LAST_GRACE_SECONDS = 2.0

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_SHARED = (
    "anyio._backends._asyncio",
    "boto3.dynamodb.types",
    "boto3.session",
    "botocore.args",
    "botocore.client",
    "botocore.credentials",
    "botocore.httpsession",
    "botocore.retries.standard",
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "fastapi",
    "fastapi.openapi.utils",
    "httpx",
    "jwt",
    "uvicorn.lifespan.on",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.h11_impl",
)


def main() -> None:
    """Serve the emulator at the socket that is descriptor `argv[1]`, until it closes."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    ledger = Path(sys.argv[2])
    if "--no-preload" not in sys.argv:
        for name in _SHARED:
            # A library that moved costs its own import in each task, nothing more.
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        gc.collect()
        # Objects made so far never move to a collected generation: their pages stay shared.
        gc.freeze()
    Spawner(channel, ledger).serve()


class Spawner:
    """The parent of all task processes."""

    def __init__(self, channel: socket.socket, ledger: Path) -> None:
        self._channel = channel
        self._ledger = ledger
        self._children: set[int] = set()
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._wakeup, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._wakeup_writer = writer

    def serve(self) -> None:
        """Start and reap processes until the emulator is gone; then end what still runs."""
        signal.set_wakeup_fd(self._wakeup_writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # The emulator decides when this ends; a Ctrl-C in its terminal reaches both.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            selector.register(self._wakeup, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fd == self._wakeup:
                        with contextlib.suppress(BlockingIOError):
                            os.read(self._wakeup, 4096)
                    elif not self._serve_one():
                        self._end_all()
                        return
                for pid, status in self._reap():
                    self._tell({"event": "exited", "pid": pid, "status": status})

    def _serve_one(self) -> bool:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._channel, MESSAGE_LIMIT, 1)
        except ConnectionResetError:
            return False
        if not data:
            return False
        message = json.loads(data)
        if message["do"] == "signal":
            if message["pid"] in self._children:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(message["pid"], message["signal"])
            return True
        try:
            pid = self._start(message, descriptors[0])
        except OSError as error:
            self._tell({"event": "failed", "id": message["id"], "reason": str(error)})
        else:
            self._children.add(pid)
            self._write_ledger()
            self._tell({"event": "started", "id": message["id"], "pid": pid})
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return True

    def _tell(self, event: dict[str, object]) -> None:
        with contextlib.suppress(OSError):
            self._channel.send(json.dumps(event).encode())

    def _reap(self) -> Iterator[tuple[int, int]]:
        while self._children:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            # What the process has started itself ends with it, as in a container.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            self._children.discard(pid)
            self._write_ledger()
            yield pid, os.waitstatus_to_exitcode(status)

    def _end_all(self) -> None:
        for what, seconds in ((signal.SIGTERM, LAST_GRACE_SECONDS), (signal.SIGKILL, 1.0)):
            for pid in self._children:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, what)
            deadline = time.monotonic() + seconds
            while self._children and time.monotonic() < deadline:
                for _ in self._reap():
                    pass
                time.sleep(0.02)
        self._ledger.unlink(missing_ok=True)

    def _write_ledger(self) -> None:
        """Name the living processes, for a successor of an emulator that could not clean up."""
        lines = [f"{pid} {start_time(pid)}\n" for pid in sorted(self._children)]
        draft = self._ledger.with_suffix(".tmp")
        # The directory goes with a reset of the local AWS, while the last tasks still end.
        with contextlib.suppress(FileNotFoundError):
            draft.write_text("".join(lines))
            draft.replace(self._ledger)

    def _start(self, message: dict[str, Any], output: int) -> int:
        parent = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        code = 127
        try:
            self._become_task(message, output, parent)
            arguments = message["arguments"]
            if message["fork"]:
                # `ps` shows the spawner's command line for a fork; its name, at least, is its own.
                self._libc.prctl(_PR_SET_NAME, _shown(message).encode()[:15])
                code = _run_module(arguments[2], arguments[2:])
            else:
                _replace_by(arguments, message["environment"])
        except BaseException:
            # Nothing may return into the parent's code.
            traceback.print_exc()
        finally:
            _leave(code)

    def _become_task(self, message: dict[str, Any], output: int, parent: int) -> None:
        os.setsid()
        self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(137)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        # The spawner itself has a handful; libraries that it imported may have opened some more.
        os.closerange(3, 1024)
        signal.set_wakeup_fd(-1)
        for name in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(name, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(message["environment"])
        os.chdir(message["directory"])


def _shown(message: dict[str, Any]) -> str:
    """Return what a task is shown as: its service's name, else its module's."""
    name: str = message["arguments"][2].rpartition(".")[2]
    return str(message["environment"].get("SERVICE", name)) if name == "runtime" else name


def _replace_by(arguments: list[str], environment: dict[str, str]) -> None:
    try:
        os.execvpe(arguments[0], arguments, environment)  # noqa: S606
    except OSError as error:
        os.write(2, f"{arguments[0]}: {error.strerror}\n".encode())


def _run_module(module: str, arguments: list[str]) -> int:
    """Do what `python -m module arguments` does, in this process."""
    sys.argv = list(arguments)
    sys.path.insert(0, str(Path.cwd()))
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    try:
        if server := os.environ.pop(_NAMES.VARIABLE, None):
            _NAMES.install(server)
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as left:
        if left.code is None or isinstance(left.code, int):
            return left.code or 0
        sys.stderr.write(f"{left.code}\n")
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _leave(code: int) -> NoReturn:
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _beside(name: str) -> ModuleType:
    """Return the module in a file beside this one, which is on nobody's path."""
    spec = importlib.util.spec_from_file_location(
        f"_local_aws_{name}", Path(__file__).with_name(f"{name}.py")
    )
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_NAMES = _beside("names")


def start_time(pid: int) -> int:
    """Return when a process started, in clock ticks: with the pid it names a process for ever."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    # The command, in parentheses, may hold anything; the numbers follow the last one.
    return int(stat.rpartition(")")[2].split()[19])


def _kill_with_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(pid, signal.SIGKILL)  # so young that it has not made its group yet


def end_leftovers(ledger: Path) -> list[int]:
    """Kill the processes a ledger names, if they are still the same ones; return their ids."""
    try:
        lines = ledger.read_text().splitlines()
    except OSError:
        return []
    killed = []
    for line in lines:
        pid, _, started = line.partition(" ")
        if started and int(started) and start_time(int(pid)) == int(started):
            with contextlib.suppress(ProcessLookupError):
                _kill_with_group(int(pid))
                killed.append(int(pid))
    ledger.unlink(missing_ok=True)
    return killed


if __name__ == "__main__":
    main()

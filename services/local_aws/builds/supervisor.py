"""Run one phase of a build and let nothing of it outlive the build or the local AWS.

A script of its own, with the standard library only: the emulator runs it for every phase. The
kernel sends it SIGTERM when the thread that started it ends, however that ends; programs that
left the process group are adopted (`PR_SET_CHILD_SUBREAPER`) and ended as well.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_GRACE_SECONDS = 5.0


def _descendants() -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                if stat[0] != "Z":
                    parents.setdefault(int(stat[1]), []).append(int(entry.name))
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def _end_all(number: int) -> bool:
    """Send a signal to every process of the phase; whether there was one."""
    alive = _descendants()
    for pid in alive:
        with contextlib.suppress(OSError):
            os.kill(pid, number)
    return bool(alive)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _stop(_number: int, _frame: FrameType | None) -> None:
    orphaned = os.getppid() != _PARENT
    deadline = time.monotonic() + (0 if orphaned else _GRACE_SECONDS)
    _end_all(signal.SIGTERM)
    while time.monotonic() < deadline and _descendants():
        _reap()
        time.sleep(0.05)
    while _end_all(signal.SIGKILL):
        _reap()
        time.sleep(0.02)
    os._exit(143)


def main(arguments: list[str]) -> int:
    """Run a program and return its exit code once nothing it started is left."""
    pid = os.posix_spawnp(arguments[0], arguments, os.environ, setsigdef=[signal.SIGTERM])
    _, status = os.waitpid(pid, 0)
    while _end_all(signal.SIGKILL):
        _reap()
        time.sleep(0.02)
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


_PARENT = int(os.environ.pop("BUILD_PARENT", "0"))

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    if os.getppid() != _PARENT:
        sys.exit(143)  # the emulator ended before it could be noticed
    sys.exit(main(sys.argv[1:]))

"""SIGINT and SIGTERM: passed on to Terraform once, which then saves its state and ends.

A second interrupt would make Terraform drop what it is doing, and lose resources it has just
made; so it is never passed on.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


class Interruption:
    """Whether somebody asked to stop, and whom to tell."""

    def __init__(self, notify: Callable[[str], None] | None = None) -> None:
        self._notify = notify or (lambda text: None)
        self._running: set[int] = set()
        self._lock = threading.RLock()  # a signal may arrive while this thread holds it
        self.requested = False

    @contextlib.contextmanager
    def listening(self) -> Iterator[Interruption]:
        """Handle the two signals inside the block; only the main thread can.

        After an interruption both are ignored from then on: the program is on its way out, and
        one more would cut off what it has to say.
        """
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        previous = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield self
        finally:
            for number, handler in previous.items():
                signal.signal(number, signal.SIG_IGN if self.requested else handler)

    @contextlib.contextmanager
    def forwarding_to(self, pid: int) -> Iterator[None]:
        """Pass an interruption on to process `pid` while the block runs."""
        with self._lock:
            self._running.add(pid)
            if self.requested:
                _interrupt(pid)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(pid)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            self._notify("still stopping: Terraform is saving its state")
            return
        self.requested = True
        self._notify("stopping: Terraform finishes what it has begun and saves its state")
        with self._lock:
            for pid in self._running:
                _interrupt(pid)


def _interrupt(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)

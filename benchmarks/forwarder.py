"""A TCP forwarder that notes when it is first called: an observer outside of what is measured."""

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Self

_CHUNK = 1 << 16


class Forwarder:
    """Forwards connections to a port of this machine.

    Parameters
    ----------
    target : int
        The port on 127.0.0.1 that connections go to.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._first: float | None = None
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]

    def watch(self) -> None:
        """Forget the calls so far: the next one is the first."""
        self._first = None

    def first_call(self) -> float:
        """Return when the first call came, by `time.monotonic`."""
        if self._first is None:
            raise RuntimeError("nothing called AWS")
        return self._first

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return  # closed
            if self._first is None:
                self._first = time.monotonic()
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                caller.close()
                continue
            for each in (caller, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink in ((caller, server), (server, caller)):
                threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    """Copy until `source` ends, then tell `sink` so."""
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK):
            sink.sendall(chunk)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)

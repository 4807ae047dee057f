"""What task processes print, on its way into the log groups that task definitions name."""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch_logs, ecs

_log = logging.getLogger("services.local_aws.ecs")

_CHUNK = 1 << 16
#: Log groups live in the emulator's memory: a stream keeps its last events, not all.
_EVENTS_KEPT = 2000


@dataclass(frozen=True)
class Destination:
    """A log stream."""

    account: str
    region: str
    group: str
    stream: str


@dataclass(eq=False)
class Output:
    """What one process prints.

    Attributes
    ----------
    tail : deque of str
        The last lines: what one wants to see of a process that ended.
    """

    descriptor: int
    destination: Destination | None = None
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=50))
    _waiting: list[dict[str, Any]] = field(default_factory=list)
    _rest: bytes = b""

    def take(self, data: bytes) -> None:
        """Accept what the process has printed; nothing means that it has closed its output."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop() if data else b""
        now = int(time.time() * 1000)
        for line in lines:
            text = line.decode(errors="replace").rstrip("\r")
            if text:
                self.tail.append(text)
                self._waiting.append({"timestamp": now, "message": text})
        self.flush()

    def send_to(self, destination: Destination) -> None:
        """Name the log stream; lines that came before go there, too."""
        self.destination = destination
        self.flush()

    def flush(self) -> None:
        """Put the lines that wait into the log stream, if there is one."""
        to = self.destination
        if to is None:
            del self._waiting[:-_EVENTS_KEPT]
            return
        events, self._waiting = self._waiting, []
        if not events:
            return
        with request_scope(to.account, to.region):
            cloudwatch_logs._put_log_events(
                {"logGroupName": to.group, "logStreamName": to.stream, "logEvents": events}
            )
            group = cloudwatch_logs._log_groups.get(to.group) or {}
            kept = group.get("streams", {}).get(to.stream, {}).get("events", [])
            for event in kept[:-_EVENTS_KEPT]:
                cloudwatch_logs._log_records.pop(event.get("eventId"), None)
            del kept[:-_EVENTS_KEPT]


class LogPump:
    """Reads the outputs of all processes in one thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._new: list[Output] = []
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        threading.Thread(target=self._run, daemon=True, name="ecs-processes-logs").start()

    def open(self) -> tuple[Output, int]:
        """Return an output, and the descriptor to give to its process (the caller closes it)."""
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        output = Output(reading)
        with self._lock:
            self._new.append(output)
        self._waker.send(b"\0")
        return output, writing

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._admit()
                    continue
                try:
                    self._read(key.data)
                except Exception:
                    # A log line that cannot be stored must not stop those of other tasks.
                    _log.exception("a log line was lost")

    def _admit(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)
        with self._lock:
            new, self._new = self._new, []
        for output in new:
            self._selector.register(output.descriptor, selectors.EVENT_READ, output)

    def _read(self, output: Output) -> None:
        try:
            data = os.read(output.descriptor, _CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._selector.unregister(output.descriptor)
            os.close(output.descriptor)
        output.take(data)


def destination_of(
    definition: dict[str, Any], task_id: str, container_id: str, account: str, region: str
) -> Destination | None:
    """Return the stream that a container definition's awslogs configuration names, made if new.

    None if it names none, or a log group that does not exist and must not be created: the
    emulator has logged it then.
    """
    config = ecs._awslogs_config(definition, task_id, container_id)
    if not config:
        return None
    where = config["region"] or region
    with request_scope(account, where):
        if not ecs._ensure_awslogs_stream(config):
            return None
    return Destination(account, where, config["group"], config["stream"])

"""Health checks of targets and containers, in a thread and an event loop of their own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import StrEnum

_log = logging.getLogger("services.local_aws.health")

#: A new target is asked often, so that it gets traffic as soon as it is ready.
_INITIAL_INTERVAL_SECONDS = 0.2


class Health(StrEnum):
    """What is known of a target, in the words of Elastic Load Balancing."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True)
class Probe:
    """What to ask, how often, and which answer is a good one.

    Attributes
    ----------
    path : str or None
        None asks for a connection only.
    accepted : str
        Status codes as a target group's matcher writes them: `200`, `200,302`, `200-299`.
    rises, falls : int
        Good answers that make an unhealthy target healthy, and bad ones for the contrary. The
        first good answer makes a new target healthy.
    """

    address: str
    port: int
    path: str | None
    interval_seconds: float = 30
    timeout_seconds: float = 5
    accepted: str = "200"
    rises: int = 5
    falls: int = 2

    def accepts(self, status: int) -> bool:
        """Whether a status code is a good answer."""
        for part in self.accepted.split(","):
            low, _, high = part.strip().partition("-")
            if low.isdigit() and int(low) <= status <= int(high or low):
                return True
        return False


async def ask(probe: Probe) -> bool:
    """Ask once; True for a good answer in time."""
    try:
        async with asyncio.timeout(probe.timeout_seconds):
            return await _ask(probe)
    except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
        return False


async def _ask(probe: Probe) -> bool:
    reader, writer = await asyncio.open_connection(probe.address, probe.port)
    try:
        if probe.path is None:
            return True
        writer.write(
            f"GET {probe.path} HTTP/1.1\r\nHost: {probe.address}:{probe.port}\r\n"
            "User-Agent: ELB-HealthChecker/2.0\r\nConnection: close\r\n\r\n".encode()
        )
        status_line = await reader.readline()
        # To the end: a connection cut in the middle would be an error in the program's log.
        await reader.read()
        return probe.accepts(int(status_line.split()[1]))
    except IndexError:
        return False
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


class HealthChecker:
    """Asks its probes until they are forgotten. Its methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._health: dict[Hashable, Health] = {}
        self._probes: dict[Hashable, Probe] = {}
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}
        self._loop = asyncio.new_event_loop()
        threading.Thread(
            target=self._loop.run_forever, daemon=True, name="dataplane-health"
        ).start()

    def watch(
        self, key: Hashable, probe: Probe, when_unhealthy: Callable[[], None] | None = None
    ) -> None:
        """Begin to ask, unless this very probe is asked already.

        Parameters
        ----------
        when_unhealthy : callable, optional
            Called in a thread each time the target has become unhealthy.
        """
        with self._lock:
            if self._probes.get(key) == probe:
                return
            self._probes[key] = probe
            self._health[key] = Health.INITIAL
        self._loop.call_soon_threadsafe(self._begin, key, probe, when_unhealthy)

    def forget(self, key: Hashable) -> None:
        """Ask no more."""
        with self._lock:
            self._probes.pop(key, None)
            self._health.pop(key, None)
        self._loop.call_soon_threadsafe(self._end, key)

    def health(self, key: Hashable) -> Health | None:
        """Return what is known; None if nobody asks."""
        return self._health.get(key)

    def watched(self) -> list[Hashable]:
        """Return what is asked."""
        with self._lock:
            return list(self._probes)

    def _begin(
        self, key: Hashable, probe: Probe, when_unhealthy: Callable[[], None] | None
    ) -> None:
        self._end(key)
        self._tasks[key] = self._loop.create_task(self._keep_asking(key, probe, when_unhealthy))

    def _end(self, key: Hashable) -> None:
        if task := self._tasks.pop(key, None):
            task.cancel()

    async def _keep_asking(
        self, key: Hashable, probe: Probe, when_unhealthy: Callable[[], None] | None
    ) -> None:
        health, good, bad = Health.INITIAL, 0, 0
        while True:
            if await ask(probe):
                good, bad = good + 1, 0
            else:
                good, bad = 0, bad + 1
            if good and (health is Health.INITIAL or good >= probe.rises):
                changed = Health.HEALTHY
            # A program that has not answered yet is still starting, for the runner to judge.
            elif health is Health.HEALTHY and bad >= probe.falls:
                changed = Health.UNHEALTHY
            else:
                changed = health
            if changed is not health:
                _log.info("%s is %s (was %s)", key, changed, health)
                health = changed
                with self._lock:
                    if self._probes.get(key) != probe:
                        return
                    self._health[key] = health
                if health is Health.UNHEALTHY and when_unhealthy is not None:
                    await asyncio.to_thread(when_unhealthy)
            initial = health is Health.INITIAL
            await asyncio.sleep(_INITIAL_INTERVAL_SECONDS if initial else probe.interval_seconds)

"""Containers as the emulator's ECS knows them from Docker, with processes in them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from docker.errors import NotFound  # type: ignore[import-untyped]

from services.local_aws.ecs.addresses import Addresses
from services.local_aws.ecs.credentials import TaskCredentials
from services.local_aws.ecs.launch import Launch, launch
from services.local_aws.ecs.logs import LogPump, Output, destination_of
from services.local_aws.ecs.nursery import Nurseries, Process
from services.local_aws.images.pulling import Registry
from services.local_aws.load_balancer.health import HealthChecker, Probe, ask

_log = logging.getLogger("services.local_aws.ecs")

#: A program that does not listen by then is taken down, and its task has failed.
READY_SECONDS = 60.0
_EARLY_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 30.0

_TASK = "com.amazonaws.ecs.task-arn"
_NETWORK = "ecs"


@dataclass(eq=False)
class Task:
    """What the containers of a task share."""

    arn: str
    family: str
    address: str
    containers: list[Container] = field(default_factory=list)
    grant: str | None = None


class Container:
    """One container of a task, as the emulator sees it: a process."""

    def __init__(self, task: Task, name: str, labels: Mapping[str, str], runtime: Runtime) -> None:
        self.id = uuid.uuid4().hex + uuid.uuid4().hex
        self.name = name
        self.labels = dict(labels)
        self.task = task
        self.attrs = {"NetworkSettings": {"Networks": {_NETWORK: {"IPAddress": task.address}}}}
        self._runtime = runtime
        self._process: Process | None = None
        self._output: Output | None = None
        self._stop_timeout = 0.0
        self._stopping = threading.Lock()

    def begin(self, process: Process, output: Output, plan: Launch) -> None:
        """Take over the started process."""
        self._process, self._output = process, output
        self._stop_timeout = plan.stop_timeout_seconds

    @property
    def process(self) -> Process:
        """The process; only asked of a container that has begun."""
        if self._process is None:
            raise NotFound(f"container {self.name} has not started")
        return self._process

    @property
    def output(self) -> Output | None:
        """What it prints."""
        return self._output

    @property
    def status(self) -> str:
        """`running` or `exited`, as Docker says."""
        return "exited" if self.process.ended.is_set() else "running"

    def reload(self) -> None:
        """Do nothing: what this says is always the present."""

    def wait(self) -> dict[str, int]:
        """Wait for the end; return the exit status."""
        self.process.ended.wait()
        return {"StatusCode": self.process.status or 0}

    def logs(self, **_: object) -> bytes:
        """Return the last lines."""
        return "\n".join(self._output.tail if self._output else ()).encode()

    def stop(self, timeout: float | None = None) -> None:
        """Begin to stop, and return: requests on their way may end first.

        The emulator would hold its caller for all that time. Its own timeout is not the
        container's; the container definition's `stopTimeout` is.
        """
        del timeout
        if self._stopping.acquire(blocking=False) and self.status == "running":
            threading.Thread(target=self._retire, daemon=True, name="ecs-processes-stop").start()

    def _retire(self) -> None:
        self._runtime.before_stop(self.task)
        self.process.signal(signal.SIGTERM)
        if not self.process.ended.wait(self._stop_timeout):
            _log.warning("%s did not end in %.0f s: killed", self.name, self._stop_timeout)
            self.kill()

    def kill(self, *_: object) -> None:
        """End it at once."""
        self.process.signal(signal.SIGKILL)

    def remove(self, **_: object) -> None:
        """Forget it once it has ended."""
        self.stop()


@dataclass(frozen=True)
class Runtime:
    """What running a container needs.

    Attributes
    ----------
    before_stop : callable
        Returns when nobody sends requests to the task any more.
    """

    registry: Registry
    nurseries: Nurseries
    addresses: Addresses
    pump: LogPump
    credentials: TaskCredentials
    checker: HealthChecker
    dns_port: int
    before_stop: Callable[[Task], None]


class Containers:
    """Starts containers and knows those that run."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Condition()
        self._containers: dict[str, Container] = {}
        self._tasks: dict[str, Task] = {}
        self._failures: dict[str, tuple[int, float]] = {}

    def get(self, identity: str) -> Any:
        """Return a container; the emulator asks for itself by its host name."""
        if identity == os.environ.get("HOSTNAME", ""):
            return _Emulator()
        with self._lock:
            if found := self._containers.get(identity):
                return found
        raise NotFound(f"no container {identity}")

    def all(self) -> Sequence[Container]:
        """Return all containers."""
        with self._lock:
            return tuple(self._containers.values())

    def list(self, **_: object) -> Sequence[Container]:
        """Return all containers, by Docker's name for it."""
        return self.all()

    def run(self, reference: str, **given: Any) -> Container:
        """Start a container and return it when it is ready, or has ended."""
        family = given["labels"]["com.amazonaws.ecs.task-definition-family"]
        self._pause(family)
        try:
            return self._run(reference, family, given)
        except Exception:
            self._count(family, failed=True)
            raise

    def _run(self, reference: str, family: str, given: dict[str, Any]) -> Container:
        labels: Mapping[str, str] = given["labels"]
        definition: dict[str, Any] = given["definition"]
        arn = labels[_TASK]
        region, account, task_id = arn.split(":")[3], arn.split(":")[4], arn.rpartition("/")[2]
        image = self._runtime.registry.pull(reference).image
        task = self._task(arn, family, given)
        container = Container(task, given["name"], labels, self._runtime)
        output, descriptor = self._runtime.pump.open()
        try:
            plan = launch(
                image,
                definition,
                given["environment"],
                address=task.address,
                region=region,
                has_role=bool(task.grant),
                dns_port=self._runtime.dns_port,
            )
            if to := destination_of(definition, task_id, container.id, account, region):
                output.send_to(to)
            began = time.monotonic()
            process = self._runtime.nurseries.of(image).start(
                plan.arguments,
                plan.environment,
                descriptor,
                fork=plan.fork,
            )
        except BaseException:
            self._release(task)
            raise
        finally:
            os.close(descriptor)
        container.begin(process, output, plan)
        with self._lock:
            self._containers[container.id] = container
            task.containers.append(container)
        process.when_ended(lambda: self._ended(container, began))
        self._await_ready(container, plan)
        _log.info(
            "%s: process %d on %s, ready in %.2f s",
            container.name,
            process.pid,
            task.address,
            time.monotonic() - began,
        )
        return container

    def of_task(self, arn: str) -> Sequence[Container]:
        """Return the containers of a task that have started."""
        with self._lock:
            task = self._tasks.get(arn)
            return tuple(task.containers) if task else ()

    def wait_for_exit(self, arn: str, seconds: float) -> None:
        """Return as soon as a container of the task has ended, or when time is up."""

        def ended() -> bool:
            task = self._tasks.get(arn)
            return task is None or any(each.status == "exited" for each in task.containers)

        with self._lock:
            self._lock.wait_for(ended, seconds)

    def notify(self) -> None:
        """Let those who wait look again."""
        with self._lock:
            self._lock.notify_all()

    def _task(self, arn: str, family: str, given: Mapping[str, Any]) -> Task:
        """Return the task of a container, made with its first one."""
        with self._lock:
            if task := self._tasks.get(arn):
                return task
        definition: Mapping[str, Any] = given["task_definition"]
        ports = [
            mapping["containerPort"]
            for each in definition.get("containerDefinitions", ())
            for mapping in each.get("portMappings", ())
        ]
        task = Task(arn, family, self._runtime.addresses.take(ports))
        try:
            if role := definition.get("taskRoleArn"):
                environment = given["environment"]
                task.grant = self._runtime.credentials.grant(
                    environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
                    environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"],
                    role,
                    arn,
                )
        except BaseException:
            self._runtime.addresses.give_back(task.address)
            raise
        with self._lock:
            self._tasks[arn] = task
        return task

    def _await_ready(self, container: Container, plan: Launch) -> None:
        probes = [Probe(container.task.address, port, None) for port in plan.ports]
        if plan.health:
            probes.append(_health_probe(container, plan))
        deadline = time.monotonic() + READY_SECONDS
        for probe in probes:
            while not _answers(probe):
                if container.process.ended.wait(0.02):
                    return
                if time.monotonic() > deadline:
                    _log.warning("%s does not answer on port %d", container.name, probe.port)
                    container.kill()
                    return
        if plan.health:
            self._runtime.checker.watch(
                container.name,
                _health_probe(container, plan),
                lambda: self._unhealthy(container),
            )

    def _unhealthy(self, container: Container) -> None:
        _log.warning("%s fails its health check: killed, to be replaced", container.name)
        container.kill()

    def _pause(self, family: str) -> None:
        """Start a program that keeps failing ever more seldom, as ECS throttles its tasks."""
        failures, last = self._failures.get(family, (0, 0.0))
        if failures > 1:
            pause = min(_LONGEST_PAUSE_SECONDS, 0.5 * 2.0 ** (failures - 2))
            time.sleep(max(0.0, last + pause - time.monotonic()))

    def _count(self, family: str, *, failed: bool) -> None:
        earlier = self._failures.get(family, (0, 0.0))[0]
        self._failures[family] = (earlier + 1 if failed else 0, time.monotonic())

    def _ended(self, container: Container, began: float) -> None:
        status = container.process.status
        lived = time.monotonic() - began
        stopped = container._stopping.locked()
        self._count(container.task.family, failed=lived < _EARLY_SECONDS and not stopped)
        if not stopped:
            # Its last words may still be on their way through the pipe.
            threading.Timer(0.3, self._report, (container, status)).start()
        self._runtime.checker.forget(container.name)
        self._release(container.task)

    @staticmethod
    def _report(container: Container, status: int | None) -> None:
        tail = container.output.tail if container.output else ()
        last = tail[-1] if tail else "it has printed nothing"
        _log.warning("%s ended with status %s: %s", container.name, status, last[:300])

    def _release(self, task: Task) -> None:
        """Give back what a task holds, once none of its containers runs."""
        with self._lock:
            if all(each.status == "exited" for each in task.containers):
                self._tasks.pop(task.arn, None)
                self._runtime.addresses.give_back(task.address)
                if task.grant:
                    self._runtime.credentials.revoke(task.grant)
                # The emulator still asks for the exit status of a container that has just ended.
                threading.Timer(30, self._forget, (task,)).start()
            self._lock.notify_all()

    def _forget(self, task: Task) -> None:
        with self._lock:
            for container in task.containers:
                self._containers.pop(container.id, None)


class _Emulator:
    """The emulator's own container, whose address tells tasks where AWS is."""

    attrs = {"NetworkSettings": {"Networks": {_NETWORK: {"IPAddress": "127.0.0.1"}}}}  # noqa: RUF012


def _health_probe(container: Container, plan: Launch) -> Probe:
    check = plan.health
    if check is None:
        raise ValueError(f"{container.name} has no health check")
    return Probe(
        container.task.address,
        check.port,
        check.path,
        interval_seconds=check.interval_seconds,
        timeout_seconds=check.timeout_seconds,
        accepted="200-399",
        rises=1,
        falls=check.retries,
    )


def _answers(probe: Probe) -> bool:
    if probe.path is not None:
        return asyncio.run(ask(probe))
    with contextlib.suppress(OSError):
        socket.create_connection((probe.address, probe.port), probe.timeout_seconds).close()
        return True
    return False

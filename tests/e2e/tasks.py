"""Tasks of ECS services, moved about as operators and accidents do."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx

from tests.emulator.ecs.processes import pids_at
from tests.waiting import eventually

PORT: Final = 3010
_SECONDS: Final = 40.0


class Tasks:
    """Tasks of services, by their addresses.

    Parameters
    ----------
    ecs : boto3 client of ECS
    """

    def __init__(self, ecs: Any) -> None:
        self._ecs = ecs

    def of(self, cluster: str, service: str) -> dict[str, str]:
        """Return the running tasks of a service: ARN to address."""
        arns = self._ecs.list_tasks(cluster=cluster, serviceName=service)["taskArns"]
        if not arns:
            return {}
        described = self._ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
        return {
            task["taskArn"]: _address(task)
            for task in described
            if task["group"] == f"service:{service}" and task["lastStatus"] == "RUNNING"
        }

    def deploy(self, cluster: str, service: str) -> None:
        """Replace all tasks of a service by new ones, and wait until they are."""
        old = set(self.of(cluster, service))
        self._ecs.update_service(cluster=cluster, service=service, forceNewDeployment=True)

        def replaced() -> bool:
            (found,) = self._ecs.describe_services(cluster=cluster, services=[service])["services"]
            running = set(self.of(cluster, service))
            return (
                len(found["deployments"]) == 1
                and not running & old
                and len(running) == found["desiredCount"]
            )

        _wait(f"new tasks of {service}", replaced)

    @contextmanager
    def scaled(self, cluster: str, service: str, count: int) -> Iterator[None]:
        """Let a service have so many tasks for a while."""
        (found,) = self._ecs.describe_services(cluster=cluster, services=[service])["services"]
        self._ecs.update_service(cluster=cluster, service=service, desiredCount=count)
        try:
            self._await_ready(cluster, service, count)
            yield
        finally:
            before = found["desiredCount"]
            self._ecs.update_service(cluster=cluster, service=service, desiredCount=before)
            _wait(f"{before} tasks", lambda: len(self.of(cluster, service)) == before)

    def kill(self, cluster: str, task: str) -> None:
        """Kill a task's process, which is told nothing before."""
        (found,) = self._ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"]
        (pid,) = pids_at(_address(found))
        os.kill(pid, signal.SIGKILL)

    def await_replaced(self, cluster: str, service: str, gone: str, count: int) -> None:
        """Wait until a service has all its tasks again, and not this one."""
        _wait("the task's end", lambda: gone not in self.of(cluster, service))
        self._await_ready(cluster, service, count)

    @contextmanager
    def instead(self, cluster: str, family: str, module: str, tag: str) -> Iterator[str]:
        """Run a module of another image, by its tag, as a task that is in all else one of a family.

        Gives its address.
        """
        described = self._ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
        (container,) = described["containerDefinitions"]
        image = f"{container['image'].partition('@')[0].rpartition(':')[0]}:{tag}"
        given = ("networkMode", "requiresCompatibilities", "cpu", "memory")
        definition = self._ecs.register_task_definition(
            family=f"{family}-instead",
            taskRoleArn=described["taskRoleArn"],
            executionRoleArn=described["executionRoleArn"],
            containerDefinitions=[
                {**container, "image": image, "entryPoint": ["python", "-m", module]}
            ],
            **{name: described[name] for name in given},
        )["taskDefinition"]["taskDefinitionArn"]
        started = self._ecs.run_task(
            cluster=cluster,
            taskDefinition=definition,
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        )["tasks"][0]["taskArn"]
        try:
            tasks = [started]

            def running() -> bool:
                (task,) = self._ecs.describe_tasks(cluster=cluster, tasks=tasks)["tasks"]
                return bool(task["lastStatus"] == "RUNNING") and _is_ready(_address(task))

            _wait(f"task of {module}", running)
            (task,) = self._ecs.describe_tasks(cluster=cluster, tasks=tasks)["tasks"]
            yield f"http://{_address(task)}:{PORT}"
        finally:
            self._ecs.stop_task(cluster=cluster, task=started)
            self._ecs.deregister_task_definition(taskDefinition=definition)
            self._ecs.delete_task_definitions(taskDefinitions=[definition])

    def _await_ready(self, cluster: str, service: str, count: int) -> None:
        def ready() -> bool:
            addresses = self.of(cluster, service).values()
            return len(addresses) == count and all(_is_ready(each) for each in addresses)

        _wait(f"{count} tasks of {service}", ready)


def _address(task: dict[str, Any]) -> str:
    details = [each for part in task["attachments"] for each in part["details"]]
    return next((d["value"] for d in details if d["name"] == "privateIPv4Address"), "")


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}:{PORT}/ready", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _wait(what: str, done: Callable[[], bool]) -> None:
    eventually(done, _SECONDS, what=what)

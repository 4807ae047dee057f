"""The builds behind operations: found, followed, and killed."""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import dataclass
from typing import Any

import psutil

from services.client import Operation
from tests.e2e.system import PREFIX, System
from tests.waiting import eventually

_PROJECT = f"{PREFIX}-provisioner"


@dataclass(frozen=True)
class Build:
    """One build of the provisioner."""

    system: System
    id: str

    @classmethod
    def of(cls, system: System, operation: Operation) -> Build:
        """The build that carries out an operation's latest attempt; it is waited for."""
        builds = system.client("codebuild")

        def find() -> Build | None:
            for build_id in builds.list_builds_for_project(projectName=_PROJECT)["ids"]:
                (build,) = builds.batch_get_builds(ids=[build_id])["builds"]
                variables = build["environment"]["environmentVariables"]
                if any(operation.id in variable["value"] for variable in variables):
                    return cls(system, build_id)
            return None

        return eventually(find)

    def said(self, text: str, seconds: float = 60) -> None:
        """Wait until the build's log holds `text`."""
        eventually(lambda: text in self.log(), seconds)

    def log(self) -> str:
        with contextlib.suppress(Exception):  # there is no stream before the first line
            (build,) = self.system.client("codebuild").batch_get_builds(ids=[self.id])["builds"]
            events = self.system.client("logs").get_log_events(
                logGroupName=build["logs"]["groupName"],
                logStreamName=build["logs"]["streamName"],
            )["events"]
            return "\n".join(event["message"] for event in events)
        return ""

    def status(self) -> str:
        (build,) = self.system.client("codebuild").batch_get_builds(ids=[self.id])["builds"]
        return str(build["buildStatus"])

    def kill(self) -> None:
        """Kill every process of the build, as a host that is lost does."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("CODEBUILD_BUILD_ID") == self.id:
                    process.kill()

    def forget(self, tenant_id: str) -> None:
        """Remove what builds left on this machine of a tenant: on AWS the next has another."""
        workdirs = self.system.local.home.glob("builds/tmp/*/ecs-saas")
        for runs in (each for workdir in workdirs for each in workdir.glob("terraform/*/*/runs/*")):
            shutil.rmtree(runs / tenant_id, ignore_errors=True)

    def stop(self) -> None:
        self.system.client("codebuild").stop_build(id=self.id)


def executions(system: System) -> list[dict[str, Any]]:
    """Every execution of the operations' state machine."""
    machine = system.contract("application-plane")["state_machine_arn"]
    pages = system.client("stepfunctions").get_paginator("list_executions")
    return [
        execution
        for page in pages.paginate(stateMachineArn=machine)
        for execution in page["executions"]
    ]


def request_of(system: System, operation: Operation) -> dict[str, Any]:
    """The request on the bus that started an operation."""
    (execution,) = (each for each in executions(system) if each["name"] == operation.id)
    described = system.client("stepfunctions").describe_execution(
        executionArn=execution["executionArn"]
    )
    request: dict[str, Any] = json.loads(json.loads(described["input"])["operation"])
    return request

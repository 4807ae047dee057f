"""One-off ECS tasks that do what is to be done with a tenant's documents inside the network.

A task runs `services.storage.data_task` in a service's own image, with a role of its own that signs
in to the copy's databases and reads and writes the exchange. The command says what to do and for
whom, and nothing secret. Its report is read from the exchange.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from services.provisioning.errors import ProvisionerError
from services.storage.exchange import Exchange
from services.storage.items import Digest

if TYPE_CHECKING:
    from mypy_boto3_ecs.client import ECSClient

CONTAINER: Final = "data"
_COMMAND: Final = ("python", "-m", "services.storage.data_task")
#: A role or a rule that was just made is not seen everywhere at once.
_ATTEMPTS: Final = 4
_PAUSE_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 1.0


@dataclass(frozen=True)
class DataTask:
    """How tasks of one copy of a tenant are run, as the outputs of its root module say.

    Attributes
    ----------
    family : str
        Of the task definition; its newest revision is run.
    engines : Mapping of str to str
        By service, the engine of those whose documents the task reaches.
    """

    cluster: str
    family: str
    subnets: tuple[str, ...]
    security_group: str
    engines: Mapping[str, str]

    @classmethod
    def parse(cls, output: Mapping[str, str]) -> DataTask | None:
        """Return what a root module's output `data_task` says; None if there is no such task."""
        if not output:
            return None
        pairs = (pair.partition("=") for pair in output["engines"].split(","))
        return cls(
            output["cluster"],
            output["family"],
            tuple(output["subnets"].split(",")),
            output["security_group"],
            {service: engine for service, _, engine in pairs},
        )


@dataclass(frozen=True)
class DataTasks:
    """Runs data tasks.

    Parameters
    ----------
    ecs : ECSClient
    task : DataTask
    check : callable
        Called as it waits; raises to stop, and the task is stopped then.
    sleep : callable, default time.sleep
    """

    ecs: ECSClient
    task: DataTask
    check: Callable[[], None]
    sleep: Callable[[float], None] = field(default=time.sleep)

    def exist(self) -> bool:
        """Return whether there is a task definition to run."""
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            found = self.ecs.describe_task_definition(taskDefinition=self.task.family)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ClientException":
                raise
            return False
        return found["taskDefinition"]["status"] == "ACTIVE"

    def run(self, action: str, exchange: Exchange) -> Digest:
        """Run one action to its end, and return what is in the place then.

        A task that an earlier attempt has left running is stopped before: it would go on with
        what was true when it began.

        Raises
        ------
        ProvisionerError
            If it fails, with the reason that it gives.
        """
        self._stop_earlier(exchange)
        for attempt in range(_ATTEMPTS):
            request = uuid.uuid4().hex
            ended = self._ended(self._start(action, exchange, request))
            report = exchange.reported()
            if report.get("request") == request:
                if "error" in report:
                    raise ProvisionerError(self._said(action, exchange, str(report["error"])))
                return Digest(int(report["count"]), str(report["sha256"]))
            if ended.get("stopCode") != "TaskFailedToStart" or attempt == _ATTEMPTS - 1:
                break
            self._pause(_PAUSE_SECONDS)
        (container, *_) = ended.get("containers") or [{}]
        reason = ended.get("stoppedReason") or container.get("reason") or "no reason given"
        code = container.get("exitCode", "none")
        raise ProvisionerError(
            self._said(action, exchange, f"it ended with exit code {code} and reported nothing")
            + f": {reason}; its log says more"
        )

    def _start(self, action: str, exchange: Exchange, request: str) -> str:
        command = [*_COMMAND, action, exchange.service, exchange.tenant_id, exchange.tier, request]
        failures: Any = []
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._pause(_PAUSE_SECONDS)
            answer = self.ecs.run_task(
                cluster=self.task.cluster,
                taskDefinition=self.task.family,
                launchType="FARGATE",
                startedBy=_started_by(exchange),
                networkConfiguration={
                    "awsvpcConfiguration": {
                        "subnets": list(self.task.subnets),
                        "securityGroups": [self.task.security_group],
                        "assignPublicIp": "DISABLED",
                    }
                },
                overrides={"containerOverrides": [{"name": CONTAINER, "command": command}]},
                # Without the tenant's tags: a task that has ended is no resource that is left.
            )
            if answer["tasks"]:
                return answer["tasks"][0]["taskArn"]
            failures = answer["failures"]
        told = ", ".join(str(each.get("reason")) for each in failures)
        raise ProvisionerError(self._said(action, exchange, f"ECS does not start it: {told}"))

    def _ended(self, arn: str) -> Any:
        """Wait for the end of a task, and stop it if that is not waited for."""
        try:
            while True:
                answer = self.ecs.describe_tasks(cluster=self.task.cluster, tasks=[arn])
                if not answer["tasks"]:
                    return {}
                if answer["tasks"][0]["lastStatus"] == "STOPPED":
                    return answer["tasks"][0]
                self._pause(_POLL_SECONDS)
        except BaseException:
            self.ecs.stop_task(cluster=self.task.cluster, task=arn, reason="nobody waits for it")
            raise

    def _stop_earlier(self, exchange: Exchange) -> None:
        arns = self.ecs.list_tasks(cluster=self.task.cluster, startedBy=_started_by(exchange))
        for arn in arns["taskArns"]:
            self.ecs.stop_task(
                cluster=self.task.cluster, task=arn, reason="a later attempt takes its place"
            )
        for arn in arns["taskArns"]:
            self._ended(arn)

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check()
            self.sleep(min(left, _POLL_SECONDS))

    def _said(self, action: str, exchange: Exchange, text: str) -> str:
        return f"{action} of {exchange.service} by a task of {self.task.family} failed: {text}"


def _started_by(exchange: Exchange) -> str:
    """Return what tells the tasks of one place from others; ECS takes 36 characters."""
    what = f"{exchange.tenant_id}/{exchange.tier}/{exchange.service}"
    return f"data-{hashlib.sha256(what.encode()).hexdigest()[:24]}"

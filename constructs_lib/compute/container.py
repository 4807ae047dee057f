"""The container of a task as typed data, and its JSON in a task definition. Pure Python."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from constructs_lib.errors import ConfigError
from constructs_lib.sequences import takes_sequences

NON_ROOT_USER: Final = "10001:10001"
_EXPRESSION: Final = re.compile(r"(?<!\$)\$\{")
_ROOT = re.compile(r"(root|0)(:.*)?")


@takes_sequences
@dataclass(frozen=True)
class HealthCheck:
    """A command inside the container that says whether it works.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments; exit code 0 is healthy.
    interval_seconds : int, default 10
        Time between two checks.
    timeout_seconds : int, default 5
        After it a check has failed.
    retries : int, default 3
        Failures in a row that make the task unhealthy.
    start_period_seconds : int, default 20
        Time after the start in which failures do not count.
    """

    command: Sequence[str]
    interval_seconds: int = 10
    timeout_seconds: int = 5
    retries: int = 3
    start_period_seconds: int = 20


@takes_sequences
@dataclass(frozen=True)
class Preparation:
    """A container that does its work and ends: before a task's own begins, or as a task of its own.

    Parameters
    ----------
    name : str
        Its name in the task.
    image : str
        What it runs.
    command : sequence of str
        Its program.
    environment : mapping, optional
        Variables by name.
    secrets : mapping, optional
        By variable, the ARN of a secret. ECS reads it with the execution role, so that neither
        the task's own container nor its role ever reaches it.
    """

    name: str
    image: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

    def definitions(self, *, log_group: str, region: str) -> str:
        """Return the container definitions of a task that is this container alone, as JSON."""
        return _template([self.definition(NON_ROOT_USER, log_group, region)])

    def definition(self, user: str, log_group: str, region: str) -> dict[str, object]:
        """Return the container definition."""
        made = _definition(
            self.name, self.image, self.environment, user=user, log_group=log_group, region=region
        )
        made["command"] = list(self.command)
        if self.secrets:
            made["secrets"] = [
                {"name": name, "valueFrom": arn} for name, arn in sorted(self.secrets.items())
            ]
        return made


@takes_sequences
@dataclass(frozen=True)
class Container:
    """The one container of a task that stays.

    It runs as a user other than root, on a read-only root file system and without Linux
    capabilities.

    Parameters
    ----------
    name : str
        Its name in the task.
    image : str
        What it runs.
    port : int
        The port it listens on.
    command : sequence of str, optional
        Replaces the image's command.
    environment : mapping, optional
        Variables by name. A value may hold Terraform expressions for what no AWS service lets
        have quotes or backslashes, because it is placed inside JSON.
    health_check : HealthCheck, optional
        None by default: a load balancer then decides alone.
    user : str, default "10001:10001"
        Never root.
    preparation : Preparation, optional
        What must have succeeded before.

    Raises
    ------
    ConfigError
        If the user is root or the port outside 1..65535.
    """

    name: str
    image: str
    port: int
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    health_check: HealthCheck | None = None
    user: str = NON_ROOT_USER
    preparation: Preparation | None = None

    def __post_init__(self) -> None:
        problems = []
        if not self.user or _ROOT.fullmatch(self.user):
            problems.append(f"user: got {self.user!r}; allowed any user but root")
        if not 1 <= self.port <= 65535:
            problems.append(f"port: got {self.port}; allowed 1..65535")
        if problems:
            raise ConfigError(problems)

    def definitions(self, *, port_name: str, log_group: str, region: str) -> str:
        """Return the container definitions of a task with this container, as JSON.

        `json.dumps` and not Terraform's `jsonencode`: all numbers are known here, and the
        expressions are strings, so the result stays readable in a plan.
        """
        definition = _definition(
            self.name,
            self.image,
            self.environment,
            user=self.user,
            log_group=log_group,
            region=region,
        )
        definition["portMappings"] = [
            {
                "name": port_name,
                "containerPort": self.port,
                "hostPort": self.port,
                "protocol": "tcp",
                "appProtocol": "http",
            }
        ]
        if self.command:
            definition["command"] = list(self.command)
        if self.health_check:
            definition["healthCheck"] = {
                "command": ["CMD", *self.health_check.command],
                "interval": self.health_check.interval_seconds,
                "timeout": self.health_check.timeout_seconds,
                "retries": self.health_check.retries,
                "startPeriod": self.health_check.start_period_seconds,
            }
        if self.preparation is None:
            return _template([definition])
        first = self.preparation
        before = first.definition(self.user, log_group, region)
        before["essential"] = False
        definition["dependsOn"] = [{"containerName": first.name, "condition": "SUCCESS"}]
        return _template([definition, before])


def _template(definitions: Sequence[object]) -> str:
    """Return container definitions as JSON, with expressions in it as Terraform reads them.

    Their quotes are their own, and no end of a string of the JSON around them.
    """
    text = json.dumps(definitions)
    parts: list[str] = []
    done = 0
    while found := _EXPRESSION.search(text, done):
        end, depth = found.end(), 1
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        if depth:
            break
        parts += [text[done : found.start()], json.loads(f'"{text[found.start() : end]}"')]
        done = end
    return "".join((*parts, text[done:]))


def _definition(
    name: str,
    image: str,
    environment: Mapping[str, str],
    *,
    user: str,
    log_group: str,
    region: str,
) -> dict[str, object]:
    """Return what all containers of the task have."""
    return {
        "name": name,
        "image": image,
        "essential": True,
        "user": user,
        "readonlyRootFilesystem": True,
        # Fargate allows to drop capabilities, but not to add them.
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KernelCapabilities.html
        "linuxParameters": {"capabilities": {"drop": ["ALL"]}, "initProcessEnabled": True},
        "portMappings": [],
        # In this order ECS returns them, so that the next plan finds no difference.
        "environment": [
            {"name": variable, "value": value} for variable, value in sorted(environment.items())
        ],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log_group,
                "awslogs-region": region,
                "awslogs-stream-prefix": name,
                # A full log buffer must not stop the service it belongs to.
                "mode": "non-blocking",
                "max-buffer-size": "4m",
            },
        },
        "mountPoints": [],
        "volumesFrom": [],
        "systemControls": [],
    }

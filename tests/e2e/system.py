"""One whole system in a directory of its own, driven by the command line as a user would."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from services.cli.settings import Settings, Target
from services.client import ControlPlaneClient, open_client
from services.contracts.images import CONTEXT
from services.local_aws.layout import ACCOUNT_ID
from services.local_aws.machine import LocalAws
from tests.conformance.bus import Bus

PROJECT = Path(__file__).resolve().parents[2]
PREFIX = "ecs-saas-dev"
CONTRACTS = "/ecs-saas/dev"
CONTROL_PLANE = f"{CONTRACTS}/control-plane"

# The fleet of these tests fills the first routing cell; who comes later is placed in the second.
CELL_CAPACITY = 10
_ROOMY, _SMALL = "cell_capacity = 90", f"cell_capacity = {CELL_CAPACITY}"
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Finished:
    """A command that ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class System:
    """A configuration, the synthesised modules, and a local AWS on a port of its own."""

    directory: Path
    port: int

    @classmethod
    def create(cls, directory: Path, port: int) -> System:
        directory.mkdir(parents=True, exist_ok=True)
        text = (PROJECT / "saas.tfvars").read_text()
        assert _ROOMY in text
        (directory / "saas.tfvars").write_text(text.replace(_ROOMY, _SMALL))
        # Nobody writes while a tenant of these tests moves: no cache's answer has to be waited for.
        os.environ["ECS_SAAS_REFUSAL_SECONDS"] = "1"
        # AWS takes five minutes and more for a build: nobody has them to see one run out of time.
        os.environ["ECS_SAAS_LOCAL_BUILD_MINUTE"] = "6"
        for name in CONTEXT:  # its configuration is its own, and nothing else
            if not (directory / name).is_symlink():
                (directory / name).symlink_to(PROJECT / name)
        return cls(directory, port)

    @property
    def local(self) -> LocalAws:
        modules = PROJECT / "cdktf.out/stacks"
        settings = Settings(self.directory / "saas.tfvars", Target.LOCAL, modules)
        return settings.local_aws(self.port)

    def demonstrate(self) -> None:
        """Run the demo from nothing, once in this system's life; what it printed is kept."""
        if not self._demonstrated.exists():
            shown = self.run("demo", "up", "--json").json()
            kept = {"shown": shown, "denials": self.denials()}
            self._demonstrated.write_text(json.dumps(kept))

    @property
    def demo(self) -> Any:
        """What the demo printed, and what IAM denied to it: `shown` and `denials`."""
        return json.loads(self._demonstrated.read_text())

    @property
    def _demonstrated(self) -> Path:
        return self.directory / "demo.json"

    def environment(self) -> dict[str, str]:
        """The caller's environment without anything that could lead elsewhere."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_", "ECS_"))}
        return {
            **kept,
            "PYTHONPATH": str(PROJECT),
            "ECS_SAAS_TARGET": "local",
            "ECS_SAAS_MODULES": str(PROJECT / "cdktf.out/stacks"),
            "ECS_SAAS_LOCAL_PORT": str(self.port),
            "ECS_SAAS_REFUSAL_SECONDS": os.environ.get("ECS_SAAS_REFUSAL_SECONDS", "90"),
            "ECS_SAAS_LOCAL_BUILD_MINUTE": os.environ.get("ECS_SAAS_LOCAL_BUILD_MINUTE", "60"),
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "services.cli.app", *arguments],
            cwd=self.directory,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A shell without job control makes what it starts beside it deaf for ^C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )

    def try_run(self, *arguments: str) -> Finished:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=900)
        return Finished(process.returncode, out, err)

    def run(self, *arguments: str) -> Finished:
        finished = self.try_run(*arguments)
        command = " ".join(arguments)
        assert finished.code == 0, f"{command}: exit {finished.code}\n{finished.out}{finished.err}"
        return finished

    @contextlib.contextmanager
    def control_plane(self) -> Iterator[ControlPlaneClient]:
        """The control plane's API, as its machine client."""
        with open_client(
            self.local.environment()["AWS_REGION"],
            CONTROL_PLANE,
            session=self._session(),
            emulator=self.local.environment()["AWS_ENDPOINT_URL"],
        ) as client:
            yield client

    @contextlib.contextmanager
    def bus(self) -> Iterator[Bus]:
        """What is on the control plane's bus from now on."""
        name = self.contract("control-plane")["event_bus_name"]
        with Bus.listening(self.client("events"), self.client("sqs"), name) as listening:
            yield listening

    def contract(self, stack: str) -> dict[str, Any]:
        """What a shared stack publishes."""
        name = f"{CONTRACTS}/{stack}"
        value = self.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
        published: dict[str, Any] = json.loads(value)
        return published

    def denials(self) -> list[str]:
        """What IAM denied since this local AWS was created, as its log has it."""
        lines = self.local.log_path.read_text().splitlines()
        return [line for line in lines if "[services.local_aws.iam] denied:" in line]

    def client(self, service: str, **config: Any) -> Any:
        """A client of the local AWS, for threads to share: making one costs more than a call.

        `config` are botocore's own settings.
        """
        return _client(self, service, **config)

    def _session(self) -> boto3.Session:
        """Made anew each time, of no variable of this process: tests work in threads."""
        environment = self.local.environment()
        return boto3.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment["AWS_REGION"],
        )

    def state_keys(self) -> set[str]:
        """Every current object of the state bucket."""
        pages = (
            self.client("s3")
            .get_paginator("list_objects_v2")
            .paginate(Bucket=f"{PREFIX}-tfstate-{ACCOUNT_ID}")
        )
        return {item["Key"] for page in pages for item in page.get("Contents", [])}

    def tagged(self, **tags: str) -> list[str]:
        """Every ARN that carries the tags, but deregistered task definitions."""
        pages = (
            self.client("resourcegroupstaggingapi")
            .get_paginator("get_resources")
            .paginate(TagFilters=[{"Key": key, "Values": [value]} for key, value in tags.items()])
        )
        arns = [each["ResourceARN"] for page in pages for each in page["ResourceTagMappingList"]]
        return [arn for arn in arns if not self._is_deregistered(arn)]

    def _is_deregistered(self, arn: str) -> bool:
        if ":task-definition/" not in arn:
            return False
        described = self.client("ecs").describe_task_definition(taskDefinition=arn)
        return bool(described["taskDefinition"]["status"] != "ACTIVE")


@cache
def _client(system: System, service: str, **config: Any) -> Any:
    create: Any = system._session().client
    endpoint = system.local.environment()["AWS_ENDPOINT_URL"]
    return create(service, endpoint_url=endpoint, config=Config(**config))


@dataclass(frozen=True)
class Tenant:
    """A tenant by the name it is registered under."""

    name: str
    tier: str

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"

    def id(self, system: System) -> str:
        """The id that the registry gave it."""
        with system.control_plane() as api:
            return str(api.tenant(self.name)["tenantId"])

    def document(self, system: System) -> Sequence[str]:
        """Options that say of its workspace what the registry says."""
        identity = ("--name", self.name, "--tier", self.tier, "--email", self.email)
        return (self.id(system), *identity)

    def outputs(self, system: System) -> dict[str, Any]:
        """What its workspace puts out."""
        shown = system.run("workspace", "show", self.id(system), "--json").json()
        outputs: dict[str, Any] = shown["outputs"]
        return outputs

    def plan(self, system: System) -> int:
        """0 if a plan of its workspace is empty, 2 if not."""
        finished = system.try_run("workspace", "plan", *self.document(system))
        assert finished.code in (0, 2), finished.err
        return finished.code


DEMO = [Tenant(f"demo-{tier}", tier) for tier in ("basic", "advanced", "premium")]
"""The tenants that the demo onboards."""


def four_at_once(given: Sequence[_Given], work: Callable[[_Given], _Made]) -> list[_Made]:
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(work, given))


if __name__ == "__main__":
    where, at = sys.argv[1:]
    System.create(Path(where), int(at)).demonstrate()

"""A local AWS with the platform applied, in a temporary directory, and silo tenants to measure."""

import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psutil

from benchmarks.forwarder import Forwarder
from benchmarks.measure import Run, run
from services.configuration import Configuration, load
from services.configuration.release import synthesised
from services.contracts.images import CONTEXT
from services.local_aws.machine import LocalAws
from services.provisioning.terraform.mirror import cli_config

PROJECT = Path(__file__).parent.parent
MODULES = Path(os.environ.get("ECS_SAAS_MODULES", PROJECT / "cdktf.out/stacks")).absolute()
STACK = "tenant-advanced"
FIRST_TENANT = "first"
_SETTLE_SECONDS = 60.0
_QUIET_SECONDS = 60.0
_SERVER_AT_REST = 10.0  # percent of one core
_MACHINE_AT_REST = 25.0  # percent of all cores


@contextlib.contextmanager
def laboratory() -> Iterator["Laboratory"]:
    """Bring everything up with one tenant onboarded; remove all of it in the end."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "ECS_SAAS_"))]:
        del os.environ[name]  # what is measured shall not depend on the caller's shell
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        shutil.copy(PROJECT / "saas.tfvars", path)
        for name in CONTEXT:
            (path / name).symlink_to(PROJECT / name)
        local = LocalAws(path / "local", _free_port())
        port = local.up().port
        try:
            with Forwarder(port) as forwarder:
                modules = path / "cdktf.out/stacks"
                configuration = synthesised(load(path / "saas.tfvars"), modules)
                made = Laboratory(path, local, forwarder, configuration)
                made.prepare()
                yield made
        finally:
            local.reset()


def aws_client(local: LocalAws, region: str, service: str) -> Any:
    """Return a client of a local AWS, as its account's root."""
    environment = local.environment()
    session: Any = boto3.session.Session()  # its stubs know literal service names only
    return session.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=region,
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


@dataclass(frozen=True)
class Laboratory:
    """Where runs are made. The provisioner and the bare Terraform call AWS the same way.

    Parameters
    ----------
    path : Path
        The project's directory.
    local : LocalAws
    forwarder : Forwarder
        What all of them take for AWS.
    configuration : Configuration
    """

    path: Path
    local: LocalAws
    forwarder: Forwarder
    configuration: Configuration

    @property
    def environment(self) -> dict[str, str]:
        return {
            **self.local.environment(),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.forwarder.port}",
            "ECS_SAAS_TARGET": "aws",
            "ECS_SAAS_MODULES": str(MODULES),
            "TF_CLI_CONFIG_FILE": str(cli_config(self.path)),
            "CHECKPOINT_DISABLE": "1",
        }

    def prepare(self) -> None:
        """Apply the platform, onboard the first tenant, initialise the bare directory."""
        # As the local AWS, which is what images are laid out for here.
        program = str(Path(sys.executable).parent / "ecs-saas")
        local = {"ECS_SAAS_TARGET": "local", "ECS_SAAS_LOCAL_HOME": str(self.local.home)}
        run([program, "platform", "apply"], self.path, {**self.environment, **local})
        self.onboard(FIRST_TENANT)
        self._bare.mkdir()
        shutil.copy(MODULES / STACK / "cdk.tf.json", self._bare)
        self._terraform("init", "-input=false")

    def onboard(self, tenant: str) -> Run:
        """Onboard a tenant by the command line."""
        return self._ecs_saas(
            "workspace", "apply", tenant, "--name", tenant, "--tier", "advanced",
            "--email", "admin@example.com",
        )  # fmt: skip

    def plan(self, **environment: str) -> Run:
        """Plan the first tenant by the command line: nothing changes."""
        return self._ecs_saas(
            "workspace", "plan", FIRST_TENANT, "--name", FIRST_TENANT, "--tier", "advanced",
            "--email", "admin@example.com", **environment,
        )  # fmt: skip

    def plan_bare(self) -> Run:
        """Plan a tenant's module as it is, by Terraform alone."""
        return self._terraform("plan", "-input=false", "-var-file=tenant.tfvars.json")

    def offboard(self, tenant: str) -> None:
        self._ecs_saas("workspace", "destroy", tenant, "--yes")

    def onboard_tier(self, tier: str) -> dict[str, Any]:
        """Onboard a tenant of a tier; return the outputs of its workspace."""
        name = f"measured-{tier}"
        applied = self._ecs_saas(
            "workspace", "apply", name, "--name", name, "--tier", tier,
            "--email", "admin@example.com", "--json",
        )  # fmt: skip
        text = applied.output[applied.output.index("\n{") :]  # after lines of progress
        outputs: dict[str, Any] = json.loads(text)["outputs"]
        return outputs

    def select_bare(self, tenant: str, listener_priority: int) -> None:
        """Make the bare directory ready to apply: workspace and variables."""
        self._terraform("workspace", "select", "-or-create=true", tenant)
        variables = {
            "tenant_id": tenant,
            "tenant_name": tenant,
            "admin_email": "admin@example.com",
            "release": self.configuration.release,
            "placement": {"cell": "cell-1", "listener_priority": listener_priority},
        }
        (self._bare / "tenant.tfvars.json").write_text(json.dumps(variables))

    def apply_bare(self) -> Run:
        """Apply the tenant's module as it is, by Terraform alone."""
        return self._terraform(
            "apply", "-auto-approve", "-input=false", "-var-file=tenant.tfvars.json"
        )

    def destroy_bare(self, tenant: str) -> None:
        self._terraform("destroy", "-auto-approve", "-input=false", "-var-file=tenant.tfvars.json")
        self._terraform("workspace", "select", "default")
        self._terraform("workspace", "delete", tenant)

    @contextlib.contextmanager
    def others(self, count: int) -> Iterator[None]:
        """Let there be `count` more tenants, as far as state and placement know them.

        Each has the first tenant's state under an id of its own, the digest that Terraform keeps
        of it in the lock table, and a slot; but for two, the slots fill the first cell.
        """
        s3, dynamodb = self.client("s3"), self.client("dynamodb")
        bucket, locks = self.configuration.state_bucket, self.configuration.lock_table
        key = f"workspaces/{STACK}/{{}}/{STACK}.tfstate"
        state = s3.get_object(Bucket=bucket, Key=key.format(FIRST_TENANT))["Body"].read()
        lock_id = f"{bucket}/{key}-md5"
        digest = dynamodb.get_item(
            TableName=locks, Key={"LockID": {"S": lock_id.format(FIRST_TENANT)}}
        )["Item"]["Digest"]
        ids = [f"other-{number}" for number in range(count)]
        items = [item for number, each in enumerate(ids) for item in self._slot(each, number)]
        for each in ids:
            s3.put_object(
                Bucket=bucket,
                Key=key.format(each),
                Body=state.replace(f'"{FIRST_TENANT}"'.encode(), f'"{each}"'.encode()),
            )
            dynamodb.put_item(
                TableName=locks, Item={"LockID": {"S": lock_id.format(each)}, "Digest": digest}
            )
        for item in items:
            dynamodb.put_item(TableName=self.configuration.placement_table, Item=item)
        try:
            yield
        finally:
            for each in ids:
                s3.delete_object(Bucket=bucket, Key=key.format(each))
                dynamodb.delete_item(TableName=locks, Key={"LockID": {"S": lock_id.format(each)}})
            for item in items:
                place = {name: item[name] for name in ("cellId", "slot")}
                dynamodb.delete_item(TableName=self.configuration.placement_table, Key=place)

    @property
    def last_priority(self) -> int:
        """The last slot of the first cell, which the provisioner takes last."""
        return 99 + self.configuration.routing.cell_capacity

    @property
    def first_priority(self) -> int:
        """The slot of the first tenant."""
        return 100

    @property
    def programs(self) -> int:
        """How many processes the local AWS runs: itself and the tenants' microservices."""
        pid = self.local.status().pid
        return len(psutil.Process(pid).children(recursive=True))

    def settle(self, programs: int) -> None:
        """Wait until no more than `programs` run, so that runs do not slow down later ones."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while self.programs > programs:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.programs} processes run; {programs} were expected")
            time.sleep(0.1)

    def client(self, service: str) -> Any:
        return aws_client(self.local, self.configuration.region, service)

    @property
    def _bare(self) -> Path:
        return self.path / "bare"

    def _slot(self, tenant: str, number: int) -> Iterator[dict[str, Any]]:
        """Yield the items of the placement table for one more tenant."""
        per_cell = self.configuration.routing.cell_capacity - 3
        cell, priority = f"cell-{1 + number // per_cell}", 101 + number % per_cell
        slot = {"cellId": {"S": cell}, "slot": {"N": str(priority)}}
        yield slot | {"tenantId": {"S": tenant}}
        yield {
            "cellId": {"S": f"tenant#{tenant}"},
            "slot": {"N": "0"},
            "cell": {"S": cell},
            "priority": {"N": str(priority)},
        }

    def _ecs_saas(self, *arguments: str, **environment: str) -> Run:
        program = str(Path(sys.executable).parent / "ecs-saas")
        return self._run([program, *arguments], self.path, environment)

    def _terraform(self, *arguments: str) -> Run:
        return self._run(["terraform", *arguments, "-no-color"], self._bare)

    def _run(
        self, command: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None
    ) -> Run:
        self.forwarder.watch()
        return run(command, cwd, {**self.environment, **(environment or {})})


def await_quiet(local: LocalAws) -> None:
    """Wait a while for everything to come to rest: the emulator, and other users' programs."""
    server = psutil.Process(local.status().pid)
    server.cpu_percent()
    deadline = time.monotonic() + _QUIET_SECONDS
    while time.monotonic() < deadline:
        busy = psutil.cpu_percent(interval=1)
        if server.cpu_percent() < _SERVER_AT_REST and busy < _MACHINE_AT_REST:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

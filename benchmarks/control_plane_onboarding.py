"""Onboarding from the HTTP request to ACTIVE, beside a bare `terraform apply` of the module."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.control_plane_system import MODULES, Api, System
from benchmarks.laboratory import await_quiet
from benchmarks.measure import Run, Verdict, at_most, run
from services.provisioning.terraform.mirror import cli_config
from services.tenancy import Tier

RUNS = 5
OVERHEAD_SECONDS = 2.0
# An answer keeps the emulator busy for 55 ms: to ask oftener would slow what is measured.
_POLL_SECONDS = 0.25
_PATIENCE_SECONDS = 600.0
_LAST_PRIORITY_BELOW = 99
PARTS = ("request to build", "build to Terraform", "Terraform", "Terraform to ACTIVE")


@dataclass(frozen=True)
class Onboarded:
    """One onboarding: the tenant, the time from request to ACTIVE, and its parts."""

    registration: dict[str, Any]
    seconds: float
    parts: tuple[float, ...]
    variables: dict[str, Any]


@dataclass
class Onboardings:
    """Runs of both kinds in turn; what one made is removed, untimed, before the next."""

    system: System
    api: Api
    scratch: Path
    runs: int = RUNS
    variables: dict[Tier, dict[str, Any]] = field(default_factory=dict)

    def verdicts(self) -> Iterator[Verdict]:
        for tier in Tier:
            ours, bare = [], []
            for _ in range(self.runs):
                ours.append(self._ours(tier))
                bare.append(self._bare(tier, ours[-1].variables).seconds)
            middle = statistics.median(each.seconds for each in ours)
            yield at_most(
                f"onboarding, {tier.value}: request to ACTIVE - bare terraform apply",
                middle - statistics.median(bare),
                OVERHEAD_SECONDS,
                " s",
                f"{_spread([each.seconds for each in ours])} - {_spread(bare)}",
            )
            for number, part in enumerate(PARTS):
                taken = [each.parts[number] for each in ours]
                yield Verdict(f"  {part}", _spread(taken), "-", None)

    def onboard(self, tier: Tier, name: str = "", key: str = "") -> Onboarded:
        """Register a tenant and wait until it is ACTIVE."""
        name = name or f"bench-{uuid.uuid4().hex[:8]}"
        wall, started = time.time(), time.monotonic()
        registration = self.api.register(name, tier, key)
        self._until(registration["tenantId"], "ACTIVE")
        seconds = time.monotonic() - started
        parts, variables = self._look(registration["tenantId"], tier, wall, seconds)
        return Onboarded(registration, seconds, parts, variables)

    def offboard(self, registration: dict[str, Any]) -> None:
        """Remove a tenant and wait until it is gone."""
        self.api.send("DELETE", f"/tenant-registrations/{registration['tenantRegistrationId']}")
        self._until(registration["tenantId"], "DELETED")

    def _ours(self, tier: Tier) -> Onboarded:
        await_quiet(self.system.local)
        onboarded = self.onboard(tier)
        self.offboard(onboarded.registration)
        return onboarded

    def _until(self, tenant_id: str, status: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            (operation,) = self.api.get(f"/tenants/{tenant_id}/operations?limit=1")
            if operation["status"] == "SUCCEEDED":
                return
            if operation["status"] == "FAILED" or time.monotonic() > deadline:
                raise RuntimeError(f"tenant {tenant_id} is not {status}: {operation}")
            time.sleep(_POLL_SECONDS)

    def _look(
        self, tenant_id: str, tier: Tier, wall: float, seconds: float
    ) -> tuple[tuple[float, ...], dict[str, Any]]:
        """Return the parts of an onboarding, by the build's record and Terraform's own log."""
        builds = self.system.client("codebuild")
        found = builds.batch_get_builds(ids=builds.list_builds(sortOrder="DESCENDING")["ids"][:20])
        build = next(
            each
            for each in sorted(found["builds"], key=lambda each: each["startTime"], reverse=True)
            if tenant_id in json.dumps(each["environment"]["environmentVariables"])
        )
        begun = build["startTime"].timestamp() - wall
        (directory,) = (self.system.path / ".ecs-saas").glob(
            f"terraform/*/*/runs/{tier.tenant_stack}/{tenant_id}"
        )
        log = directory / "apply.log"
        terraform = _first_written(log) - wall
        ended = log.stat().st_mtime - wall
        variables: dict[str, Any] = json.loads((directory / "tenant.tfvars.json").read_text())
        return (begun, terraform - begun, ended - terraform, seconds - ended), variables

    def _bare(self, tier: Tier, variables: dict[str, Any]) -> Run:
        """Apply the same module with the same variables, where all is ready for it."""
        directory = self.scratch / tier.tenant_stack
        if not directory.exists():
            shutil.copytree(MODULES / tier.tenant_stack, directory)
            self._terraform(directory, "init", "-input=false")
        tenant_id = str(uuid.uuid4())
        self._terraform(directory, "workspace", "select", "-or-create=true", tenant_id)
        values = {**variables, "tenant_id": tenant_id, "tenant_name": f"bare-{tenant_id[:8]}"}
        if values.get("placement"):  # no tenant has the last slot of the cell yet
            capacity = self.system.configuration.routing.cell_capacity
            values["placement"] = {
                "cell": values["placement"]["cell"],
                "listener_priority": _LAST_PRIORITY_BELOW + capacity,
            }
        (directory / "tenant.tfvars.json").write_text(json.dumps(values))
        await_quiet(self.system.local)
        given = ("-auto-approve", "-input=false", "-var-file=tenant.tfvars.json")
        applied = self._terraform(directory, "apply", *given)
        self._terraform(directory, "destroy", *given)
        self._terraform(directory, "workspace", "select", "default")
        self._terraform(directory, "workspace", "delete", tenant_id)
        return applied

    def _terraform(self, directory: Path, *arguments: str) -> Run:
        environment = {
            **self.system.local.environment(),
            "TF_CLI_CONFIG_FILE": str(cli_config(self.scratch, environment=dict(os.environ))),
            "CHECKPOINT_DISABLE": "1",
        }
        return run(["terraform", *arguments, "-no-color"], directory, environment)


def _first_written(log: Path) -> float:
    """Return when Terraform wrote the first line of its log."""

    with log.open() as lines:
        return datetime.fromisoformat(json.loads(lines.readline())["@timestamp"]).timestamp()


def _spread(seconds: Sequence[float]) -> str:
    least, most = min(seconds), max(seconds)
    return f"{least:.2f} s (median {statistics.median(seconds):.2f}, most {most:.2f})"

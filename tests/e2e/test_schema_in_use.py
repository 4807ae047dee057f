"""What is left out of the provider's schema changes no plan, to the byte."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from services.local_aws.layout import ACCOUNT_ID
from services.provisioning.terraform import schema
from services.provisioning.terraform.provider import SharedProvider, shareable_binary
from services.provisioning.terraform.state import DEFAULT_WORKSPACE, object_key
from tests.e2e.system import DEMO, PREFIX, System, four_at_once

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]


def planned(run: Path, how: str, out: Path, variables: Mapping[str, str], *kept: int) -> Any:
    """A workspace's plan as Terraform's JSON, without its time; one list has a random order."""

    def terraform(*arguments: str) -> str:
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=run / "root",
            env={**variables, "TF_DATA_DIR": str(run / "data")},
            pass_fds=kept,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    given = ("-input=false", "-lock=false", "-no-color", f"-var-file={run / 'tenant.tfvars.json'}")
    terraform("plan", f"-out={out}", *([how] if how else []), *given)
    plan: dict[str, Any] = json.loads(terraform("show", "-json", str(out)))
    plan.pop("timestamp")
    plan.get("relevant_attributes", []).sort(key=json.dumps)
    return plan


def test_plans_are_the_same_with_the_schema_in_use_and_the_whole_one(
    system: System, tmp_path: Path
) -> None:
    """Of a tenant of each tier, and for the removal of every shared stack, whose plan names all."""
    for tenant in DEMO:
        tenant.plan(system)
    system.run("platform", "plan")
    base = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "TF_", "ECS_"))
    } | system.local.environment()
    wanted = {DEFAULT_WORKSPACE, *(tenant.id(system) for tenant in DEMO)}
    every = sorted(system.directory.glob(".ecs-saas/terraform/*/*/runs/*/*"))
    runs = [run for run in every if run.name in wanted]
    stacks = {run.parent.name for run in runs}
    assert {"platform", "tenant-basic", "tenant-advanced", "tenant-premium"} <= stacks
    out_of = {run: tmp_path / f"{run.parent.name}-{run.name}" for run in runs}

    def differences(run: Path) -> list[str]:
        binary = shareable_binary(run / "root", run / "data", base)
        if binary is None or not (run / "data/terraform.tfstate").exists():
            return []  # without a backend, or with several configurations: not relayed
        own = {**base, "TF_WORKSPACE": run.name}
        key = object_key(run.parent.name, run.name)
        state = s3.get_object(Bucket=f"{PREFIX}-tfstate-{ACCOUNT_ID}", Key=key)["Body"].read()
        types = schema.types_in([state, *schema.sources(run / "root", run / "data")])
        found = []
        with SharedProvider(binary, own, run / "root") as provider:
            relayed = {**own, **provider.variables()}
            for how in ("", "-destroy") if run.name != DEFAULT_WORKSPACE else ("-destroy",):
                plans = []
                for used in (types, None):
                    provider.use(used)
                    out = Path(f"{out_of[run]}{how}")
                    plans.append(planned(run, how, out, relayed, *provider.keep))
                if json.dumps(plans[0]) != json.dumps(plans[1]):
                    found.append(f"{run.parent.name}/{run.name} {how}")
        compared.append(run.parent.name)
        return found

    s3, compared = system.client("s3"), list[str]()
    assert [each for found in four_at_once(runs, differences) for each in found] == []
    assert {"tenant-basic", "tenant-advanced", "tenant-premium", "control-plane"} <= {*compared}

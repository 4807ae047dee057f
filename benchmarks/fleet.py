"""Plans of many tenants: workers that keep their provider, beside plain Terraform."""

import shutil
import sys
from pathlib import Path

from benchmarks.fleet_plans import EMAIL
from benchmarks.laboratory import MODULES, PROJECT, Laboratory, laboratory
from benchmarks.measure import (
    Run,
    Verdict,
    alternate,
    at_least,
    at_most,
    median_mb,
    median_seconds,
    run,
    spread,
)

RUNS = 3
TENANTS = 8
WORKERS = 2
_STACK = "tenant-basic"
_MINUTE = 60.0


def verdicts() -> list[Verdict]:
    with laboratory() as lab:
        return _verdicts(lab)


def _verdicts(lab: Laboratory) -> list[Verdict]:
    names = [f"fleet-{number:02}" for number in range(TENANTS)]
    program = str(Path(sys.executable).parent / "ecs-saas")
    for name in names:
        identity = ("--name", name, "--tier", "basic", "--email", EMAIL)
        run([program, "workspace", "apply", name, *identity], lab.path, lab.environment)
    directories = [_ready(lab, names[worker::WORKERS], worker) for worker in range(WORKERS)]

    def fleet() -> Run:
        command = [sys.executable, "-m", "benchmarks.fleet_plans", str(WORKERS), *names]
        return run(command, lab.path, {**lab.environment, "PYTHONPATH": str(PROJECT)})

    def bare() -> Run:
        # As many workers, each of which plans its tenants one after the other.
        loops = [
            f"(cd {directory} && for name in {' '.join(names[worker::WORKERS])}; do "
            "TF_WORKSPACE=$name terraform plan -input=false -no-color "
            "-var-file=$name.tfvars.json >plan.log || exit 1; done) & workers+=($!)"
            for worker, directory in enumerate(directories)
        ]
        waits = 'for each in "${workers[@]}"; do wait "$each" || exit 1; done'
        return run(["bash", "-c", "\n".join([*loops, waits])], lab.path, lab.environment)

    ours, plain = alternate(RUNS, fleet, bare)
    ours_s, plain_s = median_seconds(ours), median_seconds(plain)
    per_minute = TENANTS * _MINUTE
    return [
        at_least(
            f"plans a minute of {TENANTS} tenants, fleet / terraform plan, {WORKERS} workers each",
            plain_s / ours_s,
            3,
            f"{per_minute / ours_s:.0f} / {per_minute / plain_s:.0f} a minute; "
            f"{spread(ours)} / {spread(plain)}",
        ),
        at_most(
            "the fleet's peak memory beside its providers, for each worker",
            median_mb(ours) / WORKERS,
            120,
            " MB",
            f"plain {median_mb(plain) / WORKERS:.0f} MB",
        ),
    ]


def _ready(lab: Laboratory, names: list[str], worker: int) -> Path:
    """Return a directory in which Terraform is ready to plan these tenants."""
    directory = lab.path / f"plain-{worker}"
    directory.mkdir()
    shutil.copy(MODULES / _STACK / "cdk.tf.json", directory)
    run(["terraform", "init", "-input=false", "-no-color"], directory, lab.environment)
    for name in names:
        values = lab.path / ".ecs-saas/terraform/aws" / lab.configuration.prefix
        variables = values / "runs" / _STACK / name / "tenant.tfvars.json"
        shutil.copy(variables, directory / f"{name}.tfvars.json")
    return directory

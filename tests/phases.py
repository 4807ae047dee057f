"""Everything that CI runs, phase by phase: `make test`.

A phase that fails ends the run. What for the most part waits, for load balancers and the like, goes
on beside what keeps processors busy: creating the system of tests/e2e, and two others.
At the end a table says how long each phase took, and another how much of the code was run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from tests.aws import free_port
from tests.coverage_table import DATA, coverage_table
from tests.e2e.system import System

ROOT: Final = Path(__file__).parents[1]
PYTHON: Final = sys.executable
PYTEST: Final = ("-m", "pytest", "--durations=15", "--durations-min=1")
MEASURED: Final = (PYTHON, "-m", "coverage", "run", *PYTEST)
#: A file to a worker, in the order of collection: long ones first.
SPREAD: Final = ("--dist", "loadfile", "--no-loadscope-reorder")
FAST: Final = ("tests/unit", "tests/synth", "tests/terraform", "tests/cli", "tests/wheels")
EMULATED: Final = ("tests/emulator", "tests/conformance")
# Three to four minutes of a processor, and five of waiting for load balancers and the like.
ROLES: Final = "tests/emulator/authorization/test_ci_roles.py"
# Under three minutes of a processor in seven, for the same reason.
CDKTF: Final = "tests/emulator/cdktf_cli"
E2E: Final = ("tests/browser", "tests/e2e")
CONSOLES: Final = ("npm", "--prefix", "services/consoles", "run", "--silent", "test")


@dataclass
class Phase:
    """A phase, and what it took in seconds: of the clock, and of all processors."""

    name: str
    process: subprocess.Popen[bytes]
    began: float = field(default_factory=time.monotonic)
    wall: float = 0
    processors: float = 0

    @classmethod
    def start(
        cls,
        name: str,
        *command: str,
        variables: Mapping[str, str] | None = None,
        output: int | None = None,
    ) -> Phase:
        """Start a phase."""
        environment = {**os.environ, **(variables or {})}
        return cls(
            name,
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output),
        )

    def wait(self) -> bool:
        """Wait for its end; whether it went well."""
        _, status, used = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.wall = time.monotonic() - self.began
        self.processors = used.ru_utime + used.ru_stime
        return self.process.returncode == 0

    def end(self) -> None:
        """End it before its time, with all that it has started."""
        own = psutil.Process(self.process.pid)
        for each in (*own.children(recursive=True), own):
            with contextlib.suppress(psutil.NoSuchProcess):
                each.terminate()
        self.process.wait()


class PhaseError(Exception):
    """A phase has failed."""


@dataclass
class Run:
    """The phases of a run until now."""

    phases: list[Phase] = field(default_factory=list)

    def take(self, phase: Phase) -> None:
        """Wait for a phase; the run ends if it fails."""
        self.phases.append(phase)
        if not phase.wait():
            raise PhaseError(phase.name)

    def take_from_beside(self, phase: Phase, log: Path) -> None:
        """Wait for a phase that went on beside others, and show what it said."""
        try:
            self.take(phase)
        finally:
            sys.stdout.write(log.read_text(errors="replace"))

    def do(self, name: str, *command: str, variables: Mapping[str, str] | None = None) -> None:
        """Carry out a phase."""
        sys.stdout.write(f"\n=== {name}\n")
        sys.stdout.flush()
        self.take(Phase.start(name, *command, variables=variables))

    def table(self) -> str:
        """Return a line for each phase."""
        rows = [(each.name, f"{each.wall:.0f}", f"{each.processors:.0f}") for each in self.phases]
        if installed := os.environ.get("ECS_SAAS_INSTALL_SECONDS"):
            rows.insert(0, ("install", installed, ""))
        rows.insert(0, ("phase", "seconds", "of processors"))
        return "\n".join(f"{name:<30}{wall:>9}{used:>15}" for name, wall, used in rows)


@contextlib.contextmanager
def beside(name: str, log: Path, *command: str) -> Iterator[Phase]:
    """Begin a phase that goes on while the block runs, and ends with it at the latest."""
    with log.open("wb") as output:
        phase = Phase.start(f"{name} (beside the others)", *command, output=output.fileno())
    try:
        yield phase
    finally:
        if phase.process.returncode is None:
            phase.end()


@contextlib.contextmanager
def system_beside(directory: Path, port: int, log: Path) -> Iterator[Phase]:
    """Create a system in `directory` while the block runs, and remove it in the end."""
    command = (PYTHON, "-m", "tests.e2e.system", str(directory), str(port))
    try:
        with beside("a system", log, *command) as creation:
            yield creation
    finally:
        if directory.exists():
            System.create(directory, port).local.reset()


def everything(run: Run) -> None:
    """Carry out all phases."""
    shutil.rmtree(DATA.parent, ignore_errors=True)
    DATA.parent.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="ecs-saas-e2e-") as temporary:
        directory, log, port = Path(temporary, "system"), Path(temporary, "log"), free_port()
        with system_beside(directory, port, log) as creation:
            run.do("lint", "make", "lint")
            run.do("consoles", *CONSOLES)
            roles_log, cdktf_log = Path(temporary, "roles.log"), Path(temporary, "cdktf.log")
            with beside("the CLI of cdktf", cdktf_log, *MEASURED, CDKTF) as cdktf:
                run.do("unit, synth, terraform, cli, wheels", *MEASURED, "-n", "2", *SPREAD, *FAST)
                with beside("roles of CI", roles_log, *MEASURED, ROLES) as roles:
                    others = (f"--ignore={ROLES}", f"--ignore={CDKTF}", *EMULATED)
                    run.do("emulator, conformance", *MEASURED, "-n", "3", *SPREAD, *others)
                    run.take_from_beside(roles, roles_log)
                run.take_from_beside(cdktf, cdktf_log)
            run.take_from_beside(creation, log)
            # Alone: a task that is killed, or a flood, is about what else the machine does, too.
            run.do(
                "e2e",
                *(PYTHON, *PYTEST, *E2E),
                variables={
                    "ECS_SAAS_E2E_SYSTEM": str(directory),
                    "ECS_SAAS_LOCAL_PORT": str(port),
                },
            )


def main() -> int:
    """Run all phases; 0 if all went well."""
    run = Run()
    try:
        everything(run)
    except PhaseError as error:
        sys.stdout.write(f"\nfailed: {error}\n")
        return 1
    else:
        sys.stdout.write(f"\n{coverage_table()}\n")
        return 0
    finally:
        sys.stdout.write(f"\n{run.table()}\n")


if __name__ == "__main__":
    sys.exit(main())

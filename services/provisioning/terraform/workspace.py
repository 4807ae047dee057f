"""The directory of one workspace's runs, made ready for Terraform without running `init`.

`init` runs once for each root module, release and backend, into a template directory. A run gets
the template's data directory by copying one small file and a link to the providers, because the
backend's settings do not depend on the workspace; TF_WORKSPACE chooses that for each process, and
`plan` creates the workspace it names.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.provisioning.errors import (
    InterruptedRunError,
    ModuleMissingError,
    StateBackendMissingError,
    StateLockedError,
)
from services.provisioning.terraform import adoption
from services.provisioning.terraform.errors import TerraformFailedError
from services.provisioning.terraform.process import Finished, Terraform

_LOCK_FILE = ".terraform.lock.hcl"
_GENERATED = frozenset({_LOCK_FILE, ".terraform", "terraform.tfstate", "errored.tfstate"})


@dataclass(frozen=True)
class Workdir:
    """Where the provisioner keeps its files, for one deployment on one target."""

    root: Path

    def run(self, stack: str, workspace: str) -> Workspace:
        """Return the directory of one workspace."""
        return Workspace(self.root / "runs" / stack / workspace, stack, workspace)

    def template(self, module: Path, *salt: str) -> Path:
        """Return the directory of the initialised `module`; it changes with its content."""
        digest = hashlib.sha256("\0".join(salt).encode())
        for path in sorted(_entries(module)):
            digest.update(path.name.encode())
            for file in [path] if path.is_file() else sorted(path.rglob("*")):
                if file.is_file():
                    digest.update(file.relative_to(module).as_posix().encode())
                    digest.update(file.read_bytes())
        return self.root / "init" / f"{module.name}-{digest.hexdigest()[:16]}"


@dataclass(frozen=True)
class Workspace:
    """The files of one workspace's runs."""

    directory: Path
    stack: str
    name: str

    @property
    def root(self) -> Path:
        """Terraform's working directory: links to the module; `errored.tfstate` appears here."""
        return self.directory / "root"

    @property
    def data(self) -> Path:
        """Terraform's data directory."""
        return self.directory / "data"

    @property
    def variables(self) -> Path:
        """The input variables of the last run."""
        return self.directory / "tenant.tfvars.json"

    @property
    def plan(self) -> Path:
        """The saved plan."""
        return self.directory / "plan.tfplan"

    @property
    def record(self) -> Path:
        """What the last run said about itself."""
        return self.directory / "run.json"

    @property
    def errored_state(self) -> Path:
        """What Terraform could not store in the backend."""
        return self.root / "errored.tfstate"

    def log(self, stage: str) -> Path:
        """Terraform's log of the last `stage`."""
        return self.directory / f"{stage}.log"

    def write_variables(self, values: Mapping[str, Any]) -> None:
        """Store the input variables; they may hold what only the operator should read."""
        self.variables.touch(mode=0o600)
        self.variables.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")

    def read_variables(self) -> dict[str, Any]:
        """Return the input variables of the last run, none if there was none."""
        try:
            values = json.loads(self.variables.read_text())
        except (OSError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}

    @contextlib.contextmanager
    def held(
        self,
        timeout: float,
        waiting: Callable[[str], None],
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[int]:
        """Hold the workspace on this machine, and yield the descriptor that does.

        Terraform inherits the descriptor: when this process is killed, the workspace stays held
        until the Terraform that it had started has saved its state and ended.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            what = f"{self.stack}/{self.name}"
            for attempt, _ in enumerate(_attempts(descriptor, timeout, what)):
                if stopped():
                    raise InterruptedRunError(f"{what}: stopped before anything was changed")
                if attempt == 0:
                    waiting(f"{what} is busy: waiting for another run on this machine to end")
            yield descriptor
        finally:
            os.close(descriptor)

    def prepare(self, template: Path, module: Path) -> None:
        """Make the directory as if `terraform init` had run here."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(exist_ok=True)
        _link_module(module, self.root)
        adoption.write(self.root, ())
        shutil.copyfile(template / "root" / _LOCK_FILE, self.root / _LOCK_FILE)
        settings = template / "data" / "terraform.tfstate"
        if settings.exists():
            shutil.copyfile(settings, self.data / "terraform.tfstate")
        for shared in ("providers", "modules"):
            _link(template / "data" / shared, self.data / shared)

    def remove(self) -> None:
        """Remove everything of the workspace on this machine."""
        shutil.rmtree(self.directory, ignore_errors=True)


def require_module(modules: Path, stack: str) -> Path:
    """Return the directory of a synthesised root module, or raise `ModuleMissingError`."""
    directory = modules / stack
    if not (directory / "cdk.tf.json").is_file():
        raise ModuleMissingError(
            f"the root module {stack} is not in {modules}: run `make synth`, or name another "
            "directory with --modules"
        )
    return directory.absolute()


def read_module(modules: Path, stack: str) -> Mapping[str, Any]:
    """Return a synthesised root module as it is written, or raise `ModuleMissingError`."""
    text = (require_module(modules, stack) / "cdk.tf.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def initialise(terraform: Terraform, template: Path, module: Path) -> Path:
    """Run `terraform init` for `module` unless it has run; return the data directory."""
    data = template / "data"
    ready = template / "ready"
    if ready.exists():
        return data
    template.mkdir(parents=True, exist_ok=True)
    with (template / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several runs may need it at once
        if ready.exists():
            return data
        root = template / "root"
        root.mkdir(exist_ok=True)
        _link_module(module, root)
        if (module / _LOCK_FILE).is_file():
            shutil.copyfile(module / _LOCK_FILE, root / _LOCK_FILE)
        finished = terraform.run(
            ["init", "-input=false", "-no-color", "-reconfigure"],
            cwd=root,
            log=template / "init.log",
            variables={"TF_DATA_DIR": str(data)},
        )
        if terraform.interrupted:
            raise InterruptedRunError(f"{module.name}: stopped before anything was changed")
        if finished.code != 0:
            raise _init_failure(finished, module)
        (root / _LOCK_FILE).touch()  # a module without providers gets none
        ready.touch()
    return data


def _init_failure(finished: Finished, module: Path) -> Exception:
    text = finished.text
    if "NoSuchBucket" in text or ("S3 bucket" in text and "does not exist" in text):
        return StateBackendMissingError(
            "the bucket of the Terraform state does not exist: run `ecs-saas platform apply` first"
        )
    errors = text[max(text.find("Error:"), 0) :]
    return TerraformFailedError(f"terraform init of {module.name}", finished.diagnostics, errors)


def _attempts(descriptor: int, timeout: float, what: str) -> Iterator[None]:
    """Try to lock until it works, yielding after each failure."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StateLockedError(
                    f"{what} is busy on this machine: another run, or the Terraform that a "
                    f"killed run left behind, did not end within {timeout:.0f} s"
                ) from None
        else:
            return
        yield
        time.sleep(0.1)


def _entries(module: Path) -> Iterator[Path]:
    return (path for path in module.iterdir() if path.name not in _GENERATED)


def _link_module(module: Path, root: Path) -> None:
    wanted = {path.name: path for path in _entries(module)}
    for path in root.iterdir():
        if path.is_symlink() and path.name not in wanted:
            path.unlink()
    for name, path in wanted.items():
        _link(path, root / name)


def _link(source: Path, link: Path) -> None:
    if not source.exists():
        return
    if link.is_symlink():
        if link.readlink() == source:
            return
        link.unlink()
    link.symlink_to(source)

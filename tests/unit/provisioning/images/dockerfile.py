"""The last stage of a Dockerfile, laid out and run as processes of this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from services.contracts.images import dockerfile as dockerfile_of
from services.local_aws.ecs.image import _instructions, parse
from services.provisioning.images.requirements import normal, subset

ROOT = Path(__file__).parents[4]

# A root file system of its own that cannot be written, nor can the image's files; then no rights.
READ_ONLY = """
mount --bind /tmp /tmp; mount --bind "$0" "$0"
mount -o remount,bind,ro /; mount -o remount,bind,ro "$0"
cd "$0"; exec setpriv --bounding-set=-all --inh-caps=-all -- "$@"
"""

# Runs first in each process: the project and what the image does not install are not there.
GUARD = """
import json, os, sys
sys.path[:] = [path for path in sys.path if path != os.environ["GUARD_ROOT"]]
sys.meta_path[:] = [f for f in sys.meta_path if "__editable__" not in str(f)]
blocked = set(json.loads(os.environ["GUARD_BLOCKED"]))
class Guarded:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        blocking = name.partition(".")[0] in blocked
        return None if blocking else self.finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self.finder, name)
sys.meta_path[:] = [Guarded(finder) for finder in sys.meta_path]
"""


@dataclass(frozen=True)
class Dockerfile:
    """What the Dockerfile of an image says."""

    name: str
    stages: list[list[tuple[str, str]]] = field(default_factory=list)

    @classmethod
    def read(cls, name: str) -> Dockerfile:
        stages: list[list[tuple[str, str]]] = [[]]
        for instruction, value in _instructions(dockerfile_of(ROOT, name).read_text()):
            if instruction == "FROM":
                stages.append([])
            stages[-1].append((instruction, value))
        return cls(name, stages)

    def last(self, instruction: str) -> list[str]:
        """Return the values of an instruction in the last stage."""
        return [value for name, value in self.stages[-1] if name == instruction]

    @property
    def arguments(self) -> dict[str, str]:
        """The arguments before the first stage: the base images."""
        pairs = (value.partition("=") for name, value in self.stages[0] if name == "ARG")
        return {name: value for name, _, value in pairs}

    @property
    def distributions(self) -> list[str]:
        """The distributions that an earlier stage installs, before what they need."""
        for stage in self.stages:
            for name, value in stage:
                if name == "RUN" and "requirements.lock" in value:
                    return value.partition("requirements.lock ")[2].partition(">")[0].split()
        return []

    @property
    def command(self) -> tuple[str, ...]:
        entrypoint, command, _ = parse(dockerfile_of(ROOT, self.name).read_text())
        return (*entrypoint, *command)

    @property
    def health_check(self) -> list[str]:
        (value,) = self.last("HEALTHCHECK")
        found: list[str] = json.loads(value.partition("CMD ")[2])
        return found


class Container:
    """The files of an image in a directory, and processes that see it as the image's user."""

    def __init__(
        self, dockerfile: Dockerfile, directory: Path, settings: Mapping[str, str]
    ) -> None:
        self.dockerfile = dockerfile
        self.tree = directory / "tree"
        self._copy()
        guard = directory / "guard"
        guard.mkdir()
        (guard / "sitecustomize.py").write_text(GUARD)
        _, _, environment = parse(dockerfile_of(ROOT, dockerfile.name).read_text())
        self.environment = {
            **environment,
            **settings,
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": "/nonexistent",
            "PYTHONPATH": str(guard),
            "GUARD_ROOT": str(ROOT),
            "GUARD_BLOCKED": json.dumps(self._not_installed()),
        }

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command of the image, without rights and with nothing to write on but /tmp."""
        own_user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
        return subprocess.Popen(
            ["unshare", "--mount", *own_user, "sh", "-ec", READ_ONLY, str(self.tree), *command],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _copy(self) -> None:
        self.tree.mkdir()
        for value in self.dockerfile.last("COPY"):
            if value.startswith("--from="):
                continue
            *sources, target = value.split()
            for source in sources:
                origin = ROOT / source
                to_directory = target.endswith("/") and origin.is_file()
                place = self.tree / target / origin.name if to_directory else self.tree / target
                place.parent.mkdir(parents=True, exist_ok=True)
                if origin.is_dir():
                    shutil.copytree(origin, place, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copyfile(origin, place)

    def _not_installed(self) -> list[str]:
        lock = (ROOT / "requirements.lock").read_text()
        pinned = subset(lock, self.dockerfile.distributions).splitlines()
        installed = {normal(line.partition("==")[0]) for line in pinned if "==" in line}
        return sorted(
            module
            for module, owners in metadata.packages_distributions().items()
            if not any(normal(owner) in installed for owner in owners)
            and "ecs-saas-cdktf" not in owners
        )

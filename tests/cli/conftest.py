"""The command line as a user starts it, in a project directory of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.provisioning.platform import ORDER

ROOT = Path(__file__).resolve().parents[2]
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Project:
    """A directory with a configuration and root modules that only look synthesised."""

    path: Path

    @property
    def configuration(self) -> Path:
        return self.path / "saas.tfvars"

    def change(self, old: str, new: str) -> None:
        """Replace the first `old` in the configuration."""
        text = self.configuration.read_text()
        assert old in text
        self.configuration.write_text(text.replace(old, new, 1))

    def ecs_saas(self, *arguments: str, **environment: str) -> Finished:
        return self.run("-m", "services.cli.app", *arguments, **environment)

    def run(self, *arguments: str, **environment: str) -> Finished:
        """Run Python on AWS's account of nobody: no credentials, no endpoint, no home."""
        finished = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.path,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Finished(finished.returncode, finished.stdout, finished.stderr)

    def files(self) -> set[str]:
        """Return what is in the directory, but for the values kept of a valid configuration."""
        found = (path.relative_to(self.path) for path in self.path.rglob("*") if path.is_file())
        return {str(path) for path in found if path.parts[:2] != (".ecs-saas", "configuration")}

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "TF_", "ECS_SAAS_", "CDKTF_"))
        }
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.path / "nobody"),
            "AWS_EC2_METADATA_DISABLED": "true",
            **more,
        }


@pytest.fixture
def project(tmp_path: Path) -> Project:
    shutil.copy(ROOT / "saas.tfvars", tmp_path)
    shared = [stack for wave in ORDER for stack in wave]
    for stack in (*shared, "tenant-basic", "tenant-advanced"):
        module = tmp_path / "cdktf.out/stacks" / stack
        module.mkdir(parents=True)
        (module / "cdk.tf.json").write_text("{}")
    return Project(tmp_path)

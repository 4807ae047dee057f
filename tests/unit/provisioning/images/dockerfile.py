"""The images of the project, laid out as the local AWS does, and run as processes of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from services.contracts.images import CONTEXT, arguments, dockerfile
from services.local_aws.images.build import lay_out
from services.local_aws.images.dockerfile import Dockerfile
from services.local_aws.images.image import Image
from services.local_aws.images.layer import Layer, Machine
from services.local_aws.images.pushing import build
from services.tenancy import Tier

ROOT = Path(__file__).parents[4]
APPLIED_BY_BUILDS = ("routing-cell", *(f"tenant-{tier}" for tier in Tier))

# A root file system of its own that cannot be written, nor can the image's files; then no rights.
READ_ONLY = """
mount --bind /tmp /tmp; mount --bind "$0" "$0"
mount -o remount,bind,ro /; mount -o remount,bind,ro "$0"
cd "$1"; shift; exec setpriv --bounding-set=-all --inh-caps=-all -- "$@"
"""


def project(directory: Path, *modules: str) -> Path:
    """Return a project of this one's files, and of root modules that only look synthesised."""
    for name in {*CONTEXT, "saas.tfvars"} - {"cdktf.out"}:
        (directory / name).symlink_to(ROOT / name)
    for stack in modules or ("platform", *APPLIED_BY_BUILDS):
        module = directory / "cdktf.out/stacks" / stack
        module.mkdir(parents=True)
        (module / "cdk.tf.json").write_text("{}")
    return directory


def machine(directory: Path) -> Machine:
    """Return a machine whose Terraform does nothing, with a folder of no providers."""
    return Machine(terraform=Path("/bin/true"), providers=directory)


def read(name: str) -> Dockerfile:
    """Return the Dockerfile of an image."""
    return Dockerfile.read(dockerfile(ROOT, name))


def laid_out(directory: Path, name: str) -> Layer:
    """Return what is in an image, without writing it."""
    root = project(directory)
    return lay_out(root, dockerfile(root, name), arguments(root, name), machine(directory))


class Container:
    """An image on disk, and processes that see its files as its user would."""

    def __init__(self, name: str, directory: Path, settings: Mapping[str, str]) -> None:
        (directory / "project").mkdir()
        root = project(directory / "project")
        self.name = name
        self.image: Image = build(directory / "home", root, name, machine(directory))
        self.environment = {**self.image.variables(), **settings, "HOME": "/nonexistent"}

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command of the image, without rights and with nothing to write on but /tmp."""
        own_user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
        tree, directory = str(self.image.tree), str(self.image.working_directory)
        return subprocess.Popen(
            [*("unshare", "--mount", *own_user, "sh", "-ec", READ_ONLY), tree, directory, *command],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

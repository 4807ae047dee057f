"""The base images that Dockerfiles may name, made of what this machine has."""

from __future__ import annotations

import sys
from typing import Final

from services.local_aws.images.dockerfile import Instruction
from services.local_aws.images.layer import Layer, Machine
from services.local_aws.images.tree import File, Link

KNOWN: Final = ("python", "hashicorp/terraform", "scratch")
#: https://github.com/docker-library/python/blob/master/Dockerfile-linux.template
_PATH: Final = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
VERSION: Final = f"{sys.version_info.major}.{sys.version_info.minor}"


LIBRARY: Final = f"lib/python{VERSION}/site-packages"


def base(name: str, machine: Machine, begun: Instruction) -> Layer:
    """Return what stands for a base image, whatever its tag and digest.

    Raises
    ------
    DockerfileError
        If nothing does, or the machine lacks the program.
    """
    repository = name.partition("@")[0]
    repository = repository.rpartition(":")[0] or repository
    if repository == "scratch":
        return Layer()
    if repository == "hashicorp/terraform":
        if machine.terraform is None:
            raise begun.fail(f"{name}: no executable `terraform` on PATH; install 1.11 or newer")
        layer = Layer(environment={"PATH": _PATH})
        layer.tree.put("/bin/terraform", Link(machine.terraform, "terraform"))
        return layer
    if repository == "python":
        return _python(machine)
    raise begun.fail(f"got {name}; allowed here {', '.join(KNOWN)}, of any version, and stages")


def _python(machine: Machine) -> Layer:
    """Return the interpreter with an empty library: `/usr/local` is a virtual environment."""
    layer = Layer(environment={"PATH": _PATH, "LANG": "C.UTF-8"})
    version = ".".join(str(part) for part in sys.version_info[:3])
    for name in ("python", "python3", f"python{VERSION}"):
        link = Link(machine.python, f"python {version}")
        layer.tree.put(f"/usr/local/bin/{name}", link)
    settings = f"home = {machine.python.parent}\ninclude-system-site-packages = false\n"
    layer.tree.put("/usr/local/pyvenv.cfg", File(f"{settings}version = {version}\n".encode()))
    return layer

"""Which container images there are, and what each is built from. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

RUNNER: Final = "provisioner"
"""The image that builds run in; every other image is a microservice's, or the gateway's."""
GATEWAY: Final = "gateway"
"""The image of the reverse proxy."""

CONTEXT: Final = (".dockerignore", "cdktf.out", "constructs_lib", "requirements.lock", "services")
"""What of a project its images are built from, beside `saas.tfvars`."""

_SERVICES: Final = "services/application"


def folder(name: str) -> str:
    """Return the folder, below the project's root, whose code the image `name` runs.

    >>> folder("order-lines"), folder(RUNNER)
    ('services/application/order_lines', 'services/provisioning')
    """
    return "services/provisioning" if name == RUNNER else f"{_SERVICES}/{_package(name)}"


def dockerfile(root: Path, name: str) -> Path:
    """Return the Dockerfile of the image `name` in the project at `root`.

    It is the one in the image's own folder; a microservice that brings none has that of all.
    """
    own = root / folder(name) / "Dockerfile"
    shared = root / _SERVICES / "Dockerfile"
    is_service = (root / folder(name) / "__main__.py").is_file()
    return shared if is_service and not own.is_file() else own


def arguments(root: Path, name: str) -> Mapping[str, str]:
    """Return the build arguments of the image `name`: which service the Dockerfile of all makes.

    >>> arguments(Path("/nowhere"), "order-lines")
    {}
    """
    shared = dockerfile(root, name) == root / _SERVICES / "Dockerfile"
    return {"SERVICE": _package(name)} if shared else {}


def _package(name: str) -> str:
    return name.replace("-", "_")

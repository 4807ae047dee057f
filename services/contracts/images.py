"""Which container images there are, and where each is built from. Pure data."""

from __future__ import annotations

from pathlib import Path
from typing import Final

RUNNER: Final = "provisioner"
"""The image that builds run in; every other image is a microservice's, or the gateway's."""


def folder(name: str) -> str:
    """Return the folder, below the project's root, whose `Dockerfile` makes the image `name`.

    >>> folder("orders"), folder(RUNNER)
    ('services/application/orders', 'services/provisioning')
    """
    return "services/provisioning" if name == RUNNER else f"services/application/{name}"


def dockerfile(root: Path, name: str) -> Path:
    """Return the Dockerfile of the image `name` in the project at `root`."""
    return root / folder(name) / "Dockerfile"

"""Images of this project in the registry of a local AWS, as a push puts them there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from services.local_aws.images.pushing import build, push
from services.local_aws.machine import LocalAws

ROOT = Path(__file__).parents[2]


def pushed(local: LocalAws, ecr: Any, prefix: str, *names: str, tag: str = "1") -> None:
    """Make a repository for each image and push it."""
    for name in names:
        repository = f"{prefix}/{name}"
        ecr.create_repository(repositoryName=repository)
        push(ecr, local.home, build(local.home, ROOT, name), repository, tag)

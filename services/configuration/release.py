"""The release of a deployment: the one that is configured, else one derived from the content.

Repositories do not move tags, so what is pushed again has to have another name. On a laptop nobody
thinks of one: without `release` in saas.tfvars, synthesis names it by a digest of all that goes
into images and root modules. Root modules hold it, so it is kept beside them, and whoever works
with them reads it there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from services.configuration.schema import Configuration

FILE_NAME: Final = "release"
_SOURCES: Final = ("constructs_lib", "modules", "services", "tiers", "main.py", "requirements.lock")
ELSEWHERE: Final = ("services/cli", "services/consoles", "services/local_aws")
"""Runs on the operator's machine or in a browser, and is in no image: as `.dockerignore` has it."""


def derived(configuration: Configuration, project: Path, file: Path) -> Configuration:
    """Return the configuration with a release, for synthesis.

    Parameters
    ----------
    project : Path
        Where the sources are.
    file : Path
        The configuration's own, which is in the image of the builds.
    """
    if "release" in configuration.model_fields_set:
        return configuration
    content = hashlib.sha256(file.read_bytes())
    for path in sorted(_sources(project)):
        content.update(f"{path.relative_to(project)}\0".encode())
        content.update(hashlib.sha256(path.read_bytes()).digest())
    return configuration.model_copy(update={"release": f"content-{content.hexdigest()[:12]}"})


def synthesised(configuration: Configuration, modules: Path) -> Configuration:
    """Return the configuration with the release that the root modules in `modules` have."""
    if "release" in configuration.model_fields_set:
        return configuration
    try:
        release = (modules / FILE_NAME).read_text(encoding="utf-8").strip()
    except OSError:
        return configuration
    return configuration.model_copy(update={"release": release})


def _sources(project: Path) -> Iterator[Path]:
    for name in _SOURCES:
        if (project / name).is_file():
            yield project / name
        for folder, folders, files in os.walk(project / name):
            own = Path(folder).relative_to(project).as_posix()
            folders[:] = [each for each in folders if f"{own}/{each}" not in ELSEWHERE]
            yield from (Path(folder, each) for each in files if not each.endswith(".pyc"))

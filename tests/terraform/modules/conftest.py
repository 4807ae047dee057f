"""Copies of the plain modules."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

MODULES = Path(__file__).parents[3] / "modules"


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[str], Path]:
    """Return a copy of a module, so that Terraform leaves nothing beside the original."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(MODULES / name, tmp_path / name))

    return copy

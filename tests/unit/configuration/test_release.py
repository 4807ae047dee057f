"""A release that nobody names has the name of its content, and of nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.configuration import parse
from services.configuration.release import ELSEWHERE, derived

ROOT = Path(__file__).parents[3]
_SETTINGS = (ROOT / "saas.tfvars").read_text()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a file of each kind."""
    for name in (
        *("main.py", "requirements.lock", "saas.tfvars", "constructs_lib/stack.py"),
        *("services/tenancy/tier.py", "services/cli/app.py", "services/consoles/package.json"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def release(project: Path) -> str:
    return derived(parse(_SETTINGS), project, project / "saas.tfvars").release


@pytest.mark.parametrize(
    "name",
    [
        *("services/cli/app.py", "services/local_aws/server.py", "services/consoles/src/page.tsx"),
        *("services/consoles/node_modules/gyp/gyp.py", "services/consoles/admin/dist/index.html"),
        *("services/tenancy/__pycache__/tier.cpython-311.pyc", "tests/test_tier.py"),
    ],
)
def test_what_is_in_no_image_makes_no_release(project: Path, name: str) -> None:
    before = release(project)
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text("other")
    assert release(project) == before


@pytest.mark.parametrize(
    "name", ["services/tenancy/tier.py", "constructs_lib/new.py", "main.py", "saas.tfvars"]
)
def test_what_is_in_one_makes_another(project: Path, name: str) -> None:
    before = release(project)
    (project / name).write_text("other")
    assert release(project) != before


def test_images_leave_out_what_a_release_does() -> None:
    left_out = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line for line in left_out if line.startswith("services/")} == set(ELSEWHERE)

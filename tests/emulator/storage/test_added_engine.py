"""A storage engine is added by one file: shown on a copy of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.copies import contents, copy_project

pytestmark = [pytest.mark.local_aws, pytest.mark.long]

_CODE = ("constructs_lib", "services", "tests", "tiers", "main.py", "saas.tfvars", "setup.cfg")
_TESTS = ("tests/emulator/storage/test_engines.py", "tests/emulator/storage/test_contract.py")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what runs, and of its tests."""
    copy_project(_CODE, tmp_path)
    return tmp_path


def test_one_file_is_enough(project: Path) -> None:
    before = contents(project)
    engine = Path(__file__).with_name("sqlite_engine.py")
    shutil.copy(engine, project / "services/storage/engines/sqlite.py")
    after = contents(project)
    assert {name for name in after if after[name] != before.get(name)} == {
        "services/storage/engines/sqlite.py"
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "sqlite", *_TESTS],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    *_, summary = done.stdout.strip().splitlines()
    # As a source, as a target, by itself, as a store, and in the configuration.
    assert int(summary.split()[0]) >= 25, summary

"""A storage engine is added by one file: shown on a copy of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.local_aws, pytest.mark.long]

ROOT = Path(__file__).parents[3]
_CODE = ("constructs_lib", "services", "tests", "tiers", "main.py", "saas.tfvars", "setup.cfg")
# The consoles are of another language, with all that its package manager brings.
_LEFT_OUT = ("__pycache__", "consoles")
_TESTS = ("tests/emulator/storage/test_engines.py", "tests/emulator/storage/test_contract.py")


def _files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for name in _CODE
        for path in [root / name, *(root / name).rglob("*")]
        if path.is_file() and not set(_LEFT_OUT) & set(path.parts)
    }


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what runs, and of its tests."""
    for name in _CODE:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns(*_LEFT_OUT)
            shutil.copytree(source, tmp_path / name, ignore=ignored)
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def test_one_file_is_enough(copy: Path) -> None:
    engine = Path(__file__).with_name("sqlite_engine.py")
    shutil.copy(engine, copy / "services/storage/engines/sqlite.py")
    before, after = _files(ROOT), _files(copy)
    assert {name for name in after if after[name] != before.get(name)} == {
        "services/storage/engines/sqlite.py"
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "sqlite", *_TESTS],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    *_, summary = done.stdout.strip().splitlines()
    # As a source, as a target, by itself, as a store, and in the configuration.
    assert int(summary.split()[0]) >= 25, summary

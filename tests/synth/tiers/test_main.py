"""`main.py` as a program: what it writes, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import main
from tests.synth.sample import CONFIGURATION, configured
from tests.synth.synthesis import root_modules

ROOT = Path(main.__file__).parent


@pytest.fixture
def outdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `main` writes."""
    path = tmp_path / "out"
    monkeypatch.setenv("CDKTF_OUTDIR", str(path))
    return path


def test_reads_like_a_table_of_contents() -> None:
    assert len((ROOT / "main.py").read_text().splitlines()) < 120


def test_a_bad_configuration_writes_nothing(tmp_path: Path) -> None:
    bad = tmp_path / "bad.tfvars"
    bad.write_text(CONFIGURATION.replace('"eu-central-1a", ', "").replace("r1", "r 1"))
    outdir = tmp_path / "out"
    run = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), str(bad)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "CDKTF_OUTDIR": str(outdir), "PYTHONPATH": str(ROOT)},
        check=False,
        timeout=60,
    )
    assert run.returncode == 2
    assert "zones" in run.stderr
    assert "release" in run.stderr
    assert "Traceback" not in run.stderr
    assert not outdir.exists()


def test_a_missing_file_is_said(outdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["nowhere.tfvars"]) == 2
    assert "nowhere.tfvars" in capsys.readouterr().err
    assert not outdir.exists()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `main` wrote to where a root module was that is gone by now."""
    directory = tmp_path_factory.mktemp("main")
    configuration = directory / "saas.tfvars"
    configuration.write_text(CONFIGURATION)
    gone = directory / "out/stacks/tier-bronze"
    gone.mkdir(parents=True)
    (gone / "cdk.tf.json").write_text("{}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDKTF_OUTDIR", str(directory / "out"))
        assert main.main([str(configuration)]) == 0
    return directory / "out/stacks"


def test_root_modules_that_are_gone_are_removed(written: Path) -> None:
    assert not (written / "tier-bronze").exists()
    assert (written / "tier-basic/cdk.tf.json").exists()


def test_the_same_configuration_gives_the_same_files(
    written: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    first = root_modules(configured(), tmp_path_factory)
    assert {each.name for each in written.iterdir()} == {each.name for each in first.iterdir()}
    for file in sorted(first.rglob("cdk.tf.json")):
        assert file.read_text() == (written / file.relative_to(first)).read_text()

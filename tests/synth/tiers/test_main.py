"""`main.py` as a program: what it writes, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import main
from services.contracts.stacks import APPLIED_ONCE, FIRST_CELL, NEEDS, PLATFORM, waves
from services.provisioning.platform import ORDER
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


def _manifest(directory: Path) -> dict[str, dict[str, Any]]:
    stacks: dict[str, dict[str, Any]] = json.loads((directory / "manifest.json").read_text())[
        "stacks"
    ]
    return stacks


def test_cdktf_is_told_the_order_of_platform_apply(written: Path) -> None:
    told = {name: tuple(each["dependencies"]) for name, each in _manifest(written.parent).items()}
    assert {name: told[name] for name in NEEDS} == NEEDS
    assert waves(NEEDS) == ORDER


@pytest.mark.parametrize("stack", NEEDS)
def test_a_stack_needs_those_of_which_it_reads(written: Path, stack: str) -> None:
    text = (written / stack / "cdk.tf.json").read_text()
    document = json.loads(text)
    sources = document["data"].get("aws_ssm_parameter", {}).values()
    read = {re.sub(r"^/[^/]+/[^/]+/", "", each["name"]) for each in sources}
    needed = {PLATFORM if each == f"cells/{FIRST_CELL}" else each for each in read}
    if stack != PLATFORM and "policy/shop-dev-platform-boundary" in text:
        needed.add(PLATFORM)  # a policy that it knows by name
    assert needed == set(NEEDS[stack])


def test_the_cli_of_cdktf_sees_what_is_applied_once(written: Path) -> None:
    output = json.loads((ROOT / "cdktf.json").read_text())["output"]
    assert main.output_directory(output) == Path("cdktf.out")
    directory = written.parent / Path(output).name
    shown = _manifest(directory)
    assert tuple(shown) == APPLIED_ONCE
    for name, each in shown.items():
        assert each["name"] == name
        assert (directory / each["workingDirectory"]).samefile(written / name)
        assert (directory / each["synthesizedStackPath"]).is_file()
    # Or the CLI would remove, of those beside, what it is not shown.
    assert not (directory / "stacks").exists()


def test_the_same_configuration_gives_the_same_files(
    written: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    first = root_modules(configured(), tmp_path_factory)
    assert {each.name for each in written.iterdir()} == {each.name for each in first.iterdir()}
    for file in sorted(first.rglob("cdk.tf.json")):
        assert file.read_text() == (written / file.relative_to(first)).read_text()

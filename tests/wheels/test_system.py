"""The wheel of the system, in a directory with a configuration and nothing else."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.wheels.conftest import ROOT
from tests.wheels.environment import Environment


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project: its configuration."""
    directory = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "saas.tfvars", directory)
    return directory


@pytest.fixture(scope="module")
def stacks(system: Environment, project: Path) -> Path:
    """What `ecs-saas synth` writes."""
    done = system.run("ecs-saas", "synth", cwd=project)
    assert done.returncode == 0, done.stderr
    return project / "cdktf.out/stacks"


def test_help(system: Environment, tmp_path: Path) -> None:
    done = system.run("ecs-saas", "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "synth" in done.stdout


def test_the_root_modules_are_those_of_a_checkout(stacks: Path) -> None:
    expected = ROOT / "cdktf.out/stacks"
    assert expected.is_dir(), "the root modules are missing: run `make synth`"
    names = {each.name for each in stacks.iterdir() if each.is_dir()}
    assert names == {each.name for each in expected.iterdir() if each.is_dir()}
    for name in names:
        ours, theirs = (
            json.loads((where / name / "cdk.tf.json").read_text()) for where in (stacks, expected)
        )
        assert {kind: set(each) for kind, each in ours["resource"].items()} == {
            kind: set(each) for kind, each in theirs["resource"].items()
        }


def test_functions_hold_the_systems_code_and_what_it_names(
    stacks: Path, system: Environment
) -> None:

    archives = list(stacks.rglob("*.zip"))
    assert archives
    for archive in archives:
        with zipfile.ZipFile(archive) as package:
            tops = {name.partition("/")[0] for name in package.namelist()}
        assert "services" in tops
        assert not tops & {"boto3", "botocore", "fastapi", "cdktf", "rich"}, archive


def test_the_module_is_the_same_program(system: Environment, project: Path, stacks: Path) -> None:
    done = system.run("python", "-m", "tiers", cwd=project, CDKTF_OUTDIR=str(project / "again"))
    assert done.returncode == 0, done.stderr
    for file in stacks.glob("*/cdk.tf.json"):
        again = project / "again/stacks" / file.parent.name / file.name
        assert again.read_text() == file.read_text()


@pytest.mark.parametrize("program", [("ecs-saas", "synth"), ("python", "-m", "tiers")])
def test_no_configuration(system: Environment, tmp_path: Path, program: tuple[str, ...]) -> None:
    done = system.run(*program, cwd=tmp_path)
    assert done.returncode == 2
    assert "No such file or directory; allowed a readable configuration" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_bad_configuration(system: Environment, tmp_path: Path) -> None:
    text = (ROOT / "saas.tfvars").read_text().replace('"10.0.0.0/16"', '"10.0.0.1/16"')
    (tmp_path / "saas.tfvars").write_text(text)
    done = system.run("ecs-saas", "synth", cwd=tmp_path)
    assert done.returncode == 2
    assert 'cidr: got "10.0.0.1/16"; allowed 10.0.0.0/16' in done.stderr
    assert "Traceback" not in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["saas.tfvars"]

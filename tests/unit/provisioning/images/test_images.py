"""What the Dockerfile of each image promises."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from services.contracts.images import RUNNER
from services.provisioning.images.requirements import UnlockedError, pins, subset
from tests.unit.provisioning.images.dockerfile import ROOT, Container, Dockerfile

# A build (the runner) runs to its end, and is root until its buildspec makes `runner` of it.
SERVERS = sorted(path.parent.name for path in ROOT.glob("services/application/*/Dockerfile"))
IMAGES = [*SERVERS, RUNNER]
LOCK = (ROOT / "requirements.lock").read_text()


def test_all_images_are_looked_at() -> None:
    assert {"orders", "products", "users", "gateway", RUNNER} <= set(IMAGES)


@pytest.mark.parametrize("name", IMAGES)
def test_bases_are_named_once_and_by_digest(name: str) -> None:
    dockerfile = Dockerfile.read(name)
    assert dockerfile.arguments
    for base in dockerfile.arguments.values():
        assert re.fullmatch(r"[\w/]+:[\w.-]+@sha256:[0-9a-f]{64}", base)
    for stage in dockerfile.stages[1:]:
        assert re.match(r"\$\{[A-Z]+\}", stage[0][1])


def test_one_base_has_one_digest() -> None:
    bases = {base for name in IMAGES for base in Dockerfile.read(name).arguments.values()}
    assert len(bases) == len({base.partition("@")[0] for base in bases})


@pytest.mark.parametrize("name", SERVERS)
def test_no_server_runs_as_root(name: str) -> None:
    (user,) = Dockerfile.read(name).last("USER")
    assert int(user) >= 10000


def test_no_build_runs_as_root() -> None:
    assert "run-as: runner" in (ROOT / "services/provisioning/jobs/buildspec.yml").read_text()
    runs = Dockerfile.read(RUNNER).last("RUN")
    assert any("--uid 10001" in run and "runner" in run for run in runs)


@pytest.mark.parametrize("name", SERVERS)
def test_every_server_says_how_it_is(name: str) -> None:
    dockerfile = Dockerfile.read(name)
    assert dockerfile.health_check[0] == "python"
    assert dockerfile.last("EXPOSE")
    assert not dockerfile.last("VOLUME")  # nothing is written


@pytest.mark.parametrize("name", [name for name in IMAGES if name != "gateway"])
def test_what_is_copied_is_compiled_once(name: str, tmp_path: Path) -> None:
    container = Container(Dockerfile.read(name), tmp_path, {})
    (compiling,) = (run for run in container.dockerfile.last("RUN") if "compileall" in run)
    program, *arguments = compiling.split()
    assert program == "python"
    subprocess.run([sys.executable, *arguments], cwd=container.tree, check=True)
    sources = list(container.tree.rglob("*.py"))
    assert sources
    for source in sources:
        assert Path(cache_from_source(str(source))).is_file()


@pytest.mark.parametrize("name", IMAGES)
def test_what_is_installed_is_locked_by_hash(name: str) -> None:
    (run,) = (
        value
        for stage in Dockerfile.read(name).stages
        for instruction, value in stage
        if instruction == "RUN" and "pip" in value
    )
    assert "--require-hashes" in run
    assert "--only-binary=:all:" in run
    assert "==" in subset(LOCK, Dockerfile.read(name).distributions)


def test_a_subset_of_the_lock_file_is_what_is_needed_and_no_more() -> None:
    names = set(pins(subset(LOCK, ["fastapi", "uvicorn", "boto3"])))
    assert {"fastapi", "starlette", "pydantic-core", "uvicorn", "h11", "botocore"} <= names
    assert not {"cdktf", "ministack", "pytest", "docker"} & names
    assert "--hash=sha256:" in subset(LOCK, ["h11"])
    with pytest.raises(UnlockedError, match="got nonsense, other"):
        subset(LOCK, ["nonsense", "boto3", "other"])


def test_the_build_sees_no_more_than_it_copies() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    seen = [line[1:] for line in ignored if line.startswith("!")]
    assert ignored[1] == "*"
    for name in IMAGES:
        for stage in Dockerfile.read(name).stages:
            for instruction, value in stage:
                if instruction == "COPY" and not value.startswith("--from="):
                    for source in value.split()[:-1]:
                        assert any(source == each or source.startswith(f"{each}/") for each in seen)

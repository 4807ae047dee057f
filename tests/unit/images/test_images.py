"""What the Dockerfile of each image promises."""

from __future__ import annotations

import re

import pytest

from services.images.requirements import UnlockedError, pins, subset
from tests.unit.images.dockerfile import ROOT, Dockerfile

IMAGES = ("orders", "products", "users", "gateway", "provisioner")
LOCK = (ROOT / "requirements.lock").read_text()


@pytest.mark.parametrize("name", IMAGES)
def test_bases_are_named_once_and_by_digest(name: str) -> None:
    dockerfile = Dockerfile.read(name)
    for argument, base in dockerfile.arguments.items():
        if argument == "ENVOY":
            # No digest of this version is known to the project yet: `ecs-saas images pin`.
            assert re.fullmatch(r"\S+:distroless-v\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?", base)
        else:
            assert re.fullmatch(r"[\w/]+:[\w.-]+@sha256:[0-9a-f]{64}", base)
    for stage in dockerfile.stages[1:]:
        assert re.match(r"\$\{[A-Z]+\}", stage[0][1])


@pytest.mark.parametrize("name", IMAGES)
def test_nothing_runs_as_root(name: str) -> None:
    dockerfile = Dockerfile.read(name)
    if name == "provisioner":
        assert "run-as: runner" in (ROOT / "services/provisioner/buildspec.yml").read_text()
        assert any("--uid 10001" in run and "runner" in run for run in dockerfile.last("RUN"))
        return
    (user,) = dockerfile.last("USER")
    assert int(user) >= 10000


@pytest.mark.parametrize("name", ["orders", "provisioner"])
def test_what_is_installed_is_locked_by_hash(name: str) -> None:
    (run,) = (
        value
        for stage in Dockerfile.read(name).stages
        for instruction, value in stage
        if instruction == "RUN" and "pip" in value
    )
    assert "--require-hashes" in run
    assert "--only-binary=:all:" in run


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

"""What a machine lacks is said, each with what to do; a machine that lacks nothing is told so."""

from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.aws import free_port
from tests.cli.conftest import Finished, Project

MIRROR = "terraform.d/plugins/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"


def findings(finished: Finished) -> dict[str, dict[str, Any]]:
    assert "Traceback" not in finished.err, finished.err
    return {each["subject"]: each for each in json.loads(finished.out)}


def examined(project: Project, *, target: str = "local", **environment: str) -> Finished:
    environment.setdefault("ECS_SAAS_LOCAL_PORT", str(free_port()))
    return project.ecs_saas("--target", target, "doctor", "--json", **environment)


@pytest.fixture
def machine(project: Project) -> Project:
    """A project beside which a mirror has the provider."""
    provider = project.path / MIRROR / "terraform-provider-aws_v5.100.0_x5"
    provider.parent.mkdir(parents=True)
    provider.touch()
    return project


def path_with(directory: Path, **programs: str) -> str:
    """Return a PATH on which there is what CI has, but these, which print what is given."""
    directory.mkdir()
    for name in ("node", "terraform", "make"):
        own = directory / name
        if name not in programs:
            own.symlink_to(str(shutil.which(name)))
        elif programs[name]:
            own.write_text(f"#!/bin/sh\necho '{programs[name]}'\n")
            own.chmod(0o755)
    return str(directory)


def test_a_good_machine_lacks_nothing(machine: Project) -> None:
    finished = examined(machine)
    found = findings(finished)
    assert {subject: each["remedy"] for subject, each in found.items() if each["remedy"]} == {}
    assert finished.code == 0
    assert {"python", "node", "terraform", "make", "AWS provider", "root modules"} <= set(found)


@pytest.mark.parametrize(
    ("programs", "subject", "said"),
    [
        ({"node": ""}, "node", "install 20.19 or newer"),
        ({"node": "v20.10.0"}, "node", "install 20.19 or newer"),
        ({"terraform": ""}, "terraform", "install 1.11, not 2"),
        ({"terraform": "Terraform v1.9.8"}, "terraform", "install 1.11, not 2"),
        ({"terraform": "Terraform v2.0.0"}, "terraform", "install 1.11, not 2"),
        ({"terraform": "what?"}, "terraform", "install 1.11, not 2"),
        ({"make": ""}, "make", "the package `make`"),
    ],
)
def test_a_program_that_is_missing_or_old(
    machine: Project, programs: dict[str, str], subject: str, said: str
) -> None:
    finished = examined(machine, PATH=path_with(machine.path / "bin", **programs))
    wrong = {name: each for name, each in findings(finished).items() if each["remedy"]}
    assert set(wrong) == {subject}
    assert said in wrong[subject]["remedy"]
    assert finished.code == 1


def test_what_leads_astray(machine: Project) -> None:
    astray = {"TF_CLI_CONFIG_FILE": "/nowhere/terraformrc", "TF_WORKSPACE": "other"}
    found = findings(examined(machine, **astray))
    for name in astray:
        assert "unset it" in found[name]["remedy"]


def test_all_that_is_wrong_at_once(machine: Project) -> None:
    machine.change("cidr", "cydr")
    shutil.rmtree(machine.path / "cdktf.out")
    found = findings(examined(machine))
    assert "cydr" in found["configuration"]["remedy"]
    assert found["root modules"]["remedy"] == "make synth"


def test_an_account_that_cannot_be_asked(machine: Project) -> None:
    """On AWS: no credentials, an endpoint of somewhere else, and nothing that builds images."""
    path = path_with(machine.path / "bin")
    finished = examined(machine, target="aws", PATH=path, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    found = findings(finished)
    assert "--target local" in found["AWS_ENDPOINT_URL"]["remedy"]
    assert "aws sts get-caller-identity" in found["credentials"]["remedy"]
    assert "docker" in found["images"]["remedy"]
    assert finished.code == 1


@pytest.mark.parametrize("said", ["variable", "option"])
def test_a_port_that_something_else_has(machine: Project, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        if said == "variable":
            finished = examined(machine, ECS_SAAS_LOCAL_PORT=port)
        else:
            finished = machine.ecs_saas("--target", "local", "doctor", "--json", "--port", port)
    found = findings(finished)["local AWS"]
    assert found["found"] == f"port {port} is taken by another program"
    assert "--port" in found["remedy"]
    assert finished.code == 1


def test_for_people_it_is_a_table(machine: Project) -> None:
    port = {"ECS_SAAS_LOCAL_PORT": str(free_port())}
    finished = machine.ecs_saas("--target", "local", "doctor", **port)
    lines = finished.out.splitlines()
    assert lines[0].split() == ["what", "found", "to", "do"]
    assert all(line.rstrip().endswith("good") for line in lines[1:]), finished.out
    assert os.linesep in finished.out

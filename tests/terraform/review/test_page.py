"""Every command of `docs/review.md`, and the steps of its workflow, run as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.provisioning.review.policies import POLICIES
from tests.cli.github import serving, variables_of
from tests.terraform.conftest import Run

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/review.md").read_text()
COMMANDS = [
    line.partition("  #")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S)
    for line in block.splitlines()
]
WORKFLOW = yaml.safe_load((ROOT / "docs/ci/review.yml").read_text())
STEPS: list[dict[str, Any]] = WORKFLOW["jobs"]["review"]["steps"]


@pytest.fixture(scope="module")
def project(terraform: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an initialised root module with what the page's commands name."""
    where = tmp_path_factory.mktemp("page")
    (where / "main.tf").write_text('resource "terraform_data" "x" { input = 1 }\n')
    terraform(where, "init")
    terraform(where, "plan", "-out=plan")
    shown = terraform(where, "show", "-json", "plan")
    (where / "plan.json").write_text(shown[: shown.rindex("}") + 1])
    (where / "plans").mkdir()
    for name in ("acme", "bolt"):
        shutil.copy(where / "plan.json", where / f"plans/{name}.json")
    (waivers,) = re.findall(r"```json\n(.*?)```", PAGE, re.S)
    (where / "waivers.json").write_text(waivers)
    return where


def _bash(script: str, where: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=where,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_does_what_it_says(project: Path, command: str) -> None:
    done = _bash(command, project)

    if command.startswith("ecs-saas"):
        assert done.returncode == 2, done
        comment = done.stdout or (project / "comment.md").read_text()
        assert "## Plan review: Changes" in comment
    else:
        assert done.returncode == 0, done


def test_the_page_has_every_policy() -> None:
    assert re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.M) == [policy.id for policy in POLICIES]


def test_the_workflow_may_no_more_than_it_needs() -> None:
    assert WORKFLOW["permissions"] == {
        "contents": "read",
        "id-token": "write",
        "pull-requests": "write",
    }
    (kept,) = [each for each in STEPS if "upload-artifact" in each.get("uses", "")]
    assert kept["with"]["path"] == "review.md"


@pytest.mark.parametrize("loses", [False, True])
def test_the_workflow_plans_reviews_and_comments(
    terraform: Run, tmp_path: Path, loses: bool
) -> None:
    scripts = {each["name"]: each["run"] for each in STEPS if "run" in each}
    for stack in ("one", "two"):
        where = tmp_path / "cdktf.out/stacks" / stack
        where.mkdir(parents=True)
        (where / "main.tf").write_text(
            'output "x" {\n  value = "a"\n  sensitive = true\n}\n' if loses else ""
        )
        if loses:
            terraform(where, "init")
            terraform(where, "apply", "-auto-approve")
            (where / "main.tf").write_text('output "x" { value = "a" }\n')
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/ecs-saas").symlink_to(Path(sys.executable).parent / "ecs-saas")

    with serving() as github:
        variables = {**variables_of(github), "STACKS": "one two", "RUN_URL": "https://x/runs/1"}
        planned = _bash(scripts["Plan"], tmp_path, **variables)
        reviewed = _bash(scripts["Review"], tmp_path, **variables)

    assert planned.returncode == 0, planned
    assert reviewed.returncode == (1 if loses else 0), reviewed
    (comment,) = github.comments
    assert ("output-unmasked" in comment["body"]) is loses
    assert (tmp_path / "review.md").read_text().startswith("<!-- ecs-saas review")

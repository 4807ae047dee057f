"""`ecs-saas review` as a process: exit codes, files, and a comment on a server like GitHub's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Project
from tests.cli.github import serving, variables_of
from tests.unit.provisioning.review.plans import ACME, change, plan

UPDATE = plan(change(before={"delay": 1}, after={"delay": 2}))
LOSS = plan(change("aws_dynamodb_table.t", ("delete",), {"name": "t"}))


def _save(project: Project, name: str, document: Any) -> str:
    file = project.path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(document))
    return name


@pytest.mark.parametrize(("document", "code"), [(plan(), 0), (UPDATE, 2), (LOSS, 1)])
def test_the_exit_code_is_the_verdict(project: Project, document: Any, code: int) -> None:
    finished = project.ecs_saas("review", _save(project, "p.json", document))

    assert finished.code == code, finished
    assert finished.err == ""
    assert finished.out.startswith("<!-- ecs-saas review: plans -->\n## Plan review: ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no json", "no JSON at line 1"),
        ("{}", "no plan"),
        ('{"format_version": "9.0", "resource_changes": []}', "format_version 9"),
        ('{"format_version": "1.0", "values": {}}', "a state, not a plan"),
        ("[" * 100_000, "deeper than can be read"),
        ("PK\3\4", "no JSON"),
    ],
)
def test_what_is_no_plan_ends_with_one(project: Project, content: str, said: str) -> None:
    (project.path / "p.json").write_text(content)

    finished = project.ecs_saas("review", "p.json")

    assert (finished.code, finished.out) == (1, "")
    assert finished.err.startswith("error: ")
    assert said in finished.err
    assert len(finished.err) < 400


def test_a_file_that_is_not_there_and_a_waiver_without_reason_end_with_one(
    project: Project,
) -> None:
    name = _save(project, "p.json", LOSS)

    assert project.ecs_saas("review", "q.json").code == 1
    assert project.ecs_saas("review", name, "--waive", "stateful-loss").code == 1
    assert project.ecs_saas("review", name, "--waive", "stateful-loss=it was moved").code == 2


def test_the_whole_goes_to_a_file_and_a_workspace_may_be_named(project: Project) -> None:
    _save(project, "plans/one.json", UPDATE)
    _save(project, "plans/two.json", LOSS)
    waivers = {"waivers": [{"policy": "stateful-loss", "reason": "it was moved"}]}
    _save(project, "waivers.json", waivers)

    folder = project.ecs_saas(
        "review", "plans", "--waivers", "waivers.json", "--out", "whole.md", "--comment", "c.md"
    )
    foreign = project.ecs_saas("review", f"{ACME.id}=plans/one.json", "other=plans/one.json")

    assert (folder.code, folder.out) == (2, "")
    assert "2 plans" in (project.path / "c.md").read_text()
    assert "aws_dynamodb_table.t" in (project.path / "whole.md").read_text()
    assert foreign.code == 1
    assert f"values of tenant {ACME.id} in the workspace other" in foreign.out.replace("\\", "")


def test_a_comment_is_written_once_and_then_over_itself(project: Project) -> None:
    with serving() as github:
        github.comments += [
            {"id": n, "body": f"talk {n}\r\n<!-- ecs-saas review: plans -->"} for n in range(1, 131)
        ]
        talk = [dict(each) for each in github.comments]
        for document, code in ((LOSS, 1), (UPDATE, 2), (plan(), 0)):
            name = _save(project, "p.json", document)
            finished = project.ecs_saas("review", name, "--github-comment", **variables_of(github))
            assert finished.code == code, finished
            assert "https://x/#131" in finished.out

        other = ("review", "p.json", "--github-comment", "--name", "platform")
        assert project.ecs_saas(*other, **variables_of(github)).code == 0

    assert github.comments[:130] == talk
    assert len(github.comments) == 132
    assert "Nothing to change" in github.comments[130]["body"]
    assert github.comments[131]["body"].startswith("<!-- ecs-saas review: platform -->")


def test_a_comment_of_many_plans_is_short_enough_for_github(project: Project) -> None:
    for number in range(150):
        bulk = change(
            f"aws_s3_bucket.b{number}", ("delete", "create"), {"x": "y" * 900}, {"x": "z"}
        )
        _save(project, f"plans/{number}.json", plan(bulk, owner=None))
    with serving() as github:
        finished = project.ecs_saas("review", "plans", "--github-comment", **variables_of(github))

    assert finished.code == 1, finished
    assert "**Cut to fit:**" in github.comments[0]["body"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"GITHUB_TOKEN": "wrong"}, "pull-requests: write"),
        ({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN not set"),
        ({"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_PATH": ""}, "ECS_SAAS_PULL_REQUEST"),
        ({"ECS_SAAS_PULL_REQUEST": "9"}, "404"),
        ({"GITHUB_REPOSITORY": "../../x"}, "allowed owner/name"),
        ({"GITHUB_API_URL": "http://127.0.0.1:9"}, "does not answer"),
    ],
)
def test_what_github_refuses_is_said(
    project: Project, variables: dict[str, str], said: str
) -> None:
    name = _save(project, "p.json", UPDATE)
    with serving() as github:
        finished = project.ecs_saas(
            "review", name, "--github-comment", **variables_of(github, **variables)
        )

    assert (finished.code, finished.out) == (1, "")
    assert said in finished.err
    assert "t0ken" not in finished.err


def test_the_number_is_read_from_the_event_too(project: Project, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    name = _save(project, "p.json", UPDATE)
    variables = {"GITHUB_REF": "refs/heads/x", "GITHUB_EVENT_PATH": str(event)}
    with serving() as github:
        finished = project.ecs_saas(
            "review", name, "--github-comment", **variables_of(github, **variables)
        )

    assert finished.code == 2, finished
    assert len(github.comments) == 1

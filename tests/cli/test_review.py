"""`ecs-saas review` as a process: exit codes, files, and a comment on a server like GitHub's."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cli.conftest import Project
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


@dataclass
class GitHub:
    """What the server has, and what it was asked."""

    url: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    status: int = 0


@contextmanager
def _github() -> Iterator[GitHub]:
    """Serve the comments of pull request 7 of owner/shop, as GitHub's API has them."""
    github = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(github.status or status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _take(self) -> str:
            github.asked.append(f"{self.command} {urlsplit(self.path).path}")
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)).get("body", "") if length else ""
            return str(body)

        def _refused(self, body: str) -> bool:
            if self.headers["Authorization"] != "Bearer t0ken":
                self._answer(401, {"message": "Bad credentials"})
            elif len(body) > 65_536:
                self._answer(422, {"message": "Body is too long"})
            else:
                return False
            return True

        def do_GET(self) -> None:
            if self._refused(self._take()):
                return
            query = parse_qs(urlsplit(self.path).query)
            size, page = int(query["per_page"][0]), int(query["page"][0])
            self._answer(200, github.comments[size * (page - 1) : size * page])

        def do_POST(self) -> None:
            body = self._take()
            if self._refused(body):
                return
            if urlsplit(self.path).path != "/repos/owner/shop/issues/7/comments":
                self._answer(404, {"message": "Not Found"})
                return
            number = len(github.comments) + 1
            made = {"id": number, "body": body, "html_url": f"https://x/#{number}"}
            github.comments.append(made)
            self._answer(201, made)

        def do_PATCH(self) -> None:
            body = self._take()
            if self._refused(body):
                return
            found = re.fullmatch(r"/repos/owner/shop/issues/comments/(\d+)", self.path)
            assert found
            made = github.comments[int(found[1]) - 1]
            made["body"] = body
            self._answer(200, made)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    github.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield github
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _variables(github: GitHub, **more: str) -> dict[str, str]:
    return {
        "GITHUB_TOKEN": "t0ken",
        "GITHUB_REPOSITORY": "owner/shop",
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_API_URL": github.url,
        **more,
    }


def test_a_comment_is_written_once_and_then_over_itself(project: Project) -> None:
    with _github() as github:
        github.comments += [
            {"id": n, "body": f"talk {n}\r\n<!-- ecs-saas review: plans -->"} for n in range(1, 131)
        ]
        talk = [dict(each) for each in github.comments]
        for document, code in ((LOSS, 1), (UPDATE, 2), (plan(), 0)):
            name = _save(project, "p.json", document)
            finished = project.ecs_saas("review", name, "--github-comment", **_variables(github))
            assert finished.code == code, finished
            assert "https://x/#131" in finished.out

        other = ("review", "p.json", "--github-comment", "--name", "platform")
        assert project.ecs_saas(*other, **_variables(github)).code == 0

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
    with _github() as github:
        finished = project.ecs_saas("review", "plans", "--github-comment", **_variables(github))

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
    with _github() as github:
        finished = project.ecs_saas(
            "review", name, "--github-comment", **_variables(github, **variables)
        )

    assert (finished.code, finished.out) == (1, "")
    assert said in finished.err
    assert "t0ken" not in finished.err


def test_the_number_is_read_from_the_event_too(project: Project, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    name = _save(project, "p.json", UPDATE)
    variables = {"GITHUB_REF": "refs/heads/x", "GITHUB_EVENT_PATH": str(event)}
    with _github() as github:
        finished = project.ecs_saas(
            "review", name, "--github-comment", **_variables(github, **variables)
        )

    assert finished.code == 2, finished
    assert len(github.comments) == 1

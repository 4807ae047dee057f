"""Bad input and a bad environment: one clear message, exit code 2, nothing created."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.cli.conftest import CREDENTIALS, ROOT, Finished, Project

ONBOARD = ("workspace", "apply", "t1", "--name", "acme", "--tier", "basic", "--email", "a@b.io")
UNUSED = "http://127.0.0.1:9"


def refused(finished: Finished, *said: str) -> None:
    """Check that there is one message and nothing else."""
    assert finished.code == 2, finished
    assert finished.out == ""
    assert "Traceback" not in finished.err
    assert finished.err.lower().count("error:") <= 1
    for each in said:
        assert each in finished.err
    assert len(finished.err.splitlines()) <= 3, finished.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("workspace", "apply", "t1", "--name", "acme", "--tier", "gold", "--email", "a@b.io"),
            'tier: got "gold"; allowed basic, advanced or premium',
        ),
        (
            ("workspace", "apply", "t1", "--name", "acme", "--email", "a@b.io"),
            "tier: got nothing; allowed basic, advanced or premium",
        ),
        (
            ("workspace", "apply", "a/b", "--name", "acme", "--tier", "basic", "--email", "a@b.io"),
            'tenant_id: got "a/b"; allowed 1 to 36 of a-z',
        ),
        (
            (
                "workspace",
                "apply",
                "../up",
                "--name",
                "acme",
                "--tier",
                "basic",
                "--email",
                "a@b.io",
            ),
            'tenant_id: got "../up"; allowed',
        ),
        (("workspace", "show", "a/b"), 'tenant_id: got "a/b"; allowed'),
        (("workspace", "destroy", "a/b", "--yes"), 'tenant_id: got "a/b"; allowed'),
        (("workspace", "destroy", "t1"), "say --yes"),
        (("workspace", "apply", "t1", "--document", "none.json"), "none.json: No such file"),
        (("platform", "apply", "--stack", "none"), "stack: got none; allowed platform"),
        (("images", "push", "--tag", "latest"), "release: got latest; allowed a version"),
        (("demo", "up"), "got --target aws; allowed local"),
    ],
)
def test_arguments(project: Project, arguments: tuple[str, ...], said: str) -> None:
    before = project.files()
    refused(project.ecs_saas(*arguments, **CREDENTIALS, AWS_ENDPOINT_URL=UNUSED), said)
    assert project.files() == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"10.0.0.0/16"', '"10.0.0.1/16"', 'cidr: got "10.0.0.1/16"; allowed 10.0.0.0/16'),
        ('"10.0.0.0/16"', '"300.0.0.0/16"', 'cidr: got "300.0.0.0/16"; allowed'),
        ("  users = {", "  orders = {", "'orders' is given twice; the first is in line"),
        ("  basic = {", "  gold = {", 'tiers.gold: got "gold"; allowed basic, advanced or premium'),
        ("region  ", "repository = 7\nregion  ", "repository: got 7; allowed a GitHub repository"),
    ],
    ids=["host-bits", "no-cidr", "duplicate-service", "tier", "module-input"],
)
@pytest.mark.parametrize("program", ["ecs-saas", "main.py"])
def test_configuration(project: Project, program: str, old: str, new: str, said: str) -> None:
    project.change(old, new)
    before = project.files()
    if program == "main.py":
        finished = project.run(str(ROOT / "main.py"), CDKTF_OUTDIR="out")
    else:
        finished = project.ecs_saas("platform", "apply", **CREDENTIALS, AWS_ENDPOINT_URL=UNUSED)
    refused(finished, "saas.tfvars: 1 problem", said)
    assert project.files() == before


@pytest.mark.parametrize("program", ["ecs-saas", "main.py"])
def test_no_configuration(project: Project, program: str) -> None:
    project.configuration.unlink()
    if program == "main.py":
        finished = project.run(str(ROOT / "main.py"), CDKTF_OUTDIR="out")
    else:
        finished = project.ecs_saas(*ONBOARD)
    refused(finished, "No such file or directory; allowed a readable configuration file")


@pytest.mark.parametrize(
    "arguments", [ONBOARD, ("platform", "apply")], ids=["workspace", "platform"]
)
class TestEnvironment:
    """What onboarding and the platform find missing."""

    def test_no_terraform(self, project: Project, arguments: tuple[str, ...]) -> None:
        before = project.files()
        refused(project.ecs_saas(*arguments, **CREDENTIALS, PATH="/none"), "Terraform is missing")
        assert project.files() == before

    def test_no_credentials(self, project: Project, arguments: tuple[str, ...]) -> None:
        before = project.files()
        refused(project.ecs_saas(*arguments), "no usable AWS credentials", "set AWS_PROFILE")
        assert project.files() == before

    def test_unknown_profile(self, project: Project, arguments: tuple[str, ...]) -> None:
        refused(project.ecs_saas(*arguments, AWS_PROFILE="none"), "profile (none) could not be")

    def test_unreachable_endpoint(self, project: Project, arguments: tuple[str, ...]) -> None:
        before = project.files()
        finished = project.ecs_saas(*arguments, **CREDENTIALS, AWS_ENDPOINT_URL=UNUSED)
        refused(finished, f"AWS does not answer at {UNUSED}")
        assert project.files() == before

    def test_local_aws_is_not_running(self, project: Project, arguments: tuple[str, ...]) -> None:
        before = project.files()
        finished = project.ecs_saas("--target", "local", *arguments)
        refused(finished, "is not running: start it with `ecs-saas local up`")
        assert project.files() == before

    def test_modules_not_synthesised(self, project: Project, arguments: tuple[str, ...]) -> None:
        before = project.files()
        finished = project.ecs_saas(
            "--modules", "none", *arguments, **CREDENTIALS, AWS_ENDPOINT_URL=UNUSED
        )
        refused(finished, "is not in none: run `make synth`")
        assert project.files() == before


def test_endpoint_that_is_not_aws(project: Project) -> None:
    with web_page() as address:
        finished = project.ecs_saas("platform", "apply", **CREDENTIALS, AWS_ENDPOINT_URL=address)
    refused(finished, f"what answers at {address} is not AWS")


def test_port_of_another_program(project: Project) -> None:
    before = project.files()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        refused(
            project.ecs_saas("local", "up", "--port", port),
            f"port {port} on 127.0.0.1 cannot be used (Address already in use)",
        )
        refused(project.ecs_saas("--target", "local", "demo", "up", "--port", port), port)
    assert project.files() == before


@contextmanager
def web_page() -> Iterator[str]:
    """Serve something that no AWS client understands."""

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_error(501)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("command", ["up", "status", "down", "env", "reset"])
def test_no_place_for_the_local_aws(project: Project, command: str) -> None:
    (project.path / "file").write_text("")
    home = str(project.path / "file/home")
    finished = project.ecs_saas(
        "--target", "local", "local", command, ECS_SAAS_LOCAL_HOME=home, ECS_SAAS_LOCAL_PORT="9"
    )
    assert "Traceback" not in finished.err
    if command == "up":
        refused(finished, "file/home", "Not a directory; allowed a place")


@pytest.mark.parametrize(
    "arguments", [("tenant", "list"), ("tenant", "create", "a", "--tier", "basic", "--email", "x")]
)
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "set AWS_PROFILE, or AWS_ACCESS_KEY_ID"),
        ({**CREDENTIALS, "AWS_ENDPOINT_URL": UNUSED}, "is the endpoint right"),
    ],
    ids=["no-credentials", "no-answer"],
)
def test_tenants_without_a_control_plane(
    project: Project, arguments: tuple[str, ...], environment: dict[str, str], said: str
) -> None:
    finished = project.ecs_saas(*arguments, **environment)
    refused(finished, said)
    assert "platform apply" not in finished.err


def test_no_place_for_the_root_modules(project: Project) -> None:
    (project.path / "file").write_text("")
    finished = project.run(str(ROOT / "main.py"), CDKTF_OUTDIR=str(project.path / "file/out"))
    refused(finished, "file/out", "Not a directory")

"""Dockerfiles: what is laid out, and what is refused with its place."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from services.local_aws.images.build import lay_out
from services.local_aws.images.context import Context
from services.local_aws.images.dockerfile import Dockerfile
from services.local_aws.images.errors import DockerfileError, NoCommandError
from services.local_aws.images.image import Image
from services.local_aws.images.layer import Layer, Machine
from services.local_aws.images.store import ImageStore
from services.local_aws.images.tree import File


def laid_out(directory: Path, text: str, **arguments: str) -> Layer:
    (directory / "Dockerfile").write_text(text)
    return lay_out(directory, directory / "Dockerfile", arguments, Machine())


def test_only_the_last_stage_counts_and_comments_do_not(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    layer = laid_out(
        tmp_path,
        """
        # syntax=docker/dockerfile:1
        FROM scratch AS first
        ENV BUILD=1
        COPY a.txt /from/here/
        CMD ["build"]
        FROM scratch
        ARG WHERE=app
        ENV HOME_DIR=/${WHERE} \\
            # a comment within an instruction
            NAME="two words"
        ENV PATHS=${HOME_DIR}/bin:$UNKNOWN
        ENV OLD the old form
        WORKDIR /app
        COPY --from=first /from/here ./there
        ENTRYPOINT ["python", "-m"]
        CMD [ "shop" ]
        """,
    )
    assert layer.entrypoint == ("python", "-m")
    assert layer.command == ("shop",)
    assert layer.environment == {
        "HOME_DIR": "/app",
        "NAME": "two words",
        "PATHS": "/app/bin:",
        "OLD": "the old form",
    }
    assert layer.tree.entries == {PurePosixPath("/app/there/a.txt"): File(b"a")}


def test_a_shell_form_runs_in_a_shell(tmp_path: Path) -> None:
    command = laid_out(tmp_path, "FROM scratch\nCMD echo $HOME | cat").command
    assert command == ("/bin/sh", "-c", "echo $HOME | cat")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM scratch\n\nADD a b", "Dockerfile:3: ADD: not laid out here; allowed ARG"),
        ("FROM scratch\nRUN apt-get install curl", "2: RUN: got 'apt-get install curl'; allowed"),
        ("FROM scratch\nRUN mkdir -p /a \\\n  && rm -rf /", "2: RUN: got 'rm -rf /'"),
        ("FROM node:22", "1: FROM: got node:22; allowed here python"),
        ("FROM scratch\nCOPY nothing ./", "2: COPY: nothing: there is nothing that builds may see"),
        ("FROM scratch\nCOPY --chown=1 a ./", "2: COPY: got --chown=1; allowed here --from="),
        ("FROM scratch\nCOPY --from=x a ./", "2: COPY: got --from=x; allowed an earlier stage"),
        ("FROM scratch\nARG SERVICE", "2: ARG: SERVICE: no such build argument was given"),
        ("ENV A=1\nFROM scratch", "1: ENV: before the first FROM; allowed ARG"),
        ("FROM scratch\nCMD [1", r"2: CMD: got \[1; allowed a JSON list or a command"),
        ("# nothing", "no FROM"),
    ],
)
def test_what_cannot_be_laid_out_is_refused_with_its_place(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(DockerfileError, match=said):
        laid_out(tmp_path, text)


def test_a_missing_dockerfile_is_named(tmp_path: Path) -> None:
    with pytest.raises(DockerfileError, match="nowhere/Dockerfile: No such file"):
        Dockerfile.read(tmp_path / "nowhere/Dockerfile")


def test_builds_see_what_dockerignore_takes_back_in(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("# c\n*\n!src\n!out/t-*\nsrc/own\n**/*.log\n")
    context = Context(tmp_path)
    seen = [
        "src/a.py",
        "src/own/b.py",
        "src/deep/c.log",
        "out/t-1/x.json",
        "out/platform/x.json",
        "secret",
    ]
    assert [name for name in seen if context.sees(PurePosixPath(name))] == [
        "src/a.py",
        "out/t-1/x.json",
    ]


def test_an_image_is_named_by_its_content_and_written_once(tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "home")
    (tmp_path / "a.txt").write_text("a")
    text = 'FROM scratch\nWORKDIR /app\nCOPY a.txt ./\nCMD ["a"]'
    first = store.add(laid_out(tmp_path, text))
    assert (first.working_directory / "a.txt").read_text() == "a"
    assert store.add(laid_out(tmp_path, text)) == first == store.get(first.digest)
    (tmp_path / "a.txt").write_text("b")
    second = store.add(laid_out(tmp_path, text))
    assert second.digest != first.digest
    assert (first.working_directory / "a.txt").read_text() == "a"
    assert store.add(laid_out(tmp_path, f"{text}\nUSER 1")).digest != second.digest


@pytest.mark.parametrize(
    ("entrypoint", "command", "expected"),
    [
        (None, None, ["run", "default"]),
        (None, ["own"], ["run", "own"]),
        (["other"], None, ["other"]),
        (["other"], ["own"], ["other", "own"]),
    ],
)
def test_a_container_definition_overrides_as_in_docker(
    entrypoint: list[str] | None, command: list[str] | None, expected: list[str]
) -> None:
    image = Image("", Path("/none"), ("run",), ("default",))
    assert image.arguments(entrypoint, command) == expected
    with pytest.raises(NoCommandError, match="neither"):
        Image("", Path("/none")).arguments(None, None)


def test_paths_of_the_image_are_translated_and_no_others(tmp_path: Path) -> None:
    for folder in ("usr/local/bin", "release"):
        (tmp_path / folder).mkdir(parents=True)
    variables = {
        "PATH": "/usr/local/bin:/usr/local/sbin:/usr/bin:/bin",
        "RELEASE_DIR": "/release",
        "WORK": "/tmp/work",
        "ELSEWHERE": "/etc/ssl",
        "URL": "http://release",
    }
    image = Image("", tmp_path, ("/usr/local/bin",), (), variables)
    assert image.variables(Path("/scratch")) == {
        # The machine's own /usr/local is in no image.
        "PATH": f"{tmp_path}/usr/local/bin:/usr/bin:/bin",
        "RELEASE_DIR": f"{tmp_path}/release",
        "WORK": "/scratch/work",
        "ELSEWHERE": "/etc/ssl",
        "URL": "http://release",
    }
    assert image.arguments(None, ["/none", "x"]) == [f"{tmp_path}/usr/local/bin", "/none", "x"]

"""Dockerfiles: what they say is run, as Docker would."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from services.contracts.images import dockerfile, folder
from services.local_aws.ecs.image import Image, ImageNotFoundError, load, parse, service_of

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize(
    "reference",
    [
        "orders",
        "acme-dev/orders:1.4",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme-dev/orders@sha256:0f",
        "localhost:5000/orders:latest",
    ],
)
def test_the_last_segment_of_the_repository_is_the_service(reference: str) -> None:
    assert service_of(reference) == "orders"


@pytest.mark.parametrize("reference", ["", "acme/", "acme/..", "acme/.git:1", "acme/A b"])
def test_a_reference_that_names_no_service_is_refused(reference: str) -> None:
    with pytest.raises(ImageNotFoundError):
        service_of(reference)


def test_only_the_last_stage_counts_and_comments_do_not() -> None:
    entrypoint, command, environment = parse(
        """
        # syntax=docker/dockerfile:1
        FROM builder AS build
        ENV BUILD=1
        CMD ["build"]
        FROM python:3.11-slim
        ENV HOME_DIR=/app \\
            # a comment within an instruction
            NAME="two words"
        ENV PATHS=${HOME_DIR}/bin:$UNKNOWN
        ENV OLD the old form
        ENTRYPOINT ["python", "-m"]
        CMD [ "services.application.orders" ]
        """
    )
    assert entrypoint == ("python", "-m")
    assert command == ("services.application.orders",)
    assert environment == {
        "HOME_DIR": "/app",
        "NAME": "two words",
        "PATHS": "/app/bin:",
        "OLD": "the old form",
    }


def test_a_shell_form_runs_in_a_shell() -> None:
    assert parse("FROM x\nCMD echo $HOME | cat")[1] == ("/bin/sh", "-c", "echo $HOME | cat")


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
    image = Image("orders", ("run",), ("default",))
    assert image.arguments(entrypoint, command) == expected


def test_an_image_that_runs_nothing_is_refused() -> None:
    with pytest.raises(ImageNotFoundError, match="neither"):
        Image("orders").arguments(None, None)


def test_a_digest_follows_the_files(tmp_path: Path) -> None:
    place = tmp_path / folder("orders")
    place.mkdir(parents=True)
    (place / "Dockerfile").write_text('FROM x\nCMD ["a"]')
    first = load("acme/orders:1", tmp_path).digest
    assert first.startswith("sha256:")
    assert load("acme/orders:2", tmp_path).digest == first
    (place / "code.py").write_text("1")
    assert load("acme/orders:1", tmp_path).digest != first


def test_a_missing_dockerfile_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageNotFoundError, match="services/application/orders/Dockerfile"):
        load("acme/orders:1", tmp_path)


@pytest.mark.parametrize("service", ["orders", "products", "users"])
def test_the_services_run_as_modules_that_exist_and_not_as_root(service: str) -> None:
    image = load(service, ROOT)
    assert image.arguments(None, None) == ["python", "-m", f"services.application.{service}"]
    assert (ROOT / folder(service) / "__main__.py").exists()
    text = dockerfile(ROOT, service).read_text()
    assert "\nUSER 10001" in text
    assert f"ARG PYTHON=python:{sys.version_info.major}.11-slim" in text
    assert "HEALTHCHECK" in text


def test_the_gateway_runs_envoy_with_the_commands_arguments() -> None:
    image = load("gateway", ROOT)
    arguments = image.arguments(None, ["--config-yaml", "{}"])
    assert arguments[0].endswith("/envoy")
    assert arguments[-2:] == ["--config-yaml", "{}"]

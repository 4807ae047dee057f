"""What a push refuses, and what an apply pushes, before anything is built."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from services.cli import images
from services.cli.settings import Settings, Target
from services.configuration import load
from services.provisioning.deployment import Deployment
from services.provisioning.images.errors import (
    BuilderMissingError,
    RegistryError,
    UnknownImageError,
)

ROOT = Path(__file__).parents[3]
IMAGES = ("orders", "products", "users", "gateway", "provisioner")


def session(monkeypatch: pytest.MonkeyPatch, present: tuple[str, ...]) -> None:
    """Answer as AWS does, of an account whose registry has these images of every release."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    create = boto3.client
    urls = {name: f"1.dkr.ecr.us-east-1.amazonaws.com/p/{name}" for name in IMAGES}

    def client(service: str, **named: Any) -> Any:
        made: Any = create(service, region_name="us-east-1")  # type: ignore[call-overload]
        stub = Stubber(made)
        if service == "ssm":
            value = json.dumps({"repository_urls": urls})
            stub.add_response("get_parameter", {"Parameter": {"Value": value}})
        else:
            for name in IMAGES:
                found = [{"repositoryName": f"p/{name}"}] if name in present else []
                stub.add_response("batch_get_image", {"images": found})
        stub.activate()
        return made

    monkeypatch.setattr(boto3, "client", client)


def apply(tmp_path: Path) -> None:
    settings = Settings(ROOT / "saas.tfvars", Target.AWS)
    configuration = load(settings.config).model_copy(update={"release": "1.0"})
    deployment = Deployment(configuration, workdir=tmp_path, modules=tmp_path)
    images.push_missing(settings, deployment)


def no_builder() -> None:
    raise BuilderMissingError("no program that builds images is here")


def test_an_apply_where_nothing_builds_says_what_to_push(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(images, "find_builder", no_builder)
    session(monkeypatch, ("orders", "gateway"))
    said = "the registry lacks products, users, provisioner of release 1.0: push them"
    with pytest.raises(BuilderMissingError, match=said):
        apply(tmp_path)


def test_an_apply_that_finds_everything_builds_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(images, "find_builder", no_builder)
    session(monkeypatch, IMAGES)
    apply(tmp_path)


def test_a_release_is_a_version() -> None:
    images.require_version("1.0")
    with pytest.raises(UnknownImageError, match=r"got latest; allowed a version.*make synth"):
        images.require_version("latest")


def test_an_image_without_repository_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    session(monkeypatch, ())
    with pytest.raises(RegistryError, match="images mail: the platform has no repository"):
        images.Registry.of(load(ROOT / "saas.tfvars"), ["mail"])

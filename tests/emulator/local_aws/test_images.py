"""`ecs-saas images` with a real builder and a real registry: from a Dockerfile to the lock file."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.configuration import load
from services.configuration.images import ImageLock
from services.local_aws.machine import LocalAws
from services.provisioning.images.builders import Buildah, Credentials, Recipe, find_builder
from tests.emulator.local_aws.conftest import Aws
from tests.emulator.local_aws.registry import Registry, registry_before

ROOT = Path(__file__).parents[3]
BUILDERS = ("buildah", "podman")
FOUND = next((found for each in BUILDERS if (found := shutil.which(each))), None)

pytestmark = [
    pytest.mark.local_aws,
    pytest.mark.skipif(
        FOUND is None,
        reason=f"no builder without a daemon is installed: {' or '.join(BUILDERS)}",
    ),
]

# Nothing is downloaded: the base is built here as well, and has nothing to run.
BASE = "FROM scratch\nCOPY services/base/Dockerfile /base\n"
OWN = """\
ARG BASE={base}

FROM ${{BASE}}
COPY services/application/gateway /app
USER 10001
HEALTHCHECK --interval=10s CMD ["/app/healthy"]
ENTRYPOINT ["/app/gateway"]
"""


@dataclass(frozen=True)
class Project:
    """A project with an image of its own, and a machine that builds images with one program."""

    directory: Path
    environment: dict[str, str]

    @property
    def dockerfile(self) -> Path:
        return self.directory / "services/application/gateway/Dockerfile"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "services.cli.app", "--target", "aws", "images", *arguments],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def registry(patched: Aws) -> Iterator[Registry]:
    with registry_before(patched.endpoint) as registry:
        yield registry


@pytest.fixture
def project(
    tmp_path: Path, local: LocalAws, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> Project:
    directory = tmp_path / "project"
    for name in ("application/gateway", "base"):
        (directory / "services" / name).mkdir(parents=True)
    shutil.copy(ROOT / "saas.tfvars", directory)
    (directory / ".dockerignore").write_text("*\n!services\n")
    (directory / "services/base/Dockerfile").write_text(BASE)
    programs = tmp_path / "bin"
    programs.mkdir()
    assert FOUND is not None
    (programs / Path(FOUND).name).symlink_to(FOUND)
    # A daemon of this machine would be taken first.
    (programs / "docker").write_text("#!/bin/sh\nexit 1\n")
    (programs / "docker").chmod(0o755)
    endpoint = local.environment()["AWS_ENDPOINT_URL"].removeprefix("http://")
    (tmp_path / "registries.conf").write_text(f'[[registry]]\nlocation="{endpoint}"\ninsecure=true')
    (tmp_path / "storage.conf").write_text(
        f'[storage]\ndriver="vfs"\ngraphroot="{tmp_path}/images"\nrunroot="{tmp_path}/running"\n'
    )
    of_the_machine = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "CONTAINERS_REGISTRIES_CONF": str(tmp_path / "registries.conf"),
        "CONTAINERS_STORAGE_CONF": str(tmp_path / "storage.conf"),
    }
    for name, value in of_the_machine.items():
        monkeypatch.setenv(name, value)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "ECS_"))}
    environment = {
        **kept,
        "PYTHONPATH": str(ROOT),
        **local.environment(),
        "AWS_ENDPOINT_URL_ECR": f"http://{registry.address}",
    }
    return Project(directory, environment)


@pytest.fixture
def repository(patched: Aws) -> Iterator[str]:
    """The gateway's, as the platform makes and publishes it; and one for a base."""
    ecr, parameters = patched.client("ecr"), patched.client("ssm")
    names = ("base/thing", "ecs-saas-dev/gateway")
    made = [ecr.create_repository(repositoryName=name)["repository"] for name in names]
    url: str = made[1]["repositoryUri"]
    contract = "/ecs-saas/dev/platform"
    value = json.dumps({"repository_urls": {"gateway": url}})
    parameters.put_parameter(Name=contract, Value=value, Type="String")
    yield url
    parameters.delete_parameter(Name=contract)
    for name in names:
        ecr.delete_repository(repositoryName=name, force=True)


def test_an_image_is_pinned_built_pushed_and_locked(
    project: Project, patched: Aws, registry: Registry, repository: str, tmp_path: Path
) -> None:
    builder = find_builder()
    assert isinstance(builder, Buildah)
    host = patched.endpoint.removeprefix("http://")
    base = f"{host}/base/thing:1.0"
    known = Credentials(host, "AWS", "anything")
    pushed = builder.build(Recipe("base", project.directory, base), tmp_path, known, insecure=True)
    project.dockerfile.write_text(OWN.format(base=base))

    pinned = project.run("pin", "--service", "gateway")
    assert pinned.returncode == 0, pinned.stderr
    assert project.dockerfile.read_text().startswith(f"ARG BASE={base}@{pushed}\n")

    done = project.run("push", "--service", "gateway", "--tag", "1.0")
    assert done.returncode == 0, done.stderr
    lock = ImageLock.read(project.directory / "images.lock.json")
    assert lock is not None
    digest = lock.digests["gateway"]
    assert done.stdout == f"gateway: pushed {repository}@{digest}\n"
    (image,) = patched.client("ecr").describe_images(
        repositoryName="ecs-saas-dev/gateway", imageIds=[{"imageTag": "1.0"}]
    )["imageDetails"]
    assert image["imageDigest"] == digest
    assert load(project.directory / "saas.tfvars").images == lock
    config = _config_of(patched, digest)
    assert config["config"]["User"] == "10001"
    assert config["config"]["Healthcheck"]["Test"] == ["CMD", "/app/healthy"]
    assert len(config["rootfs"]["diff_ids"]) == 2  # the base's files, and its own
    assert registry.pushed

    # Who is not let in locks nothing, and is not told with what it was tried.
    registry.wanted = "AWS:another-password"
    refused = project.run("push", "--service", "gateway", "--tag", "1.1")
    assert refused.returncode != 0
    assert "ministack-auth-token" not in refused.stdout + refused.stderr
    assert ImageLock.read(project.directory / "images.lock.json") == lock


def _config_of(aws: Aws, digest: str) -> Any:
    """Return what an image of a list says of itself, all of it by digest."""

    def blob(kind: str, wanted: str) -> Any:
        url = f"{aws.endpoint}/v2/ecs-saas-dev/gateway/{kind}/{wanted}"
        content = httpx.get(url).raise_for_status().content
        assert f"sha256:{hashlib.sha256(content).hexdigest()}" == wanted
        return json.loads(content)

    (listed,) = blob("manifests", digest)["manifests"]
    assert listed["platform"] == {"architecture": "amd64", "os": "linux"}
    return blob("blobs", blob("manifests", listed["digest"])["config"]["digest"])

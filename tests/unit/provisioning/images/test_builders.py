"""Which builder is taken, what of a push is remembered, and which digests bases have."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from services.cli.images import chosen
from services.configuration import load
from services.configuration.images import ImageLock
from services.provisioning.images.builders import (
    Buildah,
    Buildx,
    Credentials,
    Kaniko,
    Recipe,
    find_builder,
)
from services.provisioning.images.errors import (
    BuilderMissingError,
    BuildError,
    RegistryError,
    UnknownImageError,
)
from services.provisioning.images.pins import bases, pin, pinned
from services.tenancy import InputError
from tests.unit.provisioning.images.dockerfile import ROOT

DIGEST = f"sha256:{'a' * 64}"


def program(directory: Path, name: str, script: str = "exit 0") -> None:
    directory.mkdir(exist_ok=True)
    file = directory / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_the_first_builder_that_works_is_taken(tmp_path: Path) -> None:
    with pytest.raises(BuilderMissingError, match="install docker with buildx, podman or buildah"):
        find_builder(str(tmp_path))
    program(tmp_path, "executor")
    assert isinstance(find_builder(str(tmp_path)), Kaniko)
    program(tmp_path, "buildah")
    assert find_builder(str(tmp_path)) == Buildah(str(tmp_path / "buildah"))
    program(tmp_path, "podman")
    assert find_builder(str(tmp_path)) == Buildah(str(tmp_path / "podman"))
    program(tmp_path, "docker", 'echo "unknown command"; exit 1')  # without the plug-in
    assert isinstance(find_builder(str(tmp_path)), Buildah)
    program(tmp_path, "docker")
    assert isinstance(find_builder(str(tmp_path)), Buildx)


@pytest.mark.parametrize("builder", [Buildah, Buildx])
def test_a_password_is_in_no_argument_and_in_no_error(
    tmp_path: Path, builder: type[Buildah | Buildx]
) -> None:
    log = tmp_path / "log"
    program(
        tmp_path / "bin",
        "tool",
        f'echo "$@" >> {log}; case "$*" in *login*) cat > {log}.given;; *push*) exit 7;; esac',
    )
    recipe = Recipe("orders", ROOT, "registry.example.com/shop/orders:r1")
    given = Credentials("registry.example.com", "AWS", "the-token")
    with pytest.raises(BuildError) as caught:
        builder(str(tmp_path / "bin" / "tool")).build(recipe, tmp_path, given)
    assert "the-token" not in f"{caught.value} {given} {log.read_text()}"
    assert (tmp_path / "log.given").read_text() == "the-token"
    assert "--build-arg=SERVICE=orders" in log.read_text()


def test_kaniko_builds_for_one_platform() -> None:
    recipe = Recipe("orders", ROOT, "r/o:1", ["linux/amd64", "linux/arm64"])
    with pytest.raises(BuildError, match="one at a time"):
        Kaniko().build(recipe, Path(), None)


def test_digests_are_kept_for_a_release(tmp_path: Path) -> None:
    path = tmp_path / "images.lock.json"
    assert ImageLock.read(path) is None
    ImageLock("r1").with_digest("orders", DIGEST).write(path)
    assert ImageLock.read(path) == ImageLock("r1", {"orders": DIGEST})
    with pytest.raises(InputError, match="got null"):
        ImageLock("r1").with_digest("orders", None)
    path.write_text(json.dumps({"release": "r1", "digests": {"orders": "latest"}}))
    with pytest.raises(InputError, match='orders: got "latest"'):
        ImageLock.read(path)


def test_images_are_the_manifests_and_unknown_ones_are_named(tmp_path: Path) -> None:
    configuration = load(ROOT / "saas.tfvars")
    assert chosen(ROOT, configuration, None) == [*configuration.services, "gateway", "provisioner"]
    assert chosen(ROOT, configuration, ["users"]) == ["users"]
    with pytest.raises(
        UnknownImageError, match=r"'nope'.*\n.*no services/application/users/__main__.py"
    ):
        chosen(tmp_path, configuration, ["users", "nope"])


class _Registry(BaseHTTPRequestHandler):
    """A registry that wants a token, as public ones do."""

    def do_HEAD(self) -> None:
        if self.headers.get("Authorization") != "Bearer t0k3n":
            host = self.headers["Host"]
            self.send_response(401)
            challenge = f'Bearer realm="http://{host}/token",service="r",scope="pull"'
            self.send_header("www-authenticate", challenge)
        elif self.path == "/v2/team/base/manifests/1.0":
            self.send_response(200)
            self.send_header("docker-content-digest", DIGEST)
        else:
            self.send_response(404)
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"token": "t0k3n"}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Registry)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_bases_are_pinned_to_what_their_registry_says(registry: str, tmp_path: Path) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(f"ARG BASE={registry}/team/base:1.0\n\nFROM ${{BASE}}\n")
    with httpx.Client() as client:
        assert pin([dockerfile], client=client) == {f"{registry}/team/base:1.0": DIGEST}
        assert dockerfile.read_text().splitlines()[0].endswith(f"team/base:1.0@{DIGEST}")
        pin([dockerfile], client=client)
        assert dockerfile.read_text().count("@sha256") == 1
        dockerfile.write_text(f"ARG BASE={registry}/team/other:1.0\n")
        with pytest.raises(RegistryError, match=r"team/other:1\.0"):
            pin([dockerfile], client=client)


def test_every_base_of_the_project_can_be_pinned() -> None:
    for path in ROOT.glob("services/**/Dockerfile"):
        text = path.read_text()
        named = re.findall(r"^ARG [A-Z]+=.*:.*$", text, re.MULTILINE)
        assert len(bases(text)) == len(named) > 0
        assert pinned(text, {}) == text

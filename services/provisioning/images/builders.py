"""Programs that build images, one interface for all; the first that is there is taken."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from services.contracts.images import arguments, dockerfile
from services.provisioning.images.errors import BuilderMissingError, BuildError

_SECONDS: Final = 3600


@dataclass(frozen=True)
class Recipe:
    """What is built, and what it is called.

    Parameters
    ----------
    name : str
        Of the image.
    root : Path
        The project's root, which is the context of every build.
    reference : str
        Repository and tag.
    platforms : sequence of str
        As `linux/amd64`.
    """

    name: str
    root: Path
    reference: str
    platforms: Sequence[str] = ("linux/amd64",)

    @property
    def dockerfile(self) -> Path:
        """What it is built from."""
        return dockerfile(self.root, self.name)

    @property
    def arguments(self) -> list[str]:
        """The build's arguments, as every builder takes them."""
        given = arguments(self.root, self.name)
        return [f"--build-arg={name}={value}" for name, value in given.items()]


@dataclass(frozen=True)
class Credentials:
    """Of a registry; the password is shown nowhere."""

    registry: str
    user: str
    password: str = field(repr=False)


class Builder(Protocol):
    """Builds one image, and pushes it if there are credentials."""

    def build(
        self, recipe: Recipe, scratch: Path, push: Credentials | None, *, insecure: bool = False
    ) -> str | None:
        """Return the digest in the registry, or None without a push.

        `insecure` is for the registry of the local AWS, which has no certificate.
        """


@dataclass(frozen=True)
class Buildx:
    """`docker buildx`, whose daemon builds and pushes."""

    program: str = "docker"

    def build(
        self, recipe: Recipe, scratch: Path, push: Credentials | None, *, insecure: bool = False
    ) -> str | None:
        """Build; with several platforms, push in the same breath as a list cannot be loaded."""
        del insecure  # the daemon takes any registry of 127.0.0.0/8 without a certificate
        metadata = scratch / "metadata.json"
        command = [
            *(self.program, "buildx", "build", "--file", str(recipe.dockerfile)),
            *recipe.arguments,
            *("--platform", ",".join(recipe.platforms), "--tag", recipe.reference),
            *("--provenance=false", "--metadata-file", str(metadata)),
            *(["--push"] if push else ["--load"] if len(recipe.platforms) == 1 else []),
            str(recipe.root),
        ]
        if push is None:
            _run(command)
            return None
        login = [self.program, "login", "--username", push.user, "--password-stdin", push.registry]
        _run(login, given=push.password)
        try:
            _run(command)
        finally:
            _run([self.program, "logout", push.registry])
        return str(json.loads(metadata.read_text())["containerimage.digest"])


@dataclass(frozen=True)
class Buildah:
    """`buildah` and `podman`, which need no daemon and take the same options."""

    program: str = "buildah"

    def build(
        self, recipe: Recipe, scratch: Path, push: Credentials | None, *, insecure: bool = False
    ) -> str | None:
        """Build a list of one image for each platform."""
        listed = recipe.reference
        exists = [self.program, "manifest", "inspect", listed]
        if subprocess.run(exists, capture_output=True, check=False).returncode == 0:
            _run([self.program, "manifest", "rm", listed])
        _run(
            [
                *(self.program, "build", "--file", str(recipe.dockerfile)),
                *recipe.arguments,
                # Health checks are no part of the other format.
                *("--format", "docker", "--ignorefile", str(recipe.root / ".dockerignore")),
                *("--platform", ",".join(recipe.platforms), "--manifest", listed),
                str(recipe.root),
            ]
        )
        if push is None:
            return None
        # Beside the user's own credentials, and gone with the directory.
        keyring = ["--authfile", str(scratch / "auth.json")]
        plain = ["--tls-verify=false"] if insecure else []
        login = ["login", *keyring, *plain, "--username", push.user, "--password-stdin"]
        _run([self.program, *login, push.registry], given=push.password)
        digest = scratch / "digest"
        pushed = ["manifest", "push", "--all", *keyring, *plain, "--digestfile", str(digest)]
        _run([self.program, *pushed, listed, f"docker://{listed}"])
        return digest.read_text().strip()


@dataclass(frozen=True)
class Kaniko:
    """Kaniko's `executor`, which builds inside a container."""

    program: str = "/kaniko/executor"

    def build(
        self, recipe: Recipe, scratch: Path, push: Credentials | None, *, insecure: bool = False
    ) -> str | None:
        """Build for one platform."""
        if len(recipe.platforms) > 1:
            raise BuildError(
                f"{recipe.name}: got platforms {', '.join(recipe.platforms)}; kaniko builds one "
                "at a time"
            )
        digest = scratch / "digest"
        command = [
            *(self.program, "--context", f"dir://{recipe.root}"),
            *("--dockerfile", str(recipe.dockerfile), "--custom-platform", recipe.platforms[0]),
            *recipe.arguments,
        ]
        if push is None:
            _run([*command, "--no-push"])
            return None
        # Kaniko has no login: it reads the file that a login would have written.
        pair = base64.b64encode(f"{push.user}:{push.password}".encode()).decode()
        keyring = {push.registry: {"auth": pair}}
        (scratch / "config.json").touch(mode=0o600)
        (scratch / "config.json").write_text(json.dumps({"auths": keyring}))
        target = ["--destination", recipe.reference, "--digest-file", str(digest)]
        plain = ["--insecure"] if insecure else []
        _run([*command, *target, *plain], environment={"DOCKER_CONFIG": str(scratch)})
        return digest.read_text().strip()


def find_builder(path: str | None = None) -> Builder:
    """Return the first builder of this machine, or raise `BuilderMissingError`.

    Parameters
    ----------
    path : str, optional
        Where programs are looked for; the process's own by default.
    """
    if (docker := shutil.which("docker", path=path)) and _answers([docker, "buildx", "version"]):
        return Buildx(docker)
    for name in ("podman", "buildah"):
        if program := shutil.which(name, path=path):
            return Buildah(program)
    if program := shutil.which("executor", path=f"{path or ''}:/kaniko"):
        return Kaniko(program)
    raise BuilderMissingError(
        "no program that builds images is here: install docker with buildx, podman or buildah, "
        "or run this in kaniko's image"
    )


def _answers(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(
    command: Sequence[str],
    *,
    given: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run to success, or raise `BuildError`; `given` goes to standard input alone."""
    done = subprocess.run(
        command,
        input=given,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **(environment or {})},
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise BuildError(f"{' '.join(command[:3])} failed:\n{done.stdout[-4000:]}")

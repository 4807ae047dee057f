"""What an image of the project would run: read from the Dockerfile it is built from."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import string
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.contracts.images import dockerfile, folder
from services.local_aws.errors import LocalAwsError

_SEGMENT = re.compile(r"^[a-z0-9]+(?:[._-][a-z0-9]+)*$")
_INSTRUCTION = re.compile(r"^\s*(?P<name>[A-Za-z]+)\s+(?P<value>.*\S)\s*$", re.DOTALL)


class ImageNotFoundError(LocalAwsError, LookupError):
    """No Dockerfile of the project makes this image."""


@dataclass(frozen=True)
class Image:
    """The part of an image that says what to run.

    Attributes
    ----------
    entrypoint, command : tuple of str
        In exec form; a shell form has been wrapped as Docker does it.
    environment : mapping
        The image's own variables.
    digest : str
        Of the files the image is built from.
    """

    name: str
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""

    def arguments(
        self, entrypoint: Sequence[str] | None, command: Sequence[str] | None
    ) -> list[str]:
        """Return what is run when a container definition names these.

        An entry point of the container definition discards the image's command, as in Docker.

        Raises
        ------
        ImageNotFoundError
            If neither the image nor the container says what to run.
        """
        if entrypoint:
            arguments = [*entrypoint, *(command or ())]
        else:
            arguments = [*self.entrypoint, *(command or self.command)]
        if not arguments:
            raise ImageNotFoundError(f"{self.name}: neither image nor container names a command")
        return arguments


def service_of(reference: str) -> str:
    """Return the name of the image in this repository.

    Examples
    --------
    >>> service_of("123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme-dev/orders:1.4")
    'orders'
    """
    repository = reference.partition("@")[0]
    segment = repository.rpartition("/")[2].partition(":")[0]
    if not _SEGMENT.match(segment):
        raise ImageNotFoundError(f"image {reference!r}: its repository names no service")
    return segment


def load(reference: str, root: Path) -> Image:
    """Read the image that the last segment of its repository names, in the project at `root`.

    Raises
    ------
    ImageNotFoundError
        If there is no such Dockerfile.
    """
    name = service_of(reference)
    path = dockerfile(root, name)
    try:
        text = path.read_text()
    except OSError as error:
        raise ImageNotFoundError(
            f"image {reference!r}: there is no {folder(name)}/Dockerfile to run it from"
        ) from error
    entrypoint, command, environment = parse(text)
    return Image(name, entrypoint, command, environment, _digest(path.parent))


def parse(text: str) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, str]]:
    """Return ENTRYPOINT, CMD and ENV of a Dockerfile's last stage."""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    for name, value in _instructions(text):
        if name == "FROM":
            entrypoint, command, environment = (), (), {}
        elif name == "ENTRYPOINT":
            entrypoint = _exec_form(value)
        elif name == "CMD":
            command = _exec_form(value)
        elif name == "ENV":
            environment.update(_assignments(value, environment))
    return entrypoint, command, environment


def _instructions(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found = []
    for line in re.sub(r"\\[ \t]*\n", " ", "\n".join(lines)).splitlines():
        if matched := _INSTRUCTION.match(line):
            found.append((matched["name"].upper(), matched["value"]))
    return found


def _exec_form(value: str) -> tuple[str, ...]:
    if value.startswith("["):
        try:
            return tuple(json.loads(value))
        except ValueError:
            pass
    return ("/bin/sh", "-c", value)


def _assignments(value: str, known: Mapping[str, str]) -> dict[str, str]:
    parts = shlex.split(value)
    if parts and "=" not in parts[0]:
        # The old form, `ENV NAME the rest`.
        name, _, rest = value.partition(" ")
        parts = [f"{name}={rest.strip()}"]
    pairs = (part.partition("=") for part in parts)
    # As in Docker, an instruction sees the variables of those before it, and unknown ones empty.
    values = defaultdict(str, known)
    return {name: string.Template(text).safe_substitute(values) for name, _, text in pairs}


def _digest(folder: Path) -> str:
    content = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            content.update(f"{path.relative_to(folder)}\0".encode())
            content.update(hashlib.sha256(path.read_bytes()).digest())
    return f"sha256:{content.hexdigest()}"

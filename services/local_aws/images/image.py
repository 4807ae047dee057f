"""What processes see of an image: its tree, and what it says is run in it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from services.local_aws.images.errors import NoCommandError

#: Where a container may write, whatever its user.
_SCRATCH: Final = "/tmp"  # noqa: S108 - a path inside the image
#: Of the machine's own programs, those that every base image has too.
_SYSTEM: Final = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")


@dataclass(frozen=True)
class Image:
    """An image in the local AWS's home.

    Attributes
    ----------
    digest : str
        Of its configuration, which names the digest of its files.
    tree : Path
        Its files.
    entrypoint, command : tuple of str
        In exec form.
    environment : mapping
        The image's own variables, as it says them.
    directory : str
        WORKDIR, as it says it.
    """

    digest: str
    tree: Path
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: str = "/"
    user: str = ""
    health: tuple[str, ...] = ()

    @classmethod
    def read(cls, digest: str, config: str, tree: Path) -> Image:
        """Read the image's configuration, in OCI's form."""
        said: dict[str, Any] = json.loads(config)["config"]
        return cls(
            digest,
            tree,
            tuple(said.get("Entrypoint") or ()),
            tuple(said.get("Cmd") or ()),
            dict(entry.split("=", 1) for entry in said.get("Env") or ()),
            said.get("WorkingDir") or "/",
            said.get("User") or "",
            tuple((said.get("Healthcheck") or {}).get("Test") or ())[1:],
        )

    def arguments(
        self, entrypoint: Sequence[str] | None = None, command: Sequence[str] | None = None
    ) -> list[str]:
        """Return what is run when a container definition names these, as paths of this machine.

        An entry point of the container definition discards the image's command, as in Docker.

        Raises
        ------
        NoCommandError
            If neither the image nor the container says what to run.
        """
        if entrypoint:
            arguments = [*entrypoint, *(command or ())]
        else:
            arguments = [*self.entrypoint, *(command or self.command)]
        if not arguments:
            raise NoCommandError("neither image nor container names a command")
        return [self._translated(word, None) for word in arguments]

    def variables(self, scratch: Path | None = None) -> dict[str, str]:
        """Return the image's variables, as paths of this machine.

        Parameters
        ----------
        scratch : Path, optional
            What a container's `/tmp` is.
        """
        found = {
            name: ":".join(self._translated(part, scratch) for part in value.split(":"))
            if value.startswith("/")
            else value
            for name, value in self.environment.items()
        }
        path = self.environment.get("PATH", os.defpath)
        own = [str(place) for part in path.split(":") if (place := self._own(part)).is_dir()]
        # What is below /usr/local is the machine's own, and in no image.
        system = [part for part in path.split(":") if part in _SYSTEM]
        return {**found, "PATH": ":".join([*own, *system])}

    @property
    def working_directory(self) -> Path:
        """WORKDIR, on this machine."""
        return self._own(self.directory)

    @property
    def python(self) -> Path | None:
        """The image's interpreter; it sees what the image installs and nothing else."""
        own = self._own("/usr/local/bin/python")
        return own if own.exists() else None

    def _own(self, path: str) -> Path:
        return self.tree / path.lstrip("/")

    def _translated(self, text: str, scratch: Path | None) -> str:
        if not text.startswith("/"):
            return text
        if scratch is not None and (text == _SCRATCH or text.startswith(f"{_SCRATCH}/")):
            return f"{scratch}{text[len(_SCRATCH) :]}"
        own = self._own(text)
        return (
            str(own)
            if text != "/" and "\n" not in text and len(text) < 1024 and own.exists()
            else text
        )

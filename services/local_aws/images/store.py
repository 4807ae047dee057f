"""The images of one local AWS on disk: each laid out once, in a folder that its digest names."""

from __future__ import annotations

import compileall
import hashlib
import json
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.local_aws.images.image import Image
from services.local_aws.images.layer import Layer

_MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class ImageStore:
    """Where images are laid out.

    Parameters
    ----------
    home : Path
        Of the local AWS; what is below `images` is removed with it.
    """

    home: Path

    def add(self, layer: Layer) -> Image:
        """Return the image that a build's last stage makes; it is written unless it is there."""
        config = _config(layer)
        digest = f"sha256:{hashlib.sha256(config.encode()).hexdigest()}"
        if (known := self.get(digest)) is not None:
            return known
        place = self._place(digest)
        draft = place.with_name(f"{place.name}.{os.getpid()}.tmp")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        layer.tree.write(draft / "tree")
        (draft / "tree" / layer.directory.relative_to("/")).mkdir(parents=True, exist_ok=True)
        (draft / "config.json").write_text(config)
        for folder in layer.compiled:
            where = draft / "tree" / folder.relative_to("/")
            # As its path will be, or a traceback would name one that is gone.
            compileall.compile_dir(
                where,
                quiet=1,
                stripdir=str(draft),
                prependdir=str(place),
            )
        try:
            draft.rename(place)
        except OSError:  # another build was faster
            shutil.rmtree(draft, ignore_errors=True)
        return Image.read(digest, config, place / "tree")

    def get(self, digest: str) -> Image | None:
        """Return an image by the digest of its configuration; None if it is not here."""
        place = self._place(digest)
        try:
            config = (place / "config.json").read_text()
        except OSError:
            return None
        return Image.read(digest, config, place / "tree")

    def config(self, digest: str) -> str:
        """Return an image's configuration: the text whose digest it has."""
        return (self._place(digest) / "config.json").read_text()

    def _place(self, digest: str) -> Path:
        return self.home.resolve() / "images" / digest.removeprefix("sha256:")[:24]


def _config(layer: Layer) -> str:
    """Return the configuration in OCI's form [1]_; its one layer is the listing of the files.

    .. [1] https://github.com/opencontainers/image-spec/blob/main/config.md
    """
    listing = json.dumps(dict(layer.tree.listing()), indent=0)
    machine = platform.machine()
    said: dict[str, Any] = {
        "Env": [f"{name}={value}" for name, value in layer.environment.items()],
        "Entrypoint": list(layer.entrypoint) or None,
        "Cmd": list(layer.command) or None,
        "WorkingDir": str(layer.directory),
        "User": layer.user,
        "ExposedPorts": {f"{port}/tcp": {} for port in layer.ports},
        "Healthcheck": {"Test": ["CMD", *layer.health]} if layer.health else None,
    }
    return json.dumps(
        {
            "architecture": _MACHINES.get(machine, machine),
            "os": "linux",
            "config": {name: value for name, value in said.items() if value},
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{hashlib.sha256(listing.encode()).hexdigest()}"],
            },
        },
        indent=2,
    )

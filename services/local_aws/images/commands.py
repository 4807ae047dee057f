"""The commands that RUN may name here: each does what it would do in a build, or says it cannot."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Final

from constructs_lib.errors import ConfigError
from constructs_lib.images.contents import contents
from constructs_lib.images.requirements import UnlockedError, subset
from services.local_aws.images.bases import LIBRARY
from services.local_aws.images.context import Context
from services.local_aws.images.dockerfile import Instruction, substituted
from services.local_aws.images.layer import Layer, Machine
from services.local_aws.images.tree import File, Link, Tree

_PINNED: Final = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>[^\s;\\]+)(?P<rest>.*)"
)
_DOWNLOADED: Final = re.compile(r"urlretrieve\(\s*'(?P<url>[^']+)',\s*'(?P<file>[^']+)'\)")
_LOCKED: Final = re.compile(
    r"^for module in (?P<modules>/\S+)/\*/; do terraform -chdir=\"\$module\" providers lock"
    r" -fs-mirror=(?P<mirror>/\S+) -platform=\"\S+\"; done$"
)


@dataclass
class Running:
    """One RUN in a stage."""

    instruction: Instruction
    layer: Layer
    context: Context
    machine: Machine

    def run(self) -> None:
        """Carry out every command of the instruction, in order."""
        for command in self.instruction.value.split(" && "):
            self._one(command.strip())

    def _one(self, command: str) -> None:
        if locked := _LOCKED.match(command):
            self._providers_lock(locked["modules"], locked["mirror"])
            return
        words = shlex.split(substituted(command, self.layer.known))
        for known, handler in self._handlers():
            if tuple(words[: len(known)]) == known:
                handler(words[len(known) :])
                return
        allowed = ", ".join(" ".join(known) for known, _ in self._handlers())
        raise self._fail(f"got {command[:60]!r}; allowed here {allowed}")

    def _handlers(self) -> Sequence[tuple[tuple[str, ...], Callable[[list[str]], None]]]:
        return (
            (("python", "-m", "constructs_lib.images.contents"), self._contents),
            (("python", "-m", "constructs_lib.images.requirements"), self._requirements),
            (("python", "-m", "compileall", "-q"), self._compile),
            (("python", "-c"), self._download),
            (("pip", "install"), self._install),
            (("mkdir", "-p"), lambda _: None),  # a folder is there with its first file
            (("useradd",), lambda _: None),
            (("terraform",), self._providers_mirror),
        )

    def _fail(self, problem: str) -> Exception:
        return self.instruction.fail(problem)

    def _contents(self, words: list[str]) -> None:
        """Derive what the image holds; all of it must have been copied into the stage."""
        (lock, folder, *modules), output = self._redirected(words)
        try:
            found = contents(self.context.root, self._read(lock), modules)
            requirements = subset(self._read(lock), found.distributions)
        except ConfigError as error:
            raise self._fail(str(error)) from error
        for file in found.files:
            entry = self.layer.tree.get(self.layer.place(file.as_posix()))
            if entry is None:
                raise self._fail(f"{file} is needed, and no COPY of this stage brings it")
            self.layer.tree.put(self.layer.place(folder) / file.as_posix(), entry)
        self.layer.tree.put(self.layer.place(output), File(requirements.encode()))

    def _requirements(self, words: list[str]) -> None:
        (lock, *distributions), output = self._redirected(words)
        try:
            text = subset(self._read(lock), distributions)
        except UnlockedError as error:
            raise self._fail(str(error)) from error
        self.layer.tree.put(self.layer.place(output), File(text.encode()))

    def _compile(self, words: list[str]) -> None:
        self.layer.compiled += [self.layer.place(word) for word in words]

    def _download(self, words: list[str]) -> None:
        found = _DOWNLOADED.search(" ".join(words))
        if found is None:
            raise self._fail(f"got python -c {words[0][:60]!r}; allowed here urlretrieve")
        text = f"A stand-in: a build has {found['url']} here.\n"
        self.layer.tree.put(found["file"], File(text.encode()))

    def _install(self, words: list[str]) -> None:
        """Link the distributions that are installed here, at the versions of the requirements."""
        options = dict(word.lstrip("-").partition("=")[::2] for word in words)
        requirement = options.get("requirement")
        if requirement is None or not {"prefix", "target"} & options.keys():
            raise self._fail("pip install: allowed --requirement=FILE with --prefix= or --target=")
        if "target" in options:
            library = PurePosixPath(options["target"])
        else:
            library = PurePosixPath(options["prefix"], LIBRARY)
        for line in self._read(requirement).splitlines():
            if pinned := _PINNED.match(line):
                self._link(pinned["name"], pinned["version"], library, ";" in pinned["rest"])

    def _link(self, name: str, version: str, library: PurePosixPath, maybe: bool) -> None:
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            if maybe:  # its marker is for another platform
                return
            raise self._fail(f"{name}=={version} is not installed here: run `make venv`") from None
        if distribution.version != version:
            raise self._fail(
                f"{name}: got {distribution.version} installed here; allowed {version}, the lock "
                "file's: run `make venv`"
            )
        what = f"{name}=={version}"
        for part in _parts(distribution):
            self.layer.tree.put(
                library / part, Link(Path(str(distribution.locate_file(part))), what)
            )

    def _providers_mirror(self, words: list[str]) -> None:
        if words[1:3] != ["providers", "mirror"]:
            raise self._fail(f"got terraform {' '.join(words)}; allowed here providers mirror")
        if self.machine.providers is None:
            raise self._fail(
                "no directory of this machine has Terraform's AWS provider: apply the platform "
                "first, which downloads it"
            )
        link = Link(self.machine.providers, "providers of Terraform")
        self.layer.tree.put(self.layer.place(words[-1]), link)

    def _providers_lock(self, modules: str, mirror: str) -> None:
        """Check that there is what would be locked; `init` writes the lock files here."""
        tree: Tree = self.layer.tree
        if tree.get(PurePosixPath(mirror)) is None:
            raise self._fail(f"{mirror}: no provider was mirrored there")
        if next(tree.below(PurePosixPath(modules)), None) is None:
            raise self._fail(f"{modules}: there is no root module")

    def _redirected(self, words: list[str]) -> tuple[list[str], str]:
        if len(words) < 3 or words[-2] != ">":
            raise self._fail("allowed with `> FILE` at its end")
        return words[:-2], words[-1]

    def _read(self, path: str) -> str:
        text = self.layer.tree.text(self.layer.place(path))
        if text is None:
            raise self._fail(f"{path}: the stage has no such file")
        return text


def _parts(distribution: metadata.Distribution) -> Iterator[str]:
    """Yield what of a distribution is linked: its packages whole, of shared folders each file."""
    files = [
        file for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")
    ]
    packages = {file.parts[0] for file in files if file.parts[1:] == ("__init__.py",)}
    seen: set[str] = set()
    for file in files:
        first = file.parts[0]
        whole = first in packages or first.endswith((".dist-info", ".libs"))
        part = first if whole else file.as_posix()
        if part not in seen and "__pycache__" not in part:
            seen.add(part)
            yield part

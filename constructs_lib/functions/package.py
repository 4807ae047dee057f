"""The code of Lambda functions as one zip that is the same whenever its content is. Pure Python."""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Final

from constructs_lib.errors import ConfigError
from constructs_lib.functions.closure import import_closure
from constructs_lib.sequences import takes_sequences

RUNTIME: Final = f"python{sys.version_info.major}.{sys.version_info.minor}"
"""That of the machine that synthesises: compiled dependencies are made for one version."""

_SUFFIXES = frozenset({".py", ".json"})
_PYTHON_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
# The epoch of the zip format: the time of a build is not part of what was built.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODE = 0o644 << 16


class Architecture(StrEnum):
    """Which processor a function runs on; compiled dependencies are packaged for it.

    `HOST` is the one of the machine that synthesises: what is installed there is packaged, and
    nothing is downloaded. It runs on that machine; Lambda has another operating system.
    """

    HOST = "host"
    ARM64 = "arm64"
    X86_64 = "x86_64"

    @property
    def lambda_name(self) -> str:
        """The name that Lambda has for it."""
        if self is not Architecture.HOST:
            return self.value
        return "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"

    @property
    def wheel_platform(self) -> str:
        """The platform of wheels that run on it."""
        machine = "aarch64" if self.lambda_name == "arm64" else "x86_64"
        return f"manylinux2014_{machine}"


@takes_sequences
@dataclass(frozen=True)
class CodePackage:
    """Files of this project, and the distributions that they import.

    Parameters
    ----------
    root : Path
        Where the import root of the files is.
    modules : sequence of str
        Modules and packages below `root`, as `shop.orders`. What they import of the project is
        taken too; see `import_closure`.
    folders : sequence of Path, optional
        Further import roots, all of whose Python and JSON files are taken.
    distributions : sequence of str, optional
        Names of installed distributions, each one named: nothing follows by itself. The version
        that is installed is the one that is packaged; of those with compiled parts, the wheel for
        `architecture` is downloaded.
    architecture : Architecture, default HOST
    packages : sequence of str, optional
        The top-level packages of the project, where `root` holds others too; see `import_closure`.

    Raises
    ------
    ConfigError
        If modules or folders do not exist, a folder would replace a file of the project, or
        distributions are not installed; all of them in one error.
    """

    root: Path
    modules: Sequence[str]
    folders: Sequence[Path] = ()
    distributions: Sequence[str] = ()
    architecture: Architecture = Architecture.HOST
    packages: Sequence[str] = ()

    def __post_init__(self) -> None:
        problems: list[str] = []
        own: set[str] = set()
        try:
            own = {file.parts[0] for file in import_closure(self.root, self.modules, self.packages)}
        except ConfigError as error:
            problems += error.problems
        problems += [
            f"folder: got {folder}; allowed folders that exist"
            for folder in self.folders
            if not folder.is_dir()
        ]
        problems += [
            f"folder: got {each} in {folder}; allowed names that the project's own code has not"
            for folder in self.folders
            for each in sorted({name.partition("/")[0] for name, _ in _python_below(folder)} & own)
        ]
        problems += [
            f"distribution: got {name!r}; allowed those that are installed"
            for name in self.distributions
            if _version(name) is None
        ]
        if problems:
            raise ConfigError(problems)

    def build(self, directory: Path) -> Path:
        """Return the zip in `directory`, made there unless the same one exists."""
        files = self._files(directory)
        digest = hashlib.sha256()
        for name, file in files.items():
            digest.update(f"{name}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        path = directory / digest.hexdigest()[:32] / "code.zip"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".tmp")
            with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                for name, file in files.items():
                    entry = zipfile.ZipInfo(name, _EPOCH)
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    entry.external_attr = _MODE
                    archive.writestr(entry, file.read_bytes())
            draft.replace(path)
        return path

    def _files(self, directory: Path) -> Mapping[str, Path]:
        found = dict(self._own_files())
        for distribution in self.distributions:
            if self.architecture is Architecture.HOST or _is_pure(distribution):
                found |= dict(_installed_files(distribution))
            else:
                found |= dict(_code_below(self._download(distribution, directory)))
        return dict(sorted(found.items()))

    def _own_files(self) -> Iterator[tuple[str, Path]]:
        for file in import_closure(self.root, self.modules, self.packages):
            yield file.as_posix(), self.root / file
        for folder in self.folders:
            yield from _python_below(folder)

    def _download(self, name: str, directory: Path) -> Path:
        """Return the unpacked wheel of the installed version for another architecture."""
        version = _version(name)
        target = directory / "wheels" / self.architecture.lambda_name / f"{name}-{version}"
        if target.is_dir():
            return target
        draft = target.with_name(f"{target.name}.tmp")
        shutil.rmtree(draft, ignore_errors=True)  # of a synthesis that was killed
        command = [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-compile", "--only-binary=:all:", "--target", str(draft)),
            *("--platform", self.architecture.wheel_platform, "--python-version", _PYTHON_VERSION),
            f"{name}=={version}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode != 0:
            raise ConfigError(
                f"distribution {name}=={version}: no wheel for {self.architecture.wheel_platform}: "
                f"{done.stderr.strip()[-500:]}"
            )
        draft.rename(target)
        return target


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _python_below(directory: Path) -> Iterator[tuple[str, Path]]:
    for file in directory.rglob("*"):
        if file.suffix in _SUFFIXES and "__pycache__" not in file.parts:
            yield file.relative_to(directory).as_posix(), file


def _is_pure(name: str) -> bool:
    """Whether a distribution has no compiled parts, and is the same on every processor."""
    return "Root-Is-Purelib: true" in (metadata.distribution(name).read_text("WHEEL") or "")


def _installed_files(name: str) -> Iterator[tuple[str, Path]]:
    for entry in metadata.distribution(name).files or ():
        if _is_code(entry.as_posix()):
            yield entry.as_posix(), Path(str(entry.locate()))


def _code_below(directory: Path) -> Iterator[tuple[str, Path]]:
    for file in directory.rglob("*"):
        relative = file.relative_to(directory).as_posix()
        if file.is_file() and _is_code(relative):
            yield relative, file


def _is_code(name: str) -> bool:
    """Whether a file of a distribution is needed when it is imported."""
    return not (
        name.startswith(("..", "bin/"))
        or ".dist-info/" in name
        or "__pycache__" in name
        or name.endswith((".pyi", ".pyc", "/py.typed"))
    )

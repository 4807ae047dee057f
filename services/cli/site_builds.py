"""Building the consoles' sites on this machine, where they have changed."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from services.provisioning.errors import PreconditionError
from services.provisioning.sites import NAMES, PAGE, SiteBuildError

_MADE: Final = frozenset({"node_modules", "dist", "build", "generated"})
_LAST_LINES: Final = 30


def consoles_folder() -> Path | None:
    """Return the folder of the consoles, beside this package; None where it has none."""
    spec = find_spec("services")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "consoles"
        if folder.is_dir():
            return folder
    return None


def dist_of(folder: Path, site: str) -> Path:
    """Return where the build of a site is."""
    return folder / site / "dist"


def is_built(folder: Path) -> bool:
    """Whether every site is built, from what is there now."""
    pages = [dist_of(folder, site) / PAGE for site in NAMES]
    if not all(page.is_file() for page in pages):
        return False
    built = min(page.stat().st_mtime for page in pages)
    return all(source.stat().st_mtime <= built for source in _sources(folder))


def build(folder: Path) -> bool:
    """Install what the lock file names and build all sites, unless nothing changed.

    Returns
    -------
    bool
        Whether anything was built.

    Raises
    ------
    PreconditionError
        If there is no npm and something to build.
    SiteBuildError
    """
    if is_built(folder) or not (folder / "package.json").is_file():
        return False
    with (folder / "package.json").open() as mine:
        fcntl.flock(mine, fcntl.LOCK_EX)  # one at a time; who waited finds it done
        return not is_built(folder) and _build(folder)


def _build(folder: Path) -> bool:
    npm = shutil.which("npm")
    if npm is None:
        raise PreconditionError(
            "the consoles are built by npm, and there is none on PATH: install Node.js 20 or newer"
        )
    lock, installed = folder / "package-lock.json", folder / "node_modules/.package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        _run(folder, npm, "ci", "--no-audit", "--no-fund")
    _run(folder, npm, "run", "build")
    return True


def _run(folder: Path, npm: str, *arguments: str) -> None:
    done = subprocess.run(
        [npm, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-_LAST_LINES:])
        raise SiteBuildError(f"npm {' '.join(arguments)} in {folder} failed:\n{said}")


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _MADE:
            continue
        if path.is_dir():
            yield from _sources(path)
        else:
            yield path

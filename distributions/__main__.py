"""`python -m distributions dist`: a wheel and an sdist of each distribution.

Each is built from a copy that holds what belongs to it and nothing else. So what is left over in
the checkout reaches no wheel, setuptools leaves nothing in the checkout, and `modules`, which no
wheel may have on its top level, is inside `services` there.
"""

from __future__ import annotations

import argparse
import configparser
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
_NEVER: Final = shutil.ignore_patterns("__pycache__", "*.pyc", ".terraform*", "*.egg-info")
CONSOLES: Final = "services/consoles"
"""Of the consoles a wheel has what was built of them: `<site>/dist`, or nothing."""


@dataclass(frozen=True)
class Distribution:
    """What a distribution is made of.

    Parameters
    ----------
    name : str
    settings : str
        Its setup.cfg, relative to the repository.
    readme : str
        Its description, relative to the repository.
    folders : mapping of str to str
        Folders of the repository, and where each one is in the distribution.
    requires : sequence of str, optional
        Further distributions of ours, of the same version.
    """

    name: str
    settings: str
    readme: str
    folders: Mapping[str, str]
    requires: tuple[str, ...] = ()


CONSTRUCTS: Final = Distribution(
    name="ecs-saas-constructs",
    settings="distributions/constructs.cfg",
    readme="constructs_lib/README.md",
    folders={"constructs_lib": "constructs_lib"},
)
SYSTEM: Final = Distribution(
    name="ecs-saas-cdktf",
    settings="setup.cfg",
    readme="README.md",
    folders={"tiers": "tiers", "services": "services", "modules": "services/modules"},
    requires=(CONSTRUCTS.name,),
)


def build(distribution: Distribution, outdir: Path) -> None:
    """Write the wheel and the sdist of a distribution to `outdir`."""
    with tempfile.TemporaryDirectory(prefix="ecs-saas-wheel-") as temporary:
        source = Path(temporary)
        stage(distribution, source)
        subprocess.run(
            [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(outdir), str(source)],
            stdout=subprocess.DEVNULL,
            check=True,
        )


def stage(distribution: Distribution, directory: Path) -> None:
    """Write the sources of a distribution to `directory`."""
    for folder, place in distribution.folders.items():
        shutil.copytree(ROOT / folder, directory / place, ignore=_left_out)
    tops = sorted({place.partition("/")[0] for place in distribution.folders.values()})
    grafts = "".join(f"graft {top}\n" for top in tops)
    (directory / "MANIFEST.in").write_text(grafts, encoding="utf-8")
    for file in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / file, directory)
    shutil.copy(ROOT / distribution.readme, directory / "README.md")
    with (directory / "setup.cfg").open("w", encoding="utf-8") as written:
        settings(distribution).write(written)


def _left_out(directory: str, names: list[str]) -> set[str]:
    place = Path(directory)
    left = set(_NEVER(directory, names))
    if place == ROOT / CONSOLES:
        left.update(name for name in names if not (place / name / "dist").is_dir())
    elif place.parent == ROOT / CONSOLES:
        left.update(name for name in names if name != "dist")
    return left


def settings(distribution: Distribution) -> configparser.RawConfigParser:
    """Return a distribution's setup.cfg: with the one version, and what it needs of ours."""
    own = _read(distribution.settings)
    version = _read("setup.cfg")["metadata"]["version"]
    own["metadata"]["version"] = version
    # Folders of data, as `events/schemas`, are packages to setuptools too, which says so at length.
    own["options"]["packages"] = "find_namespace:"
    own["options"]["install_requires"] += "".join(
        f"\n{name}=={version}" for name in distribution.requires
    )
    return own


def _read(name: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read(ROOT / name, encoding="utf-8")
    return parser


def main() -> int:
    """Build both."""
    parser = argparse.ArgumentParser(prog="python -m distributions", description=__doc__)
    parser.add_argument("outdir", type=Path)
    outdir = parser.parse_args().outdir.absolute()
    for distribution in (CONSTRUCTS, SYSTEM):
        build(distribution, outdir)
    sys.stdout.write("".join(f"{each}\n" for each in sorted(outdir.iterdir())))
    return 0


if __name__ == "__main__":
    sys.exit(main())

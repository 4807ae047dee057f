"""The wheel of the constructs: what is in it, and what it needs."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from distributions.__main__ import CONSTRUCTS, SYSTEM, Distribution
from tests.wheels.conftest import ROOT, wheel_of
from tests.wheels.environment import Environment


@pytest.mark.parametrize(
    ("distribution", "tops"),
    [(CONSTRUCTS, {"constructs_lib"}), (SYSTEM, {"services", "tiers"})],
    ids=lambda value: value.name if isinstance(value, Distribution) else "",
)
def test_nothing_else_is_on_the_top_level(
    dist: Path, distribution: Distribution, tops: set[str]
) -> None:
    with zipfile.ZipFile(wheel_of(dist, distribution)) as wheel:
        found = {name.partition("/")[0] for name in wheel.namelist()}
    assert {name for name in found if not name.endswith(".dist-info")} == tops


@pytest.mark.parametrize("distribution", [CONSTRUCTS, SYSTEM], ids=lambda each: each.name)
def test_every_file_of_the_checkout_is_in_it(dist: Path, distribution: Distribution) -> None:
    with zipfile.ZipFile(wheel_of(dist, distribution)) as wheel:
        names = set(wheel.namelist())
    for folder, place in distribution.folders.items():
        for file in (ROOT / folder).rglob("*"):
            # Of the consoles a wheel has what was built of them.
            if not file.is_file() or file.is_relative_to(ROOT / "services/consoles"):
                continue
            if not {"__pycache__", ".terraform"} & set(file.parts):
                own = f"{place}/{file.relative_to(ROOT / folder).as_posix()}"
                assert own in names or file.name.startswith(".terraform"), own


def test_an_sdist_is_beside_each_wheel(dist: Path) -> None:
    assert len(list(dist.glob("*.tar.gz"))) == len(list(dist.glob("*.whl"))) == 2


def test_every_module_is_imported(constructs: Environment, tmp_path: Path) -> None:
    program = (
        "import pkgutil, importlib, constructs_lib\n"
        "for each in pkgutil.walk_packages(constructs_lib.__path__, 'constructs_lib.'):\n"
        "    importlib.import_module(each.name)\n"
        "for name in constructs_lib.__all__:\n"
        "    getattr(constructs_lib, name)\n"
        "print(constructs_lib.__file__)\n"
    )
    done = constructs.run("python", "-c", program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(constructs.directory)


@pytest.mark.parametrize("name", ["fastapi", "psycopg", "boto3", "pydantic", "services", "tiers"])
def test_nothing_of_the_system_comes_with_it(
    constructs: Environment, tmp_path: Path, name: str
) -> None:
    done = constructs.run("python", "-c", f"import {name}", cwd=tmp_path)
    assert "ModuleNotFoundError" in done.stderr

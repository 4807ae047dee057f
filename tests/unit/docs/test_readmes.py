"""A few lines in each package: what comes in, what goes out, where to start."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.docs.page import quoted
from tests.unit.docs.source import ROOT, classes

TOPS = ("constructs_lib", "services", "tiers", "tests")
LONGEST = 15

PACKAGES = [
    folder
    for top in TOPS
    for folder in [ROOT / top, *sorted((ROOT / top).iterdir())]
    if (folder / "__init__.py").exists() or folder.name in TOPS
]
COMMANDS = {"make", "pytest", "ecs-saas", "terraform", "validate"}


def _told(folder: Path) -> str:
    readme = folder / "README.md"
    assert readme.exists(), f"{folder.relative_to(ROOT)} has no README.md"
    return readme.read_text()


def _is_there(name: str, folder: Path) -> bool:
    """Whether a name stands for a file, a folder, a class or a target of the Makefile."""
    if name.partition(" ")[0] == "make":
        target = re.escape(name.partition(" ")[2])
        return re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M) is not None
    if name.partition(" ")[0] in COMMANDS:
        return True
    if re.fullmatch(r"[A-Z]\w+", name):
        tests = (file.read_text() for file in folder.glob("*.py")) if "tests" in str(folder) else ()
        return any(each.name == name for each in classes()) or any(
            f"class {name}" in text for text in tests
        )
    return any((place / name).exists() for place in (folder, folder.parent, ROOT))


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda each: str(each.relative_to(ROOT)))
def test_a_package_says_what_it_is_in_a_few_lines(folder: Path) -> None:
    told = _told(folder)

    assert len(told.splitlines()) <= LONGEST
    for word in ("In:", "Out:"):
        assert word in told.split()
    assert [name for name in quoted(told) if not _is_there(name, folder)] == []
    assert re.search(r"[Ss]tart\s+(with|there)|is in `", told), "it does not say where to start"


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda each: str(each.relative_to(ROOT)))
def test_it_does_not_say_the_docstring_again(folder: Path) -> None:
    source = folder / "__init__.py"
    first = source.read_text().partition('"""')[2].partition('"""')[0].splitlines()[:1]

    assert not first or not first[0] or first[0].rstrip(".") not in _told(folder)

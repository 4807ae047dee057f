"""Which patches of the emulator could be offered to it as they are: its README says so."""

from __future__ import annotations

import re

import pytest

from tests.unit.docs.source import ROOT, imported

PATCHES = ROOT / "services" / "local_aws" / "patches"
README = (PATCHES / "README.md").read_text()
TOOLS = {"registry", "query", "state"}
OURS = re.compile(r"tenant|silo|onboard|offboard|ecs.?saas|\bour|this system|SBT", re.I)


def _listed(title: str) -> set[str]:
    part = README.partition(f"## {title}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| `")]
    return {name for line in lines for name in re.findall(r"`([^`]+)`", line.split("|")[1])}


UPSTREAMABLE = _listed("Upstreamable")


def test_every_patch_is_in_one_list_and_every_list_is_of_patches() -> None:
    both = [*UPSTREAMABLE, *_listed("Ours")]
    modules = {
        str(file.relative_to(PATCHES))
        for file in PATCHES.rglob("*.py")
        if file.name != "__init__.py" and file.stem not in TOOLS
    }
    covered = {name for name in modules for each in both if f"{name}/".startswith(f"{each}/")}

    assert modules - covered == set(), "say in the README whether any user would want it"
    assert len(set(both)) == len(both)
    assert [name for name in both if not (PATCHES / name).exists()] == []


@pytest.mark.parametrize("name", sorted(UPSTREAMABLE))
def test_an_upstreamable_patch_has_no_word_of_ours(name: str) -> None:
    lines = (PATCHES / name).read_text().splitlines()

    assert [line for line in lines if OURS.search(line)] == []


@pytest.mark.parametrize("name", sorted(UPSTREAMABLE))
def test_an_upstreamable_patch_stands_on_the_tools_and_its_neighbours(name: str) -> None:
    home = "services.local_aws.patches"
    allowed = {f"{home}.{each}" for each in TOOLS}
    allowed |= {f"{home}.{each.removesuffix('.py').replace('/', '.')}" for each in UPSTREAMABLE}
    ours = {each for each in imported(PATCHES / name) if each.split(".")[0] == "services"}
    # `from a.b import c` counts as `a.b` and `a.b.c`.
    strange = {
        each
        for each in ours - {home}
        if each not in allowed and each.rpartition(".")[0] not in allowed
    }

    assert strange == set()

"""The page of the architecture, read as its tables."""

from __future__ import annotations

import re
from functools import cache

from tests.unit.docs.source import ROOT

PAGE = ROOT / "docs" / "architecture.md"


@cache
def text() -> str:
    """Return the page."""
    return PAGE.read_text()


def section(title: str) -> str:
    """Return what stands under a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(title)}$(.*?)(?=^#|\Z)", text(), re.M | re.S)
    assert found, f"{PAGE.name} has no section {title!r}"
    return found[1]


def rows(title: str) -> list[list[str]]:
    """Return the cells of a section's table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def quoted(cell: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`\n]+)`", cell)

"""Markdown of values that anybody may have chosen: nothing in them is markup, or hides."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from services.provisioning.review.difference import Leaf, Special

_RUNS = re.compile("`+")


def clean(value: str) -> str:
    """Return a text in which every character is seen: no line ends, no change of direction."""
    if value.isprintable():
        return value
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape", "replace").decode()
        for each in value
    )


def clipped(value: str, longest: int | None) -> str:
    """Return a text of at most so many characters, and how many more there are."""
    if longest is None or len(value) <= longest:
        return value
    return f"{value[:longest]}… ({len(value) - longest} more characters)"


def code(value: str, longest: int | None = 200) -> str:
    """Return a code span, which ends where it should whatever is in it."""
    value = clean(clipped(value, longest)) or "(empty)"
    runs = {len(run) for run in _RUNS.findall(value)}
    fence = "`" * next(size for size in range(1, len(runs) + 2) if size not in runs)
    pad = " " if value[0] in "` " or value[-1] in "` " else ""
    return f"{fence}{pad}{value}{pad}{fence}"


def prose(value: str, longest: int | None = 400) -> str:
    """Return a sentence in which nothing is markup, a mention or a link."""
    value = (
        clean(clipped(value, longest)).replace("@", "@\N{ZERO WIDTH SPACE}").replace("://", ":\\//")
    )
    return re.sub(r"([\\`*_{}\[\]()<>#+|~&!-])", r"\\\1", value)


def block(lines: Iterable[str], language: str) -> str:
    """Return a fenced block, which ends where it should whatever is in it."""
    text = "\n".join(lines)
    longest = max((len(run) for run in _RUNS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def shown(value: Any) -> str:
    """Return a leaf's value as one line."""
    if isinstance(value, Special):
        return value.value
    return json.dumps(value, ensure_ascii=False)


def leaf_lines(leaf: Leaf, longest: int | None) -> Iterable[str]:
    """Yield the lines of a leaf in a block of the language `diff`."""
    path, before, after = leaf
    name = clean(clipped(path, longest))
    for sign, value in (("-", before), ("+", after)):
        if value is not Special.ABSENT:
            yield f"{sign} {name}: {clean(clipped(shown(value), longest))}".rstrip()

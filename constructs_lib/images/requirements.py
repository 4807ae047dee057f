"""What an image installs: from the lock file, some distributions and all that they need.

python -m constructs_lib.images.requirements requirements.lock boto3 > requirements.txt
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from constructs_lib.errors import ConfigError

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?==")
_SEPARATORS = re.compile(r"[-_.]+")


class UnlockedError(ConfigError):
    """Distributions are wanted that the lock file does not have."""


@dataclass(frozen=True)
class Pin:
    """One distribution of the lock file.

    Parameters
    ----------
    text : str
        Version, marker and hashes, as pip reads them.
    wanted_by : frozenset of str
        The distributions that need it.
    """

    text: str
    wanted_by: frozenset[str]


def pins(lock: str) -> Mapping[str, Pin]:
    """Return the distributions of a lock file that names who needs each (`# via`)."""
    found: dict[str, Pin] = {}
    name = ""
    lines: list[str] = []
    reasons: list[str] = []

    def keep() -> None:
        if name:
            found[name] = Pin("\n".join(lines), frozenset(reasons))

    for line in lock.splitlines():
        if matched := _PIN.match(line):
            keep()
            name, lines, reasons = normal(matched["name"]), [line], []
        elif line.lstrip().startswith("#"):
            reason = line.lstrip().lstrip("#").strip().removeprefix("via").strip()
            reasons += [normal(reason.partition(" ")[0])] if reason else []
        elif line.strip():
            lines.append(line)
    keep()
    return found


def subset(lock: str, wanted: Iterable[str]) -> str:
    """Return the part of the lock file that `wanted` and what they need are in.

    Raises
    ------
    UnlockedError
        If some are not in it: naming each.
    """
    known = pins(lock)
    chosen = {normal(name) for name in wanted}
    if missing := sorted(chosen - known.keys()):
        raise UnlockedError(
            f"distributions: got {', '.join(missing)}; allowed those of the lock file, so add "
            "them to setup.cfg and run `make lock`"
        )
    while True:
        needed = {name for name, pin in known.items() if pin.wanted_by & chosen} - chosen
        if not needed:
            return "".join(f"{known[name].text}\n" for name in sorted(chosen))
        chosen |= needed


def normal(name: str) -> str:
    """Return the name as indexes compare it.

    >>> normal("typing_extensions")
    'typing-extensions'
    """
    return _SEPARATORS.sub("-", name).lower()


if __name__ == "__main__":
    try:
        sys.stdout.write(subset(Path(sys.argv[1]).read_text(encoding="utf-8"), sys.argv[2:]))
    except UnlockedError as error:
        sys.exit(f"error: {error}")

"""How far an operation is: lines of its build's log, which the control plane reads."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Final

_MARK: Final = "progress: "


@dataclass(frozen=True)
class BuildProgress:
    """How far a build is.

    Attributes
    ----------
    run : str
        What it works on, such as ``tenant-basic/t1``.
    stage : str
        As ``plan``, ``apply``, ``export``.
    resource : str
        The address of the last resource that was begun; empty outside an apply.
    done, total : int
        How many of the resources that are to change have been; 0 of 0 where it is not known yet.
    """

    run: str
    stage: str
    resource: str = ""
    done: int = 0
    total: int = 0

    def line(self) -> str:
        """Return it as a line of the log."""
        return _MARK + json.dumps(asdict(self))

    @classmethod
    def parse(cls, line: str) -> BuildProgress | None:
        """Return what a line of the log says, None if it says nothing of progress."""
        if not line.startswith(_MARK):
            return None
        try:
            said = json.loads(line.removeprefix(_MARK))
            return cls(**{each.name: said[each.name] for each in fields(cls)})
        except (ValueError, KeyError, TypeError):
            return None


def build_log_group(prefix: str) -> str:
    """Return the log group of the builds; each operation's streams begin with its id."""
    return f"/aws/codebuild/{prefix}-provisioner"

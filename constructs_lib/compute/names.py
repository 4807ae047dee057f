"""The beginning of a workload's physical names, in a long and a short form. Pure Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from constructs_lib.naming import Evaluated, NameRule, fit
from constructs_lib.sequences import takes_sequences

Part = str | Evaluated


@takes_sequences
@dataclass(frozen=True)
class Names:
    """What the names of one workload's resources begin with.

    Parameters
    ----------
    parts : sequence of str or Evaluated
        The beginning, spelled out.
    short : sequence of str or Evaluated, optional
        The beginning where a service allows too few characters for `parts`.

    Examples
    --------
    >>> from constructs_lib.naming import ECS_SERVICE, TARGET_GROUP, tenant_id, tenant_key
    >>> names = Names(("dev", tenant_id()), short=("dev", tenant_key()))
    >>> names.fit(ECS_SERVICE, "orders")
    'dev-${var.tenant_id}-orders'
    >>> names.fit(TARGET_GROUP, "orders")
    'dev-${substr(sha256(var.tenant_id), 0, 12)}-orders'
    """

    parts: Sequence[Part]
    short: Sequence[Part] | None = None

    def fit(self, rule: NameRule, *suffix: str) -> str:
        """Return the name that ends in `suffix`, within `rule`."""
        spelled_out = (*self.parts, *suffix)
        if self.short is None or _width(spelled_out) <= rule.limit:
            return fit(rule, *spelled_out)
        return fit(rule, *self.short, *suffix)

    def __truediv__(self, part: str) -> Names:
        """Return the names that begin with these and `part`."""
        return Names((*self.parts, part), (*self.short, part) if self.short else None)

    def __rtruediv__(self, part: str) -> Names:
        """Return these names after `part`."""
        return Names((part, *self.parts), (part, *self.short) if self.short else None)


def _width(parts: Sequence[Part]) -> int:
    widths = [part.width if isinstance(part, Evaluated) else len(part) for part in parts]
    return sum(widths) + len(parts) - 1

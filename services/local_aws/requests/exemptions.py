"""Where AWS is known not to hold its own model; all else is enforced.

A test keeps the list minimal: each entry's example must be refused by the model alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Exemption:
    """One constraint that AWS does not enforce as its model has it.

    Attributes
    ----------
    service : str
        As botocore calls it.
    shape : str
        The shape in its model; `Structure$member` for one required member.
    constraint : str
        required, length, range, pattern or enum.
    example : object
        A value that AWS accepts and the model does not.
    reason : str
        How that is known.
    """

    service: str
    shape: str
    constraint: str
    example: Any
    reason: str


EXEMPTIONS: Final[tuple[Exemption, ...]] = ()


def exempted(service: str) -> frozenset[tuple[str, str]]:
    """Return the shapes and constraints of a service that are not enforced."""
    return frozenset(
        (each.shape, each.constraint) for each in EXEMPTIONS if each.service == service
    )

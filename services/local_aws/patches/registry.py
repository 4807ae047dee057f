"""The list of patches, and the only ways they may touch the emulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.local_aws.errors import OverlayError


@dataclass(frozen=True)
class Patch:
    """One thing the emulator lacks, added.

    Attributes
    ----------
    service : str
        The AWS service, as its file is named.
    name : str
        What is added.
    reason : str
        What goes wrong without it.
    """

    service: str
    name: str
    reason: str
    apply: Callable[[], None]


_patches: list[Patch] = []


def patch(function: Callable[[], None]) -> Callable[[], None]:
    """Register a function that changes the emulator; its docstring is the reason."""
    if not function.__doc__:
        raise OverlayError(f"patch {function.__qualname__} has no reason: write its docstring")
    _patches.append(
        Patch(
            service=function.__module__.rpartition(".")[2],
            name=function.__name__,
            reason=" ".join(function.__doc__.split()),
            apply=function,
        )
    )
    return function


def patches() -> list[Patch]:
    """Return the patches registered so far."""
    return list(_patches)


def symbol(owner: Any, name: str) -> Any:
    """Return an attribute of the emulator that a patch relies on."""
    try:
        return getattr(owner, name)
    except AttributeError as error:
        where = getattr(owner, "__name__", repr(owner))
        raise OverlayError(
            f"the overlay relies on {where}.{name}, which this version of the emulator does not"
            " have: adapt the patch or pin the version the overlay was written for"
        ) from error


def replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replace an attribute by what `make` returns for the original.

    Raises
    ------
    OverlayError
        If the attribute does not exist.
    """
    setattr(owner, name, make(symbol(owner, name)))


def replace_entry(table: dict[str, Any], key: str, make: Callable[[Any], Any]) -> None:
    """Replace an entry of a dispatch table by what `make` returns for the original.

    Raises
    ------
    OverlayError
        If the entry does not exist.
    """
    if key not in table:
        raise OverlayError(f"the emulator's dispatch table has no {key!r} any more")
    table[key] = make(table[key])


def refuse_entry(table: dict[str, Any], key: str, refuse: Callable[[Any], Any]) -> None:
    """Ask `refuse` before an entry of a dispatch table; what it answers, if anything, is sent.

    Raises
    ------
    OverlayError
        If the entry does not exist.
    """

    def make(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda request: refuse(request) or original(request)

    replace_entry(table, key, make)


def add_entry(table: dict[str, Any], key: str, handler: Any) -> None:
    """Add an entry that a dispatch table must not have yet.

    Raises
    ------
    OverlayError
        If the emulator has learnt it: the patch is no longer needed.
    """
    if key in table:
        raise OverlayError(f"the emulator handles {key!r} by itself now: remove this patch")
    table[key] = handler

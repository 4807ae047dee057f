"""What is done outside the registry's own rows is audited here; the registry audits its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.control_plane.intents import settle
from services.control_plane.runtime import current

if TYPE_CHECKING:
    from services.control_plane.registry.outbox import MakeEvent


@dataclass
class Doing:
    """What is being done, as far as is known.

    Attributes
    ----------
    target : str, optional
        What it turned out to be about.
    after : Mapping, optional
        What there is now; None if nothing.
    event : callable, optional
        Makes the event that tells of it.
    """

    target: str | None = None
    after: Mapping[str, Any] | None = None
    event: MakeEvent | None = None


def audited(action: str, target: str) -> None:
    """Record who did what, and when; where a record that is lost costs no more than itself."""
    runtime = current()
    runtime.registry.record(actor=runtime.actor, action=action, target=target)


@contextmanager
def recording(
    action: str,
    target: str,
    before: Mapping[str, Any] | None = None,
    wanted: Mapping[str, Any] | None = None,
) -> Iterator[Doing]:
    """Record who does what, when, and what it changes: before it is done, and once it is.

    What is refused is not recorded, unless some of it was done. After any other error nobody
    knows, and the sweep finds out.
    """
    runtime = current()
    registry = runtime.registry
    intent = registry.intend(
        actor=runtime.actor, action=action, target=target, before=before, wanted=wanted
    )
    doing = Doing()
    try:
        yield doing
    except Exception as error:
        if _refused(error):
            if before is None:
                registry.give_up(intent)
            else:
                settle(runtime, intent)
        raise
    registry.fulfil(intent, target=doing.target, after=doing.after, event=doing.event)


def completed(action: str, target: str, wanted: Mapping[str, Any]) -> bool:
    """Complete the same caller's same request, if it was done before and interrupted."""
    runtime = current()
    same = [
        intent
        for intent in runtime.registry.intents_about(target)
        if (intent.action, intent.actor, intent.wanted) == (action, runtime.actor, wanted)
    ]
    return any(settle(runtime, intent) for intent in same)


def _refused(error: Exception) -> bool:
    from services.control_plane.admin_users import UserError  # noqa: PLC0415
    from services.control_plane.metering.errors import MeteringError  # noqa: PLC0415

    return isinstance(error, UserError | MeteringError)

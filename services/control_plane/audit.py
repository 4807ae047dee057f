"""What is done outside the registry's own rows is audited here; the registry audits its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from services.control_plane.runtime import current

if TYPE_CHECKING:
    from services.registry.outbox import MakeEvent


def audited(
    action: str,
    target: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    *,
    event: MakeEvent | None = None,
) -> None:
    """Record who did what, when, and what it changed; with the event that tells of it, if any."""
    runtime = current()
    runtime.registry.record(
        actor=runtime.actor,
        action=action,
        target=target,
        before=before,
        after=after,
        event=event,
    )

"""Sizes for services: only for those that the deployment has, or a build would find out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from services.control_plane.http import failures


def require_known_services(
    overrides: object, known: Collection[str], place: tuple[str, ...] = ("overrides",)
) -> None:
    """Raise what answers 422 with each service that is not among `known`; nothing if that is empty.

    Parameters
    ----------
    overrides : object
        As it was sent: whether it is well-formed is for the tenant's document to say.
    known : collection of str
    place : tuple of str
        Where in the body they stand.
    """
    services: Any = overrides.get("services") if isinstance(overrides, Mapping) else None
    if not known or not isinstance(services, Mapping):
        return
    unknown = [name for name in services if name not in known]
    if unknown:
        allowed = f"allowed {', '.join(sorted(known))}"
        raise failures.unprocessable(
            *(
                (("body", *place, "services", str(name)), "unknown_service", allowed)
                for name in unknown
            )
        )

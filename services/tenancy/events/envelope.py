"""One event, on its way to the bus or from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from services.tenancy.errors import TenancyError
from services.tenancy.events.names import DETAIL_TYPE_PREFIX, EventName

_DETAIL_LIMIT = 240_000  # PutEvents takes 256 KB an entry, envelope included


class EventError(TenancyError, ValueError):
    """Something that is no event of ours."""


class UnknownEventError(EventError):
    """A detail-type nobody declared, or one that came from the wrong source."""


class InvalidDetailError(EventError):
    """A detail that breaks its event's schema.

    Parameters
    ----------
    name : EventName
        The event it was meant to be.
    problems : tuple of str
        Everything wrong with it, each with its path.
    """

    def __init__(self, name: EventName, problems: tuple[str, ...]) -> None:
        self.name = name
        self.problems = problems
        super().__init__(f"{name.detail_type}: {'; '.join(problems)}")


@dataclass(frozen=True)
class Event:
    """An event: its name and its detail.

    Attributes
    ----------
    envelope_id : str, optional
        The id the bus gave it, if it came from there.
    """

    name: EventName
    detail: Mapping[str, Any]
    envelope_id: str | None = None

    @property
    def event_id(self) -> str:
        """What consumers deduplicate on: the sender's id, else the one the bus gave.

        Raises
        ------
        InvalidDetailError
            If it has neither.
        """
        found = self.detail.get("eventId") or self.envelope_id
        if not found:
            raise InvalidDetailError(self.name, ("eventId: missing, and the envelope has no id",))
        return str(found)

    def validated(self) -> Self:
        """Return the event itself, or raise `InvalidDetailError` with all its problems."""
        from pydantic import ValidationError  # noqa: PLC0415 - state machines' jobs build only

        from services.tenancy.events.details import DETAILS  # noqa: PLC0415

        try:
            DETAILS[self.name].model_validate(self.detail)
        except ValidationError as error:
            problems = tuple(
                f"{'.'.join(map(str, found['loc'])) or 'detail'}: {found['msg']}"
                for found in error.errors(include_url=False, include_input=False)
            )
            raise InvalidDetailError(self.name, problems) from None
        return self

    def entry(self, bus: str) -> dict[str, str]:
        """Return the entry of a PutEvents call.

        Raises
        ------
        InvalidDetailError
            If the detail breaks its schema or is larger than the bus takes.
        """
        self.validated()
        detail = json.dumps(self.detail, separators=(",", ":"), default=str)
        if len(detail.encode()) > _DETAIL_LIMIT:
            raise InvalidDetailError(self.name, (f"detail: {len(detail)} bytes are too many",))
        return {
            "EventBusName": bus,
            "Source": self.name.source.value,
            "DetailType": self.name.detail_type,
            "Detail": detail,
        }

    @classmethod
    def parse(cls, envelope: Mapping[str, Any]) -> Self:
        """Return the event in an envelope of the bus, validated.

        Raises
        ------
        UnknownEventError
            If the detail-type is none of ours or the source is not the one that sends it.
        InvalidDetailError
            If the detail breaks its schema.
        """
        detail_type = str(envelope.get("detail-type"))
        try:
            name = EventName(detail_type.removeprefix(DETAIL_TYPE_PREFIX))
        except ValueError:
            raise UnknownEventError(f"detail-type {detail_type!r} is no event of ours") from None
        if detail_type != name.detail_type or envelope.get("source") != name.source:
            raise UnknownEventError(
                f"{detail_type!r} from {envelope.get('source')!r}: {name.source.value} sends"
                f" {name.detail_type!r}"
            )
        detail = envelope.get("detail")
        if not isinstance(detail, Mapping):
            raise InvalidDetailError(name, ("detail: not an object",))
        return cls(name, detail, str(envelope["id"]) if envelope.get("id") else None).validated()

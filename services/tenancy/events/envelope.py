"""One event, on its way to the bus or from it: parsed once, and handed on as what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from pydantic import ValidationError

from services.tenancy.errors import TenancyError
from services.tenancy.events.catalogue import (
    DETAIL_TYPE_PREFIX,
    SCHEMA_VERSION,
    Detail,
    EventName,
)

_DETAIL_LIMIT: Final = 240_000  # PutEvents takes 256 KB an entry, envelope included


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


DetailT_co = TypeVar("DetailT_co", bound=Detail, covariant=True)
Wanted = TypeVar("Wanted", bound=Detail)


@dataclass(frozen=True)
class Event(Generic[DetailT_co]):
    """An event that keeps its schema: `of` and `parse` make no other.

    Attributes
    ----------
    detail : Detail
        The parsed detail, of the model that `name` has.
    document : Mapping
        The detail as it is on the wire, to the digit: what is stored and sent, and what plug-ins
        are given. A model would write some numbers and times in another way.
    envelope_id : str, optional
        The id the bus gave it, if it came from there.
    """

    name: EventName
    detail: DetailT_co
    document: Mapping[str, Any]
    envelope_id: str | None = None

    @staticmethod
    def of(
        name: EventName, document: Mapping[str, Any], envelope_id: str | None = None
    ) -> Event[Detail]:
        """Return the event `name` whose detail on the wire is `document`.

        Raises
        ------
        InvalidDetailError
            If the detail breaks its schema, with all its problems.
        """
        try:
            detail = name.model.model_validate(document)
        except ValidationError as error:
            problems = tuple(
                f"{'.'.join(map(str, found['loc'])) or 'detail'}: {found['msg']}"
                for found in error.errors(include_url=False, include_input=False)
            )
            raise InvalidDetailError(name, problems) from None
        return Event(name, detail, document, envelope_id)

    @staticmethod
    def parse(envelope: Mapping[str, Any]) -> Event[Detail]:
        """Return the event in an envelope of the bus.

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
        document = envelope.get("detail")
        if not isinstance(document, Mapping):
            raise InvalidDetailError(name, ("detail: not an object",))
        return Event.of(name, document, str(envelope["id"]) if envelope.get("id") else None)

    @property
    def event_id(self) -> str:
        """What consumers deduplicate on: the sender's id, else the one the bus gave.

        Raises
        ------
        InvalidDetailError
            If it has neither.
        """
        found = self.detail.event_id or self.envelope_id
        if not found:
            raise InvalidDetailError(self.name, ("eventId: missing, and the envelope has no id",))
        return found

    def narrowed(self, model: type[Wanted]) -> Event[Wanted]:
        """Return the same event as one whose detail is a `model`.

        Raises
        ------
        UnknownEventError
            If it is another kind of event.
        """
        if not isinstance(self.detail, model):
            raise UnknownEventError(f"{self.name.detail_type}: no {model.__name__}")
        return Event(self.name, self.detail, self.document, self.envelope_id)

    def text(self) -> str:
        """Return the detail as the JSON that travels.

        Raises
        ------
        InvalidDetailError
            If it is larger than the bus takes.
        """
        text = json.dumps(self.document, separators=(",", ":"), default=str)
        if len(text.encode()) > _DETAIL_LIMIT:
            raise InvalidDetailError(self.name, (f"detail: {len(text)} bytes are too many",))
        return text

    def entry(self, bus: str) -> dict[str, str]:
        """Return the entry of a PutEvents call, or raise `InvalidDetailError` as `text` does."""
        return bus_entry(self.name, self.text(), bus)


def bus_entry(name: EventName, text: str, bus: str) -> dict[str, str]:
    """Return the entry of a PutEvents call that sends a detail's JSON."""
    return {
        "EventBusName": bus,
        "Source": name.source.value,
        "DetailType": name.detail_type,
        "Detail": text,
    }


def stamps(event_id: str, at: datetime) -> dict[str, str]:
    """Return what each event of ours says of itself."""
    return {
        "eventId": event_id,
        "occurredAt": at.isoformat(),
        "schemaVersion": SCHEMA_VERSION,
    }

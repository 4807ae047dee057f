"""The events on the bus: their names, their shapes, and how they are made and read.

Names, sources and shapes are those of the AWS SaaS Builder Toolkit, so that its jobs and plug-ins
work unchanged. Beside its fields a detail carries `eventId`, `occurredAt`, `operationId` and
`schemaVersion`. The events of operations are made in `services.tenancy.operation_events`.

Errors
------
::

    TenancyError
    └── EventError                  something on the bus, or on its way there, that is none of ours
        ├── UnknownEventError       a detail-type or a source that nobody declared
        └── InvalidDetailError      a detail that breaks its event's schema, with every problem
"""

from services.tenancy.events.catalogue import Detail, EventName, Source
from services.tenancy.events.envelope import (
    Event,
    EventError,
    InvalidDetailError,
    UnknownEventError,
)
from services.tenancy.events.users import user_created, user_deleted

__all__ = [
    "Detail",
    "Event",
    "EventError",
    "EventName",
    "InvalidDetailError",
    "Source",
    "UnknownEventError",
    "user_created",
    "user_deleted",
]

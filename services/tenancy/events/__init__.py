"""The events on the bus: their names, their shapes, and how they are made and read.

Names, sources and shapes are those of the AWS SaaS Builder Toolkit, so that its jobs and plug-ins
work unchanged. Beside its fields a detail carries `eventId`, `occurredAt`, `operationId` and
`schemaVersion`.

Errors
------
::

    TenancyError
    └── EventError                  something on the bus, or on its way there, that is none of ours
        ├── UnknownEventError       a detail-type or a source that nobody declared
        └── InvalidDetailError      a detail that breaks its event's schema, with every problem
"""

from services.tenancy.events.building import (
    activate_request,
    application_event,
    deactivate_request,
    failure,
    offboarding_request,
    onboarding_request,
    success,
    tenant_update_request,
    user_created,
    user_deleted,
)
from services.tenancy.events.envelope import (
    Event,
    EventError,
    InvalidDetailError,
    UnknownEventError,
)
from services.tenancy.events.names import (
    DETAIL_TYPE_PREFIX,
    SCHEMA_VERSION,
    EventName,
    Outcome,
    Source,
)

__all__ = [
    "DETAIL_TYPE_PREFIX",
    "SCHEMA_VERSION",
    "Event",
    "EventError",
    "EventName",
    "InvalidDetailError",
    "Outcome",
    "Source",
    "UnknownEventError",
    "activate_request",
    "application_event",
    "deactivate_request",
    "failure",
    "offboarding_request",
    "onboarding_request",
    "success",
    "tenant_update_request",
    "user_created",
    "user_deleted",
]

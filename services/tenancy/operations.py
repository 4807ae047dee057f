"""What can be done to a tenant: one row for each kind of operation, and nothing said twice.

A kind is a member of `OperationKind` and its `OperationSpec`; which states it takes a tenant
through, which parameters it has, and which events ask for it and tell how it ended are all said
there. Whatever else needs to know of kinds asks this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.tenancy.events.catalogue import EventName


class State(StrEnum):
    """Where a tenant is in its life."""

    REGISTERED = "REGISTERED"
    PROVISIONING = "PROVISIONING"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    UPDATING = "UPDATING"
    FAILED = "FAILED"
    DEPROVISIONING = "DEPROVISIONING"
    DELETED = "DELETED"


class OperationKind(StrEnum):
    """What an operation does to a tenant. A retry is no kind: it repeats the one that failed."""

    ONBOARD = "onboard"
    UPDATE = "update"
    MOVE = "move"
    SUSPEND = "suspend"
    RESUME = "resume"
    RECONCILE = "reconcile"
    OFFBOARD = "offboard"


@dataclass(frozen=True)
class JobEvents:
    """The events between the planes about one job.

    Attributes
    ----------
    request : EventName
        Asks for it. Where several kinds share one, its detail names the kind.
    success, failure : EventName
        Tell how it ended.
    failure_status : str
        What a failure says beside its reason; the toolkit's text [1]_.

    .. [1] https://github.com/awslabs/sbt-aws, `jobOutput.tenantStatus`
    """

    request: EventName
    success: EventName
    failure: EventName
    failure_status: str


@dataclass(frozen=True)
class RegistrationStatus:
    """What a registration says, in the toolkit's words, while and after its tenant is changed."""

    done: str
    running: str = "In progress"
    failed: str = "failed"


@dataclass(frozen=True)
class OperationSpec:
    """One kind of operation.

    Attributes
    ----------
    origins : tuple of State
        Where a tenant must be for it.
    running, done : State or None
        Where the tenant is while it runs, and after it; None where it is the origin that counts.
    events : JobEvents
        How it is asked for and reported.
    parameters : frozenset of str
        What a request for it may say, as on the wire. None by default.
    corrected_by : frozenset of OperationKind
        Which kinds may follow one that failed, in its stead. By default it can but be repeated.
    registration_status : RegistrationStatus, optional
        What the registration says of it. Nothing by default.
    queues : bool, default False
        Whether it may be asked for while another operation runs, and begins when that has ended.
    serves : bool, default True
        Whether users who were let in before are let in while it runs, and after it has failed.
    """

    kind: OperationKind
    origins: tuple[State, ...]
    running: State | None
    done: State | None
    events: JobEvents
    parameters: frozenset[str] = frozenset()
    corrected_by: frozenset[OperationKind] = frozenset()
    registration_status: RegistrationStatus | None = None
    queues: bool = False
    serves: bool = True


PROVISION: Final = JobEvents(
    EventName.ONBOARDING_REQUEST,
    EventName.PROVISION_SUCCESS,
    EventName.PROVISION_FAILURE,
    "Failed to provision tenant.",
)
DEPROVISION: Final = JobEvents(
    EventName.OFFBOARDING_REQUEST,
    EventName.DEPROVISION_SUCCESS,
    EventName.DEPROVISION_FAILURE,
    "Failed to deprovision tenant.",
)
CHANGE: Final = JobEvents(
    EventName.TENANT_UPDATE_REQUEST,
    EventName.TENANT_UPDATE_SUCCESS,
    EventName.TENANT_UPDATE_FAILURE,
    "Failed to update tenant.",
)
ACTIVATE: Final = JobEvents(
    EventName.ACTIVATE_REQUEST,
    EventName.ACTIVATE_SUCCESS,
    EventName.ACTIVATE_FAILURE,
    "Failed to activate tenant.",
)
DEACTIVATE: Final = JobEvents(
    EventName.DEACTIVATE_REQUEST,
    EventName.DEACTIVATE_SUCCESS,
    EventName.DEACTIVATE_FAILURE,
    "Failed to deactivate tenant.",
)

_SETTLED: Final = (State.ACTIVE, State.SUSPENDED)
# A failed move is in no such set: its data is in two places until it has been repeated.
_CORRECTIONS: Final = frozenset({OperationKind.UPDATE, OperationKind.RECONCILE})

_TABLE: Final = (
    OperationSpec(
        OperationKind.ONBOARD,
        origins=(State.REGISTERED,),
        running=State.PROVISIONING,
        done=State.ACTIVE,
        events=PROVISION,
        registration_status=RegistrationStatus("created"),
    ),
    OperationSpec(
        OperationKind.OFFBOARD,
        origins=(*_SETTLED, State.FAILED),
        running=State.DEPROVISIONING,
        done=State.DELETED,
        events=DEPROVISION,
        registration_status=RegistrationStatus("deleted"),
        queues=True,
        serves=False,
    ),
    OperationSpec(
        OperationKind.UPDATE,
        origins=_SETTLED,
        running=State.UPDATING,
        done=None,
        events=CHANGE,
        parameters=frozenset({"release", "overrides", "federation", "plan"}),
        corrected_by=_CORRECTIONS,
    ),
    OperationSpec(
        OperationKind.MOVE,
        origins=_SETTLED,
        running=State.UPDATING,
        done=None,
        events=CHANGE,
        parameters=frozenset({"tier", "confirm", "rollback"}),
    ),
    OperationSpec(
        OperationKind.RECONCILE,
        origins=_SETTLED,
        running=State.UPDATING,
        done=None,
        events=CHANGE,
        corrected_by=_CORRECTIONS,
    ),
    # These two hold the tenant where it is: until the job has refused the last request, a tenant
    # that is being suspended still is active.
    OperationSpec(
        OperationKind.RESUME,
        origins=(State.SUSPENDED,),
        running=None,
        done=State.ACTIVE,
        events=ACTIVATE,
    ),
    OperationSpec(
        OperationKind.SUSPEND,
        origins=(State.ACTIVE,),
        running=None,
        done=State.SUSPENDED,
        events=DEACTIVATE,
    ),
)

SPECS: Final[Mapping[OperationKind, OperationSpec]] = MappingProxyType(
    {spec.kind: spec for spec in _TABLE}
)
"""Each kind's row."""

JOBS: Final[Mapping[EventName, JobEvents]] = MappingProxyType(
    {spec.events.request: spec.events for spec in _TABLE}
)
"""The events about a job, by the one that asks for it."""


def requested_by(request: EventName) -> tuple[OperationKind, ...]:
    """Return the kinds that `request` can ask for; none if it is no request."""
    return tuple(spec.kind for spec in _TABLE if spec.events.request is request)


def reported_by(result: EventName) -> tuple[OperationKind, ...]:
    """Return the kinds of which `result` tells how one ended; none if it tells of no job."""
    return tuple(
        spec.kind for spec in _TABLE if result in (spec.events.success, spec.events.failure)
    )


def failures() -> dict[str, tuple[str, str]]:
    """Return, for each request's detail-type, that of its failure and what this says.

    For those who report the failure of a job that could not do so itself.
    """
    return {
        request.detail_type: (job.failure.detail_type, job.failure_status)
        for request, job in JOBS.items()
    }

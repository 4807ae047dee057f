"""What events are called, and who sends them."""

from __future__ import annotations

from enum import StrEnum

DETAIL_TYPE_PREFIX = "sbt_aws_"
SCHEMA_VERSION = "1"


class Source(StrEnum):
    """Which of the two planes an event comes from."""

    CONTROL_PLANE = "sbt.control.plane"
    APPLICATION_PLANE = "sbt.application.plane"


class Outcome(StrEnum):
    """How an operation ended."""

    SUCCESS = "Success"
    FAILURE = "Failure"


class EventName(StrEnum):
    """Every event on the bus; the axis is *what happened*, the value is the name on the wire.

    `tenantUpdate*` is ours (a release, a size, a tier, a reconciliation); the others are the
    toolkit's. Suspending is its *deactivate*, resuming its *activate*.
    """

    ONBOARDING_REQUEST = "onboardingRequest"
    OFFBOARDING_REQUEST = "offboardingRequest"
    ACTIVATE_REQUEST = "activateRequest"
    DEACTIVATE_REQUEST = "deactivateRequest"
    TENANT_UPDATE_REQUEST = "tenantUpdateRequest"
    TENANT_USER_CREATED = "tenantUserCreated"
    TENANT_USER_DELETED = "tenantUserDeleted"
    BILLING_SUCCESS = "billingSuccess"
    BILLING_FAILURE = "billingFailure"

    PROVISION_SUCCESS = "provisionSuccess"
    PROVISION_FAILURE = "provisionFailure"
    DEPROVISION_SUCCESS = "deprovisionSuccess"
    DEPROVISION_FAILURE = "deprovisionFailure"
    TENANT_UPDATE_SUCCESS = "tenantUpdateSuccess"
    TENANT_UPDATE_FAILURE = "tenantUpdateFailure"
    ONBOARDING_SUCCESS = "onboardingSuccess"
    ONBOARDING_FAILURE = "onboardingFailure"
    OFFBOARDING_SUCCESS = "offboardingSuccess"
    OFFBOARDING_FAILURE = "offboardingFailure"
    ACTIVATE_SUCCESS = "activateSuccess"
    ACTIVATE_FAILURE = "activateFailure"
    DEACTIVATE_SUCCESS = "deactivateSuccess"
    DEACTIVATE_FAILURE = "deactivateFailure"
    INGEST_USAGE = "ingestUsage"

    @property
    def detail_type(self) -> str:
        """The `detail-type` of the envelope."""
        return DETAIL_TYPE_PREFIX + self.value

    @property
    def source(self) -> Source:
        """The `source` of the envelope."""
        if self is EventName.INGEST_USAGE:
            return Source.APPLICATION_PLANE
        if self.value.startswith(("billing", "tenantUser")) or self.value.endswith("Request"):
            return Source.CONTROL_PLANE
        return Source.APPLICATION_PLANE

    @property
    def outcome(self) -> Outcome | None:
        """How the operation ended that this event reports; None if it reports none."""
        if self.source is Source.CONTROL_PLANE:
            return None
        return next((o for o in Outcome if self.value.endswith(o.value)), None)

    @property
    def answer(self) -> tuple[EventName, EventName]:
        """The pair (success, failure) that answers this request.

        Raises
        ------
        ValueError
            If it is no request.
        """
        if self not in _ANSWERS:
            raise ValueError(f"{self.value} is no request: {', '.join(_ANSWERS)} are")
        return _ANSWERS[self]


_ANSWERS = {
    EventName.ONBOARDING_REQUEST: (EventName.PROVISION_SUCCESS, EventName.PROVISION_FAILURE),
    EventName.OFFBOARDING_REQUEST: (EventName.DEPROVISION_SUCCESS, EventName.DEPROVISION_FAILURE),
    EventName.TENANT_UPDATE_REQUEST: (
        EventName.TENANT_UPDATE_SUCCESS,
        EventName.TENANT_UPDATE_FAILURE,
    ),
    EventName.ACTIVATE_REQUEST: (EventName.ACTIVATE_SUCCESS, EventName.ACTIVATE_FAILURE),
    EventName.DEACTIVATE_REQUEST: (EventName.DEACTIVATE_SUCCESS, EventName.DEACTIVATE_FAILURE),
}

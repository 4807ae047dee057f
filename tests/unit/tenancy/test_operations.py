"""The table of operations is complete, and says nothing that the events cannot carry."""

from __future__ import annotations

import pytest

from services.tenancy import OperationKind, State
from services.tenancy.events import EventName
from services.tenancy.events.catalogue import (
    JobFailure,
    JobSuccess,
    Parameters,
    TenantRequest,
    TenantUpdateRequest,
)
from services.tenancy.operations import (
    JOBS,
    SPECS,
    OperationSpec,
    failures,
    reported_by,
    requested_by,
)


def test_every_kind_has_one_row() -> None:
    assert set(SPECS) == set(OperationKind)
    assert all(spec.kind is kind for kind, spec in SPECS.items())


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.kind.value)
def test_its_events_are_of_the_shapes_that_jobs_read_and_write(spec: OperationSpec) -> None:
    job = spec.events
    assert issubclass(job.request.model, TenantRequest)
    assert (job.success.model, job.failure.model) == (JobSuccess, JobFailure)
    assert JOBS[job.request] == job, "a request has one answer, whoever asks by it"
    assert failures()[job.request.detail_type] == (job.failure.detail_type, job.failure_status)


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.kind.value)
def test_its_request_can_say_what_it_asks_for(spec: OperationSpec) -> None:
    names_its_kind = issubclass(spec.events.request.model, TenantUpdateRequest)
    assert names_its_kind or requested_by(spec.events.request) == (spec.kind,)
    if spec.parameters:
        assert names_its_kind
    assert spec.parameters <= {field.alias for field in Parameters.model_fields.values()}


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.kind.value)
def test_its_states_are_a_course(spec: OperationSpec) -> None:
    assert spec.origins
    assert State.DELETED not in spec.origins
    assert spec.running is None or spec.running not in spec.origins
    # What corrects a kind begins where that began.
    for kind in spec.corrected_by:
        assert set(spec.origins) <= set(SPECS[kind].origins)
        assert SPECS[kind].running is spec.running


def test_every_request_and_every_result_belongs_to_some_kind() -> None:
    requests = {name for name in EventName if issubclass(name.model, TenantRequest)}
    assert requests == set(JOBS)
    for kind, spec in SPECS.items():
        assert kind in requested_by(spec.events.request)
        assert kind in reported_by(spec.events.success)
        assert kind in reported_by(spec.events.failure)
    assert requested_by(EventName.INGEST_USAGE) == reported_by(EventName.INGEST_USAGE) == ()
    assert reported_by(EventName.ONBOARDING_SUCCESS) == (), "declared by the toolkit, not used"

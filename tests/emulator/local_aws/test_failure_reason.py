"""What the failure event says of a build that told nothing, as Step Functions evaluates it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ministack.services import stepfunctions

from constructs_lib.provisioning import operation_definition

_STATES = json.loads(
    operation_definition(project="p", log_group="l", bus="b", source="s", timeout_seconds=3900)
)["States"]
_FAILED = {"PhaseType": "BUILD", "PhaseStatus": "FAILED", "Contexts": [{"Message": "exit 3"}]}
_LOG = {"DeepLink": "https://log"}


def _detail(**failure: str) -> dict[str, Any]:
    given = {
        "failure": failure,
        "failureDetailType": "sbt_aws_provisionFailure",
        "failureEventId": "o-failed",
        "failureStatus": "Failed to provision tenant.",
        "operationId": "o",
        "tenantRegistrationId": "r",
    }
    context = {"State": {"EnteredTime": "2026-01-01T00:00:00Z"}}
    arguments = stepfunctions._apply_jsonata_arguments(_STATES["ReportFailure"], given, context)
    detail: dict[str, Any] = arguments["Entries"][0]["Detail"]
    return detail


def _ended(**build: Any) -> dict[str, str]:
    return {"Error": "States.TaskFailed", "Cause": json.dumps({"Build": build})}


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (_ended(BuildStatus="FAILED", Phases=[_FAILED]),
         "The build ended as FAILED in its phase BUILD: exit 3"),
        (_ended(BuildStatus="FAULT", Phases=[]), "The build ended as FAULT."),
        (_ended(BuildStatus="STOPPED"), "The build was stopped before it ended."),
        (_ended(BuildStatus="TIMED_OUT", TimeoutInMinutes=60),
         "The build took longer than the 60 minutes that it may."),
        ({"Error": "States.Timeout"},
         "The build was stopped because it took longer than 65 minutes."),
        ({"Error": "CodeBuild.AccessDenied", "Cause": "no"}, "CodeBuild.AccessDenied: no"),
    ],
)  # fmt: skip
def test_the_reason_can_be_read(failure: dict[str, str], reason: str) -> None:
    assert _detail(**failure)["reason"] == reason


def test_it_says_where_the_log_is() -> None:
    assert _detail(**_ended(BuildStatus="FAILED", Logs=_LOG))["logUrl"] == "https://log"
    assert "logUrl" not in _detail(Error="States.Timeout")


def test_a_cause_that_is_cut_off_is_reported_by_its_error() -> None:
    with pytest.raises(stepfunctions._ExecutionError, match=r"QueryEvaluationError"):
        _detail(Error="States.TaskFailed", Cause='{"Build": {"Ar')
    (caught,) = _STATES["ReportFailure"]["Catch"]
    assert caught["ErrorEquals"] == ["States.QueryEvaluationError"]
    assert _STATES[caught["Next"]]["Next"] == "Failed"

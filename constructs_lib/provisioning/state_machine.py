"""One execution for each operation: a build, and a word about it in every case. Typed and pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from constructs_lib.sequences import takes_sequences

_THROTTLED: Final = ("CodeBuild.AccountLimitExceededException", "CodeBuild.ThrottlingException")


@takes_sequences
@dataclass(frozen=True)
class Retry:
    """When a task is tried again."""

    errors: Sequence[str]
    attempts: int
    interval_seconds: int
    backoff: float = 2.0

    def document(self) -> dict[str, Any]:
        """Return it in the States Language."""
        return {
            "ErrorEquals": list(self.errors),
            "MaxAttempts": self.attempts,
            "IntervalSeconds": self.interval_seconds,
            "BackoffRate": self.backoff,
        }


@takes_sequences
@dataclass(frozen=True)
class Task:
    """A call of a service, and where it leads; to `caught` with the error where it fails."""

    resource: str
    parameters: Mapping[str, Any]
    following: str
    timeout_seconds: int | None = None
    retries: Sequence[Retry] = field(default_factory=tuple)
    caught: str | None = None

    def document(self) -> dict[str, Any]:
        """Return it in the States Language."""
        return {
            "Type": "Task",
            "Resource": self.resource,
            "Parameters": dict(self.parameters),
            # The input is needed again: what the call answers is left out.
            "ResultPath": None,
            **({"TimeoutSeconds": self.timeout_seconds} if self.timeout_seconds else {}),
            **({"Retry": [retry.document() for retry in self.retries]} if self.retries else {}),
            **(
                {
                    "Catch": [
                        {
                            "ErrorEquals": ["States.ALL"],
                            "ResultPath": "$.failure",
                            "Next": self.caught,
                        }
                    ]
                }
                if self.caught
                else {}
            ),
            "Next": self.following,
        }


_PUT_EVENTS: Final = "arn:aws:states:::events:putEvents"
_REPORT_RETRIES: Final = Retry(["States.ALL"], attempts=8, interval_seconds=2)
# The cause of a failed build is the build itself as JSON, with the names of the API written large.
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html
_DETAIL: Final = """{% (
  $failure := $states.input.failure;
  $cause := $exists($failure.Cause) ? $failure.Cause : '';
  $ended := $failure.Error = 'States.TaskFailed' ? $parse($cause) : {};
  $build := $exists($ended.Build) ? $ended.Build : $ended;
  $status := $build.BuildStatus;
  $phase := $build.Phases[PhaseStatus in ['FAILED', 'FAULT', 'CLIENT_ERROR']][0];
  $contexts := $phase.Contexts.Message[$ != ''];
  $log := $build.Logs.DeepLink;
  $reason :=
    $failure.Error = 'States.Timeout'
      ? 'The build was stopped because it took longer than MINUTES minutes.'
    : $status = 'TIMED_OUT'
      ? 'The build took longer than the ' & $build.TimeoutInMinutes & ' minutes that it may.'
    : $status = 'STOPPED' ? 'The build was stopped before it ended.'
    : $exists($status)
      ? 'The build ended as ' & $status
        & ($exists($phase) ? ' in its phase ' & $phase.PhaseType : '')
        & ($exists($contexts) ? ': ' & $join($contexts, '; ') : '.')
    : $failure.Error & ($cause = '' ? '' : ': ' & $cause);
  $merge([
    {
      'tenantRegistrationId': $states.input.tenantRegistrationId,
      'jobOutput': {'tenantStatus': $states.input.failureStatus},
      'reason': $substring($reason, 0, 1000),
      'eventId': $states.input.failureEventId,
      'operationId': $states.input.operationId,
      'occurredAt': $states.context.State.EnteredTime,
      'schemaVersion': '1'
    },
    $exists($log) ? {'logUrl': $log} : {}
  ])
) %}"""


def operation_definition(
    *, project: str, log_group: str, bus: str, source: str, timeout_seconds: int
) -> str:
    """Return the definition of the state machine as JSON.

    Its input is what the starter makes of a request: `operation` is the request itself as text,
    given to the build as one environment variable. A failed build has mostly told why itself; the
    event here has the same id then, and whoever hears both takes the first. One that ended before
    it could tell has its status, its phase and where its log is told here.

    Parameters
    ----------
    project : str
        The CodeBuild project.
    log_group : str
        Where its builds write; the streams of an operation begin with its id.
    bus, source : str
        Where failures are reported, and as whom.
    timeout_seconds : int
        After which a build is stopped and reported as failed.
    """
    build = Task(
        "arn:aws:states:::codebuild:startBuild.sync",
        {
            "ProjectName": project,
            "EnvironmentVariablesOverride": [
                {"Name": "OPERATION", "Type": "PLAINTEXT", "Value.$": "$.operation"}
            ],
            "LogsConfigOverride": {
                "CloudWatchLogs": {
                    "Status": "ENABLED",
                    "GroupName": log_group,
                    "StreamName.$": "$.operationId",
                }
            },
        },
        following="Done",
        timeout_seconds=timeout_seconds,
        retries=[Retry(_THROTTLED, attempts=8, interval_seconds=5)],
        caught="ReportFailure",
    )
    return json.dumps(
        {
            "Comment": "Carries out one operation on a tenant",
            "StartAt": "Build",
            # Longer than the build's: a time-out of the whole execution could not be reported.
            "TimeoutSeconds": timeout_seconds + 1800,
            "States": {
                "Build": build.document(),
                "ReportFailure": _report(bus, source, timeout_seconds),
                "ReportErrorOnly": _report_error_only(bus, source),
                "Done": {"Type": "Succeed"},
                "Failed": {"Type": "Fail", "Error": "OperationFailed"},
            },
        }
    )


def _report(bus: str, source: str, timeout_seconds: int) -> dict[str, Any]:
    """Return the task that tells why a build failed, as far as the build's end says it.

    JSONata, because an expression of a task that cannot be evaluated is caught; in the paths and
    intrinsic functions of the older language it ends the execution, and nobody is told.
    """
    detail = " ".join(_DETAIL.split()).replace("MINUTES", str(timeout_seconds // 60))
    not_evaluated = "States.QueryEvaluationError"
    return {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Resource": _PUT_EVENTS,
        "Arguments": {
            "Entries": [
                {
                    "EventBusName": bus,
                    "Source": source,
                    "DetailType": "{% $states.input.failureDetailType %}",
                    "Detail": detail,
                }
            ]
        },
        "Retry": [
            {"ErrorEquals": [not_evaluated], "MaxAttempts": 0},
            _REPORT_RETRIES.document(),
        ],
        "Catch": [
            {
                "ErrorEquals": [not_evaluated],
                "Output": "{% $states.input %}",
                "Next": "ReportErrorOnly",
            }
        ],
        "Output": "{% $states.input %}",
        "Next": "Failed",
    }


def _report_error_only(bus: str, source: str) -> dict[str, Any]:
    """Return the task that tells the error's name, where its cause is not as documented."""
    return Task(
        _PUT_EVENTS,
        {
            "Entries": [
                {
                    "EventBusName": bus,
                    "Source": source,
                    "DetailType.$": "$.failureDetailType",
                    "Detail": {
                        "tenantRegistrationId.$": "$.tenantRegistrationId",
                        "jobOutput": {"tenantStatus.$": "$.failureStatus"},
                        "reason.$": "$.failure.Error",
                        "eventId.$": "$.failureEventId",
                        "operationId.$": "$.operationId",
                        "occurredAt.$": "$$.State.EnteredTime",
                        "schemaVersion": "1",
                    },
                }
            ]
        },
        following="Failed",
        retries=[_REPORT_RETRIES],
    ).document()

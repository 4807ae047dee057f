"""One execution for each operation: a build, and a word about it in every case. Typed and pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_THROTTLED: Final = ("CodeBuild.AccountLimitExceededException", "CodeBuild.ThrottlingException")


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


def operation_definition(*, project: str, bus: str, source: str, timeout_seconds: int) -> str:
    """Return the definition of the state machine as JSON.

    Its input is what the starter makes of a request: `operation` is the request itself as text,
    given to the build as one environment variable. A failed build has mostly told why itself; the
    event here has the same id then, and whoever hears both takes the first.

    Parameters
    ----------
    project : str
        The CodeBuild project.
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
        },
        following="Done",
        timeout_seconds=timeout_seconds,
        retries=[Retry(_THROTTLED, attempts=8, interval_seconds=5)],
        caught="ReportFailure",
    )
    report = Task(
        "arn:aws:states:::events:putEvents",
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
                        "cause.$": "$.failure.Cause",
                        "eventId.$": "$.failureEventId",
                        "operationId.$": "$.operationId",
                        "occurredAt.$": "$$.State.EnteredTime",
                        "schemaVersion": "1",
                    },
                }
            ]
        },
        following="Failed",
        retries=[Retry(["States.ALL"], attempts=8, interval_seconds=2)],
    )
    return json.dumps(
        {
            "Comment": "Carries out one operation on a tenant",
            "StartAt": "Build",
            # Longer than the build's: a time-out of the whole execution could not be reported.
            "TimeoutSeconds": timeout_seconds + 1800,
            "States": {
                "Build": build.document(),
                "ReportFailure": report.document(),
                "Done": {"Type": "Succeed"},
                "Failed": {"Type": "Fail", "Error": "OperationFailed"},
            },
        }
    )

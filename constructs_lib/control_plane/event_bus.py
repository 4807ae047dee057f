"""The bus that both planes talk over, and rules that lose nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.cloudwatch_event_archive import CloudwatchEventArchive
from cdktf_cdktf_provider_aws.cloudwatch_event_bus import CloudwatchEventBus
from cdktf_cdktf_provider_aws.cloudwatch_event_bus_policy import CloudwatchEventBusPolicy
from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetDeadLetterConfig,
    CloudwatchEventTargetRetryPolicy,
)
from constructs import Construct

from constructs_lib.errors import ConfigError
from constructs_lib.functions import DeadLetterQueue, PythonFunction
from constructs_lib.sequences import takes_sequences


class EventBus(Construct):
    """A bus whose events are archived, and which takes events from its own account alone.

    Parameters
    ----------
    name : str
    account : str
        The account whose principals may put events, by their own policies.
    archive_days : int, default 90
        How long events can be replayed.

    Attributes
    ----------
    name, arn : str
    """

    def __init__(
        self, scope: Construct, id_: str, *, name: str, account: str, archive_days: int = 90
    ) -> None:
        super().__init__(scope, id_)
        bus = CloudwatchEventBus(self, "Resource", name=name)
        self.name: str = bus.name
        self.arn: str = bus.arn
        CloudwatchEventArchive(
            self,
            "Archive",
            name=f"{name}-archive",
            description="Every event, so that it can be replayed",
            event_source_arn=self.arn,
            retention_days=archive_days,
        )
        CloudwatchEventBusPolicy(
            self,
            "Policy",
            event_bus_name=self.name,
            policy=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Sid": "OwnAccount",
                            "Effect": "Allow",
                            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                            "Action": ["events:PutEvents"],
                            "Resource": self.arn,
                        }
                    ],
                }
            ),
        )


@takes_sequences
@dataclass(frozen=True)
class EventPattern:
    """Which events a rule is about.

    Parameters
    ----------
    sources : sequence of str
        Any of these.
    detail_types : sequence of str, optional
        Any of these; all by default.
    """

    sources: Sequence[str]
    detail_types: Sequence[str] = ()

    def document(self) -> str:
        """Return it as EventBridge writes it."""
        types = {"detail-type": list(self.detail_types)} if self.detail_types else {}
        return json.dumps({"source": list(self.sources), **types})


class EventRule(Construct):
    """Hands events to a function; what cannot be delivered within a day is kept.

    Parameters
    ----------
    name : str
        At most 64 characters.
    description : str
    bus_name : str
    pattern : EventPattern
    function : PythonFunction
        Invoked with each event.
    failures : DeadLetterQueue
        It must accept from `arn`, which is said once for all rules of the queue.

    Attributes
    ----------
    name, arn : str
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        description: str,
        bus_name: str,
        pattern: EventPattern,
        function: PythonFunction,
        failures: DeadLetterQueue,
    ) -> None:
        super().__init__(scope, id_)
        rule = CloudwatchEventRule(
            self,
            "Resource",
            name=name,
            description=description,
            event_bus_name=bus_name,
            event_pattern=pattern.document(),
        )
        self.name: str = rule.name
        self.arn: str = rule.arn
        CloudwatchEventTarget(
            self,
            "Target",
            rule=self.name,
            event_bus_name=bus_name,
            target_id="function",
            arn=function.arn,
            retry_policy=CloudwatchEventTargetRetryPolicy(
                maximum_event_age_in_seconds=24 * 3600, maximum_retry_attempts=185
            ),
            dead_letter_config=CloudwatchEventTargetDeadLetterConfig(arn=failures.arn),
        )
        function.allow_invocation(
            f"rule-{id_}", service="events.amazonaws.com", source_arn=self.arn
        )


class Schedule(Construct):
    """Invokes a function again and again.

    Parameters
    ----------
    name : str
        At most 64 characters.
    description : str
    minutes : int
        Between two invocations.
    function : PythonFunction
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        description: str,
        minutes: int,
        function: PythonFunction,
    ) -> None:
        if minutes < 1:
            raise ConfigError(f"minutes: got {minutes}; allowed 1 or more")
        super().__init__(scope, id_)
        # Schedules are kept on the account's default bus.
        rule = CloudwatchEventRule(
            self,
            "Resource",
            name=name,
            description=description,
            schedule_expression=f"rate({minutes} minute{'' if minutes == 1 else 's'})",
        )
        CloudwatchEventTarget(
            self, "Target", rule=rule.name, target_id="function", arn=function.arn
        )
        function.allow_invocation(
            f"schedule-{id_}", service="events.amazonaws.com", source_arn=rule.arn
        )

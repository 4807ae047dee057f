"""Queues that keep what could not be delivered until someone has looked at it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cdktf import Fn
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from constructs import Construct

from constructs_lib import naming
from constructs_lib.observability import Alarm, AlarmTopic, messages

_FOURTEEN_DAYS = 14 * 24 * 3600  # SQS keeps messages no longer


class DeadLetterQueue(Construct):
    """An encrypted queue that keeps messages for 14 days, with an alarm on the first of them.

    Parameters
    ----------
    name : str
        At most 80 characters.
    holds : str
        What its messages are, for the alarm.
    topic : AlarmTopic
        Told of messages.

    Attributes
    ----------
    name, arn, url : str
    """

    def __init__(
        self, scope: Construct, id_: str, *, name: str, holds: str, topic: AlarmTopic
    ) -> None:
        super().__init__(scope, id_)
        self._queue_name = naming.fit(naming.QUEUE, name)
        self._queue = queue = SqsQueue(
            self,
            "Resource",
            name=self._queue_name,
            message_retention_seconds=_FOURTEEN_DAYS,
            sqs_managed_sse_enabled=True,
        )
        self.name: str = queue.name
        self.arn: str = queue.arn
        self.url: str = queue.url
        Alarm(
            self,
            "alarm",
            name=f"{name}-not-empty",
            description=f"{holds}: look at the messages of {name}, repair, and replay them",
            metric=messages(queue=self._queue_name),
            evaluation_periods=1,
            topic=topic,
        )

    def accept_from_rules(self, rule_arns: Sequence[str]) -> None:
        """Let these rules, once and for all, send what they could not deliver.

        The policy is the queue's own argument: as a resource of its own it would wait another 25
        seconds, after the queue. So the queue's ARN is made from its name.
        """
        region, account = (Fn.element(Fn.split(":", rule_arns[0]), part) for part in (3, 4))
        self._queue.policy = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "events.amazonaws.com"},
                        "Action": ["sqs:SendMessage"],
                        "Resource": [f"arn:aws:sqs:{region}:{account}:{self._queue_name}"],
                        "Condition": {"ArnEquals": {"aws:SourceArn": list(rule_arns)}},
                    }
                ],
            }
        )

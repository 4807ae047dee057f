"""A control plane's event bus as a black box: what is on it, and what an application plane says.

Shapes are written here and in the tests as the toolkit writes them, not taken from our code.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.waiting import eventually

CONTROL_PLANE = "sbt.control.plane"
APPLICATION_PLANE = "sbt.application.plane"

Envelope = dict[str, Any]


def among(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return of `found` the fields of `wanted`, to be compared with it."""
    return {name: found.get(name) for name in wanted}


def distinct(envelopes: Iterable[Envelope]) -> list[Envelope]:
    """Return the events that are not another's second delivery, by their own id."""
    return list({each["detail"]["eventId"]: each for each in envelopes}.values())


class Bus:
    """A bus that is listened to.

    Parameters
    ----------
    events, queues : boto3 clients of EventBridge and SQS
    name : str
    queue_url : str
        The queue that gets every event of the bus.
    publish : callable, optional
        Called before listening, where nobody else puts on the bus what the registry wrote down.
    deliver : callable, optional
        Called with each envelope of the application plane, where nobody else takes it.
    """

    def __init__(
        self,
        events: Any,
        queues: Any,
        name: str,
        queue_url: str,
        *,
        publish: Callable[[], object] = lambda: None,
        deliver: Callable[[Envelope], object] = lambda _: None,
    ) -> None:
        self._events = events
        self._queues = queues
        self._name = name
        self._queue_url = queue_url
        self._publish = publish
        self._deliver = deliver
        self._heard: list[Envelope] = []

    @classmethod
    @contextmanager
    def listening(cls, events: Any, queues: Any, name: str, **more: Any) -> Iterator[Bus]:
        """Listen to a bus until the end of the block; nothing of it stays behind."""
        own = f"listener-{uuid.uuid4().hex[:8]}"
        url = queues.create_queue(QueueName=own)["QueueUrl"]
        wanted = ["QueueArn"]
        arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"][
            "QueueArn"
        ]
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        everything = json.dumps({"source": [{"prefix": ""}]})
        events.put_rule(Name=own, EventBusName=name, EventPattern=everything)
        try:
            target = {"Id": "queue", "Arn": arn}
            events.put_targets(Rule=own, EventBusName=name, Targets=[target])
            yield cls(events, queues, name, url, **more)
        finally:
            events.remove_targets(Rule=own, EventBusName=name, Ids=["queue"])
            events.delete_rule(Name=own, EventBusName=name)
            queues.delete_queue(QueueUrl=url)

    def heard(
        self, name: str, *, about: str, count: int = 1, seconds: float = 30
    ) -> list[Envelope]:
        """Return the events of a name about one tenant, registration or user.

        It waits until there are `count`; there may be more.
        """

        def enough() -> list[Envelope] | None:
            found = [
                each for each in self.everything(about) if each["detail-type"] == f"sbt_aws_{name}"
            ]
            return found if len(found) >= count else None

        return eventually(enough, seconds)

    def everything(self, about: str) -> list[Envelope]:
        """Return what was heard until now about one tenant, registration or user."""
        self._publish()
        self._listen()
        subjects = ("tenantId", "tenantRegistrationId", "userName")
        return [
            each
            for each in self._heard
            if about in [each["detail"].get(subject) for subject in subjects]
        ]

    def say(self, name: str, detail: Mapping[str, Any]) -> None:
        """Put an event on the bus as an application plane does; return when it was heard."""
        entry = {
            "EventBusName": self._name,
            "Source": APPLICATION_PLANE,
            "DetailType": f"sbt_aws_{name}",
            "Detail": json.dumps(detail),
        }
        (taken,) = self._events.put_events(Entries=[entry])["Entries"]

        def heard() -> bool:
            self._listen()
            return taken["EventId"] in {each["id"] for each in self._heard}

        eventually(heard)

    def _listen(self) -> None:
        while True:
            answer = self._queues.receive_message(
                QueueUrl=self._queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=0
            )
            messages = answer.get("Messages", [])
            if not messages:
                return
            for message in messages:
                envelope: Envelope = json.loads(message["Body"])
                self._heard.append(envelope)
                self._queues.delete_message(
                    QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"]
                )
                if envelope["source"] == APPLICATION_PLANE:
                    self._deliver(envelope)

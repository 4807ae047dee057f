"""Alarms, and the topic that tells someone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from constructs_lib import naming
from constructs_lib.errors import ConfigError
from constructs_lib.sequences import takes_sequences

__all__ = [
    "Alarm",
    "AlarmTopic",
    "Metric",
    "MissingData",
    "function_errors",
    "messages",
    "read_throttles",
    "server_errors",
    "unhealthy_hosts",
    "write_throttles",
]

_PERIODS = (10, 20, 30)


@dataclass(frozen=True)
class Metric:
    """A CloudWatch metric and how a period of it becomes one number.

    Parameters
    ----------
    namespace, name : str
        As `AWS/ApplicationELB` and `UnHealthyHostCount`.
    dimensions : mapping of str to str
    statistic : str, default Sum
        Average, Maximum, Minimum, SampleCount or Sum.
    period_seconds : int, default 60
        10, 20, 30 or a multiple of 60.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str = "Sum"
    period_seconds: int = 60

    def __post_init__(self) -> None:
        if self.period_seconds not in _PERIODS and (
            self.period_seconds < 60 or self.period_seconds % 60
        ):
            raise ConfigError(
                f"period_seconds: got {self.period_seconds}; allowed 10, 20, 30 or multiples of 60"
            )


class MissingData(StrEnum):
    """What an alarm makes of periods without a value: all is well, or nobody measured."""

    WELL = "notBreaching"
    BREACHING = "breaching"


def unhealthy_hosts(
    *, load_balancer: str, target_group: str, kind: Literal["application", "network"]
) -> Metric:
    """Targets of a load balancer of `kind` that fail their health check, by ARN suffixes."""
    dimensions = {"LoadBalancer": load_balancer, "TargetGroup": target_group}
    return Metric(f"AWS/{kind.capitalize()}ELB", "UnHealthyHostCount", dimensions, "Maximum")


def server_errors(*, load_balancer: str, target_group: str | None = None) -> Metric:
    """Answers of 500 and more from the targets of one group, or of the whole load balancer."""
    dimensions = {"LoadBalancer": load_balancer}
    if target_group is not None:
        dimensions["TargetGroup"] = target_group
    return Metric("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", dimensions)


def read_throttles(*, table: str) -> Metric:
    """Reads of a DynamoDB table that exceeded its throughput."""
    return Metric("AWS/DynamoDB", "ReadThrottleEvents", {"TableName": table})


def write_throttles(*, table: str) -> Metric:
    """Writes of a DynamoDB table that exceeded its throughput."""
    return Metric("AWS/DynamoDB", "WriteThrottleEvents", {"TableName": table})


def function_errors(*, function: str) -> Metric:
    """Invocations of a Lambda function that failed: exceptions, time-outs, code that cannot load.

    Over five minutes, so that an alarm is one message and not one for each retry.
    """
    return Metric("AWS/Lambda", "Errors", {"FunctionName": function}, period_seconds=300)


def messages(*, queue: str) -> Metric:
    """How many messages wait in an SQS queue."""
    return Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": queue}, "Maximum")


@takes_sequences
class AlarmTopic(Construct):
    """A topic that alarms are sent to, with its subscribers by e-mail.

    Parameters
    ----------
    name : str
    emails : sequence of str, optional
        Each gets a message with a link to confirm.
    kms_key : str, optional
        ARN or alias of a key whose policy lets CloudWatch use it, as that of `AlarmKey`. Without
        one messages are not encrypted at rest.

    Attributes
    ----------
    arn : str
    resource : SnsTopic
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        emails: Sequence[str] = (),
        kms_key: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.resource = SnsTopic(
            self,
            "Resource",
            name=naming.fit(naming.TOPIC, name, "alarms"),
            kms_master_key_id=kms_key,
        )
        self.arn: str = self.resource.arn
        for number, email in enumerate(emails, 1):
            SnsTopicSubscription(
                self, f"email-{number}", topic_arn=self.arn, protocol="email", endpoint=email
            )


class Alarm(Construct):
    """Goes off when a metric is above a threshold for several periods.

    Parameters
    ----------
    name : str
        At most 255 characters.
    description : str
        What it means and what to do; it is in the message.
    metric : Metric
    threshold : float, default 0
        The highest value that is still well.
    evaluation_periods : int, default 3
        Periods in a row above the threshold.
    missing : MissingData, default WELL
        Most metrics are written only when something happens, so that silence is well. It is not
        for what is measured all the time.
    topic : AlarmTopic, optional
        Told when the alarm goes off and when it is over. Without it the alarm is only shown.

    Attributes
    ----------
    arn : str
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        description: str,
        metric: Metric,
        threshold: float = 0,
        evaluation_periods: int = 3,
        missing: MissingData = MissingData.WELL,
        topic: AlarmTopic | None = None,
    ) -> None:
        if evaluation_periods < 1:
            raise ConfigError(f"evaluation_periods: got {evaluation_periods}; allowed 1 or more")
        super().__init__(scope, id_)
        actions = [topic.arn] if topic else None
        self.resource = CloudwatchMetricAlarm(
            self,
            "Resource",
            alarm_name=name,
            alarm_description=description,
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=dict(metric.dimensions),
            statistic=metric.statistic,
            period=metric.period_seconds,
            comparison_operator="GreaterThanThreshold",
            threshold=threshold,
            evaluation_periods=evaluation_periods,
            treat_missing_data=missing.value,
            alarm_actions=actions,
            ok_actions=actions,
        )
        self.arn: str = self.resource.arn

"""What is watched of the control plane: what its functions measure, and what failed for good."""

from __future__ import annotations

from typing import Final

from constructs import Construct

from constructs_lib.observability import Alarm, AlarmTopic, Metric, MissingData
from services.configuration import Configuration
from services.contracts.metrics import DEPLOYMENT, NAMESPACE, WATCHES, Watch

FAILURE_QUEUES: Final = ("outbox", "events", "billing")
"""The functions of the control plane that have a queue of what failed for good."""


def watch_functions(scope: Construct, configuration: Configuration, topic: AlarmTopic) -> None:
    """Make an alarm of every row of `WATCHES`."""
    for watch in WATCHES:
        Alarm(
            scope,
            f"alarm-{watch.name}",
            name=f"{configuration.prefix}-{watch.name}",
            description=watch.meaning,
            metric=_metric(watch, configuration),
            threshold=watch.highest,
            evaluation_periods=watch.periods,
            missing=MissingData.BREACHING if watch.silence else MissingData.WELL,
            topic=topic,
        )


def watched_metrics(configuration: Configuration) -> list[Metric]:
    """Return the metrics of all rows of `WATCHES`, for a dashboard."""
    return [_metric(watch, configuration) for watch in WATCHES]


def failure_queue(configuration: Configuration, function: str) -> str:
    """Return the name of the queue of what a function of the control plane could not do."""
    return f"{configuration.prefix}-cp-{function}-failures"


def _metric(watch: Watch, configuration: Configuration) -> Metric:
    dimensions = {DEPLOYMENT: configuration.prefix}
    return Metric(NAMESPACE, watch.name, dimensions, watch.statistic, watch.period_seconds)

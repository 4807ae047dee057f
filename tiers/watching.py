"""What is watched of the control plane: what its functions measure, and what failed for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from constructs_lib.observability import Metric, MissingData
from services.configuration import Configuration
from services.contracts import metrics

FAILURE_QUEUES: Final = ("outbox", "events", "billing")
"""The functions of the control plane that have a queue of what failed for good."""


@dataclass(frozen=True)
class Watch:
    """A metric of the functions' own, and when someone is told.

    Parameters
    ----------
    name : str
        Of the metric, which is the alarm's too.
    meaning : str
        What it means and what to do.
    statistic, highest, periods, missing
        As an `Alarm` takes them, with periods of a minute.
    """

    name: str
    meaning: str
    statistic: str = "Sum"
    highest: float = 0
    periods: int = 1
    missing: MissingData = MissingData.WELL

    def metric(self, configuration: Configuration) -> Metric:
        """Return the metric of one deployment."""
        dimensions = {metrics.DEPLOYMENT: configuration.prefix}
        return Metric(metrics.NAMESPACE, self.name, dimensions, self.statistic)


WATCHES: Final = (
    Watch(
        metrics.FAILED_OPERATIONS,
        "An operation on a tenant failed: its reason is in the tenant's history",
    ),
    Watch(
        metrics.STUCK_OPERATIONS,
        "An operation runs longer than it may and is ended by the sweep: look at its build",
    ),
    Watch(
        metrics.SWEEP_PROBLEMS,
        "The sweep could not look after something: its log says what and why",
    ),
    # The sweep measures it every minute, so that silence is a sweep that does not run.
    Watch(
        metrics.OUTBOX_AGE,
        "Events wait for the bus, or the sweep that measures it does not run: look at the logs of "
        "the outbox and sweep functions",
        statistic="Maximum",
        highest=300,
        periods=5,
        missing=MissingData.BREACHING,
    ),
)


def failure_queue(configuration: Configuration, function: str) -> str:
    """Return the name of the queue of what a function of the control plane could not do."""
    return f"{configuration.prefix}-cp-{function}-failures"

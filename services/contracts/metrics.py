"""What the functions measure of themselves, and which values someone is told of.

A value is one line of the log. CloudWatch makes metrics of such lines (embedded metric format), so
that nothing is called for it. The stacks make an alarm of each row of `WATCHES`, and chart it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from typing import Final

NAMESPACE: Final = "EcsSaas/ControlPlane"
DEPLOYMENT: Final = "deployment"

FAILED_OPERATIONS: Final = "FailedOperations"
STUCK_OPERATIONS: Final = "StuckOperations"
FAILED_MOVES: Final = "FailedMoves"
SWEEP_PROBLEMS: Final = "SweepProblems"
OUTBOX_AGE: Final = "OutboxAgeSeconds"
OUTBOX_RESENT: Final = "OutboxResent"


@dataclass(frozen=True)
class Watch:
    """A metric, and when someone is told.

    Parameters
    ----------
    name : str
        Of the metric, which is the alarm's too.
    meaning : str
        What it means and what to do.
    statistic : str
        Of the values of each minute.
    highest : float
        What is still well.
    minutes : int
        How many in a row must be worse.
    silence : bool
        Whether a minute without a value is as bad.
    """

    name: str
    meaning: str
    statistic: str = "Sum"
    highest: float = 0
    minutes: int = 1
    silence: bool = False


WATCHES: Final = (
    Watch(
        FAILED_OPERATIONS,
        "An operation on a tenant failed: its reason is in the tenant's history",
    ),
    Watch(
        STUCK_OPERATIONS,
        "An operation runs longer than it may and is ended by the sweep: look at its build",
    ),
    # A build that is killed while it copies cannot let the tenant in again.
    Watch(
        FAILED_MOVES,
        "A move has failed, and all users of its tenant may be refused until it is retried or "
        "rolled back",
        statistic="Maximum",
    ),
    Watch(
        SWEEP_PROBLEMS,
        "The sweep could not look after something: its log says what and why",
    ),
    # The sweep measures it every minute, so that silence is a sweep that does not run.
    Watch(
        OUTBOX_AGE,
        "Events wait for the bus, or the sweep that measures it does not run: look at the logs of "
        "the outbox and sweep functions",
        statistic="Maximum",
        highest=300,
        minutes=5,
        silence=True,
    ),
)

_UNITS: Final = {OUTBOX_AGE: "Seconds"}


def measured(name: str, value: float) -> None:
    """Log one value of a metric of this deployment.

    The only dimension is the deployment: alarms look at exactly the dimensions that are there.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    metric = {"Name": name, "Unit": _UNITS.get(name, "Count")}
    directive = {"Namespace": NAMESPACE, "Dimensions": [[DEPLOYMENT]], "Metrics": [metric]}
    line = {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
        DEPLOYMENT: os.environ.get("PREFIX", "none"),
        name: value,
    }
    sys.stdout.write(f"{json.dumps(line)}\n")

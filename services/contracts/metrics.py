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
FULLEST_QUOTA: Final = "FullestQuotaPercent"


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
        Of the values of each period.
    highest : float
        What is still well.
    periods : int
        How many in a row must be worse.
    silence : bool
        Whether a period without a value is as bad.
    period_seconds : int
    """

    name: str
    meaning: str
    statistic: str = "Sum"
    highest: float = 0
    periods: int = 1
    silence: bool = False
    period_seconds: int = 60


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
        periods=5,
        silence=True,
    ),
    # Measured four times an hour, so that an hour is one message and not four.
    Watch(
        FULLEST_QUOTA,
        "Of a quota of AWS that tenants take of, more than 80 per cent are used: `ecs-saas "
        "capacity` says of which, and asks for more with --request",
        statistic="Maximum",
        highest=80,
        period_seconds=3600,
    ),
)

_UNITS: Final = {OUTBOX_AGE: "Seconds", FULLEST_QUOTA: "Percent"}


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

"""What the functions measure of themselves: one line of the log a value, in CloudWatch's format.

CloudWatch makes metrics of such lines (embedded metric format), so that nothing is called for it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Final

NAMESPACE: Final = "EcsSaas/ControlPlane"
DEPLOYMENT: Final = "deployment"

FAILED_OPERATIONS: Final = "FailedOperations"
STUCK_OPERATIONS: Final = "StuckOperations"
SWEEP_PROBLEMS: Final = "SweepProblems"
OUTBOX_AGE: Final = "OutboxAgeSeconds"
OUTBOX_RESENT: Final = "OutboxResent"

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

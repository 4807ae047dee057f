"""What the functions measure of themselves: one line of the log a value, in CloudWatch's format.

CloudWatch makes metrics of such lines (embedded metric format), so that nothing is called for it.
"""

from __future__ import annotations

import os
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
    """
    from aws_lambda_powertools.metrics import MetricUnit, single_metric  # noqa: PLC0415

    unit = MetricUnit(_UNITS.get(name, "Count"))
    with single_metric(
        name=name,
        unit=unit,
        value=value,
        namespace=NAMESPACE,
        default_dimensions={DEPLOYMENT: os.environ.get("PREFIX", "none")},
    ):
        pass

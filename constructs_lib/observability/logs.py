"""Log groups, and what is counted in them."""

from __future__ import annotations

from typing import Final

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.cloudwatch_log_metric_filter import (
    CloudwatchLogMetricFilter,
    CloudwatchLogMetricFilterMetricTransformation,
)
from constructs import Construct

from constructs_lib.errors import ConfigError
from constructs_lib.observability.alarms import Metric

__all__ = ["RETENTION_DAYS", "LogGroup"]

RETENTION_DAYS: Final = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)  # fmt: skip
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""


class LogGroup(Construct):
    """A log group whose entries expire.

    Parameters
    ----------
    name : str
        At most 512 characters; may hold Terraform expressions.
    retention_days : int, default 30
        One of `RETENTION_DAYS`. CloudWatch would keep entries for ever.
    kms_key_arn : str, optional
        The key that encrypts the entries; CloudWatch's own without it.

    Attributes
    ----------
    name, arn : str
    resource : CloudwatchLogGroup

    Raises
    ------
    ConfigError
        If CloudWatch does not know the period.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        retention_days: int = 30,
        kms_key_arn: str | None = None,
    ) -> None:
        if retention_days not in RETENTION_DAYS:
            raise ConfigError(
                f"retention_days: got {retention_days}; allowed "
                f"{', '.join(map(str, RETENTION_DAYS))}"
            )
        super().__init__(scope, id_)
        self.resource = CloudwatchLogGroup(
            self,
            "Resource",
            name=name,
            retention_in_days=retention_days,
            kms_key_id=kms_key_arn,
        )
        self.name: str = self.resource.name
        self.arn: str = self.resource.arn

    def count(self, scope: Construct, id_: str, *, pattern: str, metric: Metric) -> None:
        """Make `metric`, which has no dimensions, of the entries that `pattern` finds.

        Each counts one: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
        """
        CloudwatchLogMetricFilter(
            scope,
            id_,
            name=metric.name,
            log_group_name=self.name,
            pattern=pattern,
            metric_transformation=CloudwatchLogMetricFilterMetricTransformation(
                namespace=metric.namespace, name=metric.name, value="1"
            ),
        )

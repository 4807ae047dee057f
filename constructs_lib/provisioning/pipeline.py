"""From a request on the bus to a build, one execution for each operation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from cdktf_cdktf_provider_aws.sfn_state_machine import (
    SfnStateMachine,
    SfnStateMachineLoggingConfiguration,
    SfnStateMachineTracingConfiguration,
)
from constructs import Construct

from constructs_lib.identity import Role, Statement, trust_of_own_account
from constructs_lib.observability import Alarm, AlarmTopic, LogGroup, Metric, messages
from constructs_lib.sequences import takes_sequences

_LOG_DELIVERY: Final = (
    *("logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups"),
    *("logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries"),
    *("logs:PutResourcePolicy", "logs:UpdateLogDelivery"),
)
# A dashboard is 24 units wide.
_COLUMNS: Final = 3
_WIDTH: Final = 8
_HEIGHT: Final = 6


class OperationMachine(Construct):
    """A state machine that carries out one operation, with alarms on those that do not end well.

    Parameters
    ----------
    name : str
    definition : str
        As JSON.
    project_arn : str
        The CodeBuild project whose builds it starts and stops.
    bus_arn : str
        Where it reports failures.
    rule_arn : str
        The rule that Step Functions hears of ended builds by; it makes it itself.
    topic : AlarmTopic
    log_retention_days : int, default 30
        Of the log of what failed.

    Attributes
    ----------
    name, arn : str
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        definition: str,
        project_arn: str,
        bus_arn: str,
        rule_arn: str,
        topic: AlarmTopic,
        log_retention_days: int = 30,
    ) -> None:
        super().__init__(scope, id_)
        # So named, the group may be written without a statement of its resource policy, which has
        # few characters for all groups of the account.
        logs = LogGroup(
            self,
            "logs",
            name=f"/aws/vendedlogs/states/{name}",
            retention_days=log_retention_days,
        )
        role = Role(
            self,
            "role",
            name=f"{name}-role",
            description=f"What the executions of {name} may do",
            # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
            trust=trust_of_own_account("states.amazonaws.com", project_arn),
            statements=[
                Statement(
                    ["codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"],
                    [project_arn],
                    sid="Builds",
                ),
                # https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html
                Statement(
                    ["events:DescribeRule", "events:PutRule", "events:PutTargets"],
                    [rule_arn],
                    sid="HearOfEndedBuilds",
                ),
                Statement(["events:PutEvents"], [bus_arn], sid="Failures"),
                Statement(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], sid="Traces"),
                # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
                Statement(list(_LOG_DELIVERY), sid="LogDelivery"),
            ],
        )
        machine = SfnStateMachine(
            self,
            "Resource",
            name=name,
            type="STANDARD",
            role_arn=role.arn,
            definition=definition,
            # Not what went through it: requests name tenants and their administrators.
            logging_configuration=SfnStateMachineLoggingConfiguration(
                level="ERROR", include_execution_data=False, log_destination=f"{logs.arn}:*"
            ),
            tracing_configuration=SfnStateMachineTracingConfiguration(enabled=True),
            depends_on=role.ready,
        )
        self.name: str = machine.name
        self.arn: str = machine.arn
        dimensions = {"StateMachineArn": self.arn}
        for metric, meaning in (
            ("ExecutionsFailed", "An operation on a tenant failed; the tenant's row says why"),
            ("ExecutionsTimedOut", "An operation on a tenant was given up; look at its build"),
        ):
            Alarm(
                self,
                f"alarm-{metric}",
                name=f"{name}-{metric}",
                description=meaning,
                metric=Metric("AWS/States", metric, dimensions),
                evaluation_periods=1,
                topic=topic,
            )


@takes_sequences
class OperationsDashboard(Construct):
    """One page that shows executions, builds, what could not be delivered, and more.

    Parameters
    ----------
    name, region : str
    state_machine_arn, project_name : str
    queue_names : sequence of str
        The queues of what could not be delivered.
    charts : mapping of str to sequence of Metric, optional
        Further charts by title, each with its metrics.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        region: str,
        state_machine_arn: str,
        project_name: str,
        queue_names: Sequence[str],
        charts: Mapping[str, Sequence[Metric]] | None = None,
    ) -> None:
        super().__init__(scope, id_)
        machine = {"StateMachineArn": state_machine_arn}
        project = {"ProjectName": project_name}
        shown = {
            "Operations": [
                Metric("AWS/States", name, machine)
                for name in ("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed")
            ],
            "Builds": [
                Metric("AWS/CodeBuild", name, project)
                for name in ("Builds", "SucceededBuilds", "FailedBuilds")
            ],
            "Not delivered": [messages(queue=queue) for queue in queue_names],
            **(charts or {}),
        }
        CloudwatchDashboard(
            self,
            "Resource",
            dashboard_name=name,
            dashboard_body=json.dumps(
                {
                    "widgets": [
                        {
                            "type": "metric",
                            "x": _WIDTH * (number % _COLUMNS),
                            "y": _HEIGHT * (number // _COLUMNS),
                            "width": _WIDTH,
                            "height": _HEIGHT,
                            "properties": {
                                "title": title,
                                "region": region,
                                "period": 300,
                                "metrics": [_line(metric) for metric in metrics],
                            },
                        }
                        for number, (title, metrics) in enumerate(shown.items())
                    ]
                }
            ),
        )


def _line(metric: Metric) -> list[object]:
    """Return a line of a chart, as the body of a dashboard has it."""
    dimensions = [part for pair in metric.dimensions.items() for part in pair]
    return [metric.namespace, metric.name, *dimensions, {"stat": metric.statistic}]

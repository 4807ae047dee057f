"""The alarm on invocations of a function that failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from constructs import Construct

from constructs_lib.observability import Alarm, AlarmTopic, LogGroup, Metric, function_errors

_NAMESPACE: Final = "FunctionFailures"


def watch_failures(
    scope: Construct, *, name: str, logs: LogGroup, refusals: Sequence[str], topic: AlarmTopic
) -> None:
    """Make the alarm of the function `name` in its construct `scope`.

    Lambda counts every exception as an error. Of a function that refuses by an exception, which
    strangers may cause at will, failures are therefore counted in its log.

    Parameters
    ----------
    refusals : sequence of str
        Names of the exceptions that are an answer and no failure.
    """
    metric = function_errors(function=name)
    if refusals:
        metric = Metric(_NAMESPACE, f"{name}-failures", {}, period_seconds=metric.period_seconds)
        logs.count(scope, "failures", pattern=failure_pattern(refusals), metric=metric)
    Alarm(
        scope,
        "alarm-errors",
        name=f"{name}-errors",
        description=f"Invocations of {name} fail: look for exceptions and time-outs in its log",
        metric=metric,
        evaluation_periods=1,
        topic=topic,
    )


def failure_pattern(refusals: Sequence[str]) -> str:
    """Return the filter of log entries about failures, in a log whose format is JSON.

    The runtime writes an exception as `errorType` [1]_, Lambda itself how an invocation ended [2]_.

    >>> failure_pattern(["UnauthorizedError"])
    '{ ($.errorType = "*" && $.errorType != "UnauthorizedError") || $.record.status = "timeout" }'

    References
    ----------
    .. [1] https://github.com/aws/aws-lambda-python-runtime-interface-client (`log_error`)
    .. [2] https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
    """
    others = "".join(f' && $.errorType != "{name}"' for name in refusals)
    return f'{{ ($.errorType = "*"{others}) || $.record.status = "timeout" }}'

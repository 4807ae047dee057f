"""CloudWatch: metric alarms."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ministack.services import cloudwatch

from services.local_aws.patches.query import tree, xml
from services.local_aws.patches.registry import patch, replace

Handler = Callable[..., Any]

# What an alarm on an expression over several metrics has instead.
_SINGLE_METRIC = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit")


@patch
def alarm_fields() -> None:
    """An alarm answers with everything it was given.

    Stock answers the query protocol, which the provider speaks, with nine of its fields, and
    never stores expressions over metrics: every plan wants to set actions, dimensions, period
    and statistic again.
    """
    replace(cloudwatch, "_put_metric_alarm", _make_put)
    replace(cloudwatch, "_describe_alarms", _make_describe)


def _make_put(original: Handler) -> Handler:
    def put(params: dict[str, Any], data: dict[str, Any], is_cbor: bool, is_json: bool) -> Any:
        request = data if is_cbor or is_json else tree(params)
        answer = original(params, data, is_cbor, is_json)
        alarm = cloudwatch._alarms.get(request.get("AlarmName", ""))
        if alarm is None or answer[0] != 200:
            return answer
        for name in ("ThresholdMetricId", "EvaluateLowSampleCountPercentile"):
            if request.get(name):
                alarm[name] = request[name]
        alarm["InsufficientDataActions"] = request.get("InsufficientDataActions") or []
        if request.get("Metrics"):
            alarm["Metrics"] = request["Metrics"]
            for name in _SINGLE_METRIC:
                alarm[name] = None
        elif not request.get("Statistic"):
            alarm["Statistic"] = None
        if "Threshold" not in request:
            alarm["Threshold"] = None
        return answer

    return put


def _make_describe(original: Handler) -> Handler:
    def describe(params: dict[str, Any], data: dict[str, Any], is_cbor: bool, is_json: bool) -> Any:
        if is_cbor or is_json:
            return original(params, data, is_cbor, is_json)
        request = tree(params)
        if "MaxRecords" in request:
            request["MaxRecords"] = int(request["MaxRecords"])
        status, _, body = original({}, request, False, True)
        if status != 200:
            return original(params, data, is_cbor, is_json)
        result = json.loads(body)
        result["MetricAlarms"] = [_fields(alarm) for alarm in result["MetricAlarms"]]
        result["CompositeAlarms"] = [_fields(alarm) for alarm in result["CompositeAlarms"]]
        return cloudwatch._xml(
            200,
            "DescribeAlarmsResponse",
            f"<DescribeAlarmsResult>{xml(result)}</DescribeAlarmsResult>",
        )

    return describe


def _fields(alarm: dict[str, Any]) -> dict[str, Any]:
    """Return an alarm as the query protocol tells it: no empty strings, times as ISO 8601."""
    fields = {}
    for name, value in alarm.items():
        if value is None or value == "" or name.startswith("_"):
            continue
        is_time = name.endswith("Timestamp") and isinstance(value, int | float)
        fields[name] = datetime.fromtimestamp(value, UTC).isoformat() if is_time else value
    return fields

"""Nothing fails in silence: what is watched exists, and somebody is told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.functions.failures import failure_pattern
from services.application.authorizer.function import UnauthorizedError
from services.application.token_claims.claims import ClaimsRefusedError
from services.contracts import metrics
from services.contracts.stacks import CELL_NOT_MADE
from tests.synth.template import Template
from tests.unit.control_plane.conftest import what_was_held  # noqa: F401 - a fixture
from tests.unit.control_plane.measuring import emitted, measure_everything

# Documented metrics, each with the dimensions that it has.
_OF_AWS = {
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    ("AWS/Lambda", "Errors"): {"FunctionName"},
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName"},
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    ("AWS/States", "ExecutionsFailed"): {"StateMachineArn"},
    ("AWS/States", "ExecutionsStarted"): {"StateMachineArn"},
    ("AWS/States", "ExecutionsSucceeded"): {"StateMachineArn"},
    ("AWS/States", "ExecutionsTimedOut"): {"StateMachineArn"},
    # https://docs.aws.amazon.com/codebuild/latest/userguide/cloudwatch_metrics-codebuild.html
    ("AWS/CodeBuild", "Builds"): {"ProjectName"},
    ("AWS/CodeBuild", "FailedBuilds"): {"ProjectName"},
    ("AWS/CodeBuild", "SucceededBuilds"): {"ProjectName"},
}

Watched = tuple[str, str, dict[str, str]]


@pytest.fixture
def measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> set[tuple[str, str, str]]:
    """Namespace, name and dimensions of all that the control plane's code emits."""
    monkeypatch.setenv("PREFIX", "shop-dev")
    measure_everything()
    return {
        (value.namespace, value.name, json.dumps(dict(value.dimensions)))
        for value in emitted(capsys.readouterr().out)
    }


def alarms(template: Template) -> list[dict[str, Any]]:
    return list(template.resources("aws_cloudwatch_metric_alarm").values())


def charted(template: Template) -> Iterator[tuple[Watched, str]]:
    """Yield each metric of the dashboards, and its statistic."""
    for dashboard in template.resources("aws_cloudwatch_dashboard").values():
        for widget in json.loads(dashboard["dashboard_body"])["widgets"]:
            for namespace, name, *pairs, how in widget["properties"]["metrics"]:
                dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
                yield (namespace, name, dimensions), how["stat"]


def logged(templates: Mapping[str, Template]) -> set[tuple[str, str]]:
    """Return the metrics that are made of logs."""
    return {
        (each["metric_transformation"]["namespace"], each["metric_transformation"]["name"])
        for template in templates.values()
        for each in template.resources("aws_cloudwatch_log_metric_filter").values()
    }


def test_every_metric_that_is_watched_is_one_that_is_emitted(
    templates: Mapping[str, Template], measured: set[tuple[str, str, str]]
) -> None:
    watched: list[Watched] = [
        (alarm["namespace"], alarm["metric_name"], alarm.get("dimensions") or {})
        for template in templates.values()
        for alarm in alarms(template)
    ]
    watched += [metric for metric, _ in charted(templates["application-plane"])]
    own = 0
    for namespace, name, dimensions in watched:
        if namespace == metrics.NAMESPACE:
            own += 1
            assert (namespace, name, json.dumps(dimensions)) in measured
        elif (namespace, name) in logged(templates):
            assert dimensions == {}
        else:
            assert set(dimensions) == _OF_AWS[namespace, name]
    assert own >= 6


def test_whoever_runs_the_system_is_told(templates: Mapping[str, Template]) -> None:
    for name, template in templates.items():
        for alarm in alarms(template):
            assert alarm["alarm_actions"] == alarm["ok_actions"] != [], name
            (topic,) = alarm["alarm_actions"]
            told = template.resources("aws_sns_topic_subscription").values()
            assert topic in {each["topic_arn"] for each in told}, name


def test_every_function_that_fails_is_told_of(templates: Mapping[str, Template]) -> None:
    functions = 0
    for name, template in templates.items():
        watched = {
            (alarm.get("dimensions") or {}).get("FunctionName") or alarm["metric_name"]
            for alarm in alarms(template)
        }
        for function in template.resources("aws_lambda_function").values():
            functions += 1
            its = function["function_name"]
            assert {its, f"{its}-failures"} & watched, name
    assert functions == 10


def test_strangers_cannot_ring_the_alarm(templates: Mapping[str, Template]) -> None:
    """A refused token is an exception, and no failure."""
    patterns = {
        each["metric_transformation"]["name"]: each["pattern"]
        for each in templates["platform"].resources("aws_cloudwatch_log_metric_filter").values()
    }
    assert patterns == {
        "shop-dev-authorizer-failures": failure_pattern([UnauthorizedError.__name__]),
        "shop-dev-token-claims-failures": failure_pattern([ClaimsRefusedError.__name__]),
    }


def test_a_cell_that_builds_cannot_make_rings_the_alarm(
    templates: Mapping[str, Template],
) -> None:
    plane = templates["application-plane"]
    (counted,) = plane.resources("aws_cloudwatch_log_metric_filter").values()
    assert counted["pattern"] == f'"{CELL_NOT_MADE}"'
    (project,) = plane.resources("aws_codebuild_project").values()
    builds = project["logs_config"]["cloudwatch_logs"]["group_name"]
    assert counted["log_group_name"] == builds


def test_silence_is_an_alarm_where_something_is_measured_all_the_time(
    templates: Mapping[str, Template],
) -> None:
    """The sweep measures the outbox's age in each run: without a value it does not run."""
    breaching = [
        alarm["metric_name"]
        for template in templates.values()
        for alarm in alarms(template)
        if alarm["treat_missing_data"] == "breaching"
    ]
    assert breaching == [metrics.OUTBOX_AGE]


def test_the_dashboard_shows_every_queue_of_failures_and_what_functions_measure(
    templates: Mapping[str, Template],
) -> None:
    shown = list(charted(templates["application-plane"]))
    queues = {
        f"${{aws_sqs_queue.{id_}.name}}" if plane == "application-plane" else queue["name"]
        for plane in ("application-plane", "control-plane")
        for id_, queue in templates[plane].resources("aws_sqs_queue").items()
    }
    assert len(queues) == 4
    assert {
        dimensions["QueueName"] for (namespace, _, dimensions), _ in shown if namespace == "AWS/SQS"
    } == queues
    statistics = {name: statistic for (_, name, _), statistic in shown}
    assert statistics[metrics.STUCK_OPERATIONS] == "Sum"
    assert statistics[metrics.OUTBOX_AGE] == "Maximum"
    assert statistics["ApproximateNumberOfMessagesVisible"] == "Maximum"


def test_the_guide_says_of_every_alarm_what_to_do(templates: Mapping[str, Template]) -> None:
    guide = (Path(__file__).parents[3] / "docs/guide.md").read_text()
    _, _, section = guide.partition("## What rings, and what to do")
    rows = re.findall(r"^\| (`.*?`) \| .+ \| .+ \|$", section.partition("\n## ")[0], re.MULTILINE)
    patterns = [pattern for row in rows for pattern in re.findall(r"`(.+?)`", row)]
    names = {
        alarm["alarm_name"].removeprefix("shop-dev-")
        for template in templates.values()
        for alarm in alarms(template)
    }
    matched = {name: [p for p in patterns if fnmatchcase(name, p)] for name in names}
    assert {name: found for name, found in matched.items() if len(found) != 1} == {}
    assert set(patterns) == {found[0] for found in matched.values()}

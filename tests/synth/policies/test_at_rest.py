"""What is kept is encrypted and ends, and services act for this account alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.configuration import Configuration
from tests.synth.policies.samples import filled
from tests.synth.policies.test_boundaries import VARIANTS
from tests.synth.sample import configured
from tests.synth.template import Template, as_list

Templates = dict[str, Template]

#: Services that a role trusts, and whether they say whose resource they act for when they take it
#: on. Where no guide says so, the condition could lock the service out.
SAYS_WHOSE = {
    # https://docs.aws.amazon.com/codebuild/latest/userguide/cross-service-confused-deputy-prevention.html
    "codebuild.amazonaws.com": True,
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    "ecs-tasks.amazonaws.com": True,
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
    "states.amazonaws.com": True,
    # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    "vpc-flow-logs.amazonaws.com": True,
    # https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    "lambda.amazonaws.com": False,
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
    "ec2.amazonaws.com": False,
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    "apigateway.amazonaws.com": False,
}
_WHOSE = ("aws:SourceAccount", "aws:SourceArn")


@pytest.fixture(
    scope="module", params=[name for name, text in VARIANTS.items() if "FOLDER" not in text]
)
def modules(
    request: pytest.FixtureRequest, synthesised: Callable[[Configuration], Templates]
) -> Templates:
    return synthesised(configured(base=VARIANTS[request.param]))


def _all(modules: Templates, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for template in modules.values():
        for name, body in template.resources(kind).items():
            yield f"{template.name}: {kind}.{name}", body


def test_topics_are_encrypted_with_a_key_that_alarms_may_use(modules: Templates) -> None:
    topics = dict(_all(modules, "aws_sns_topic"))
    assert len(topics) >= 3
    (alias,) = (body for _, body in _all(modules, "aws_kms_alias"))
    for where, body in topics.items():
        own = "${aws_kms_alias." in body["kms_master_key_id"]
        assert own or body["kms_master_key_id"] == alias["name"], where
    (key,) = (json.loads(body["policy"]) for _, body in _all(modules, "aws_kms_key"))
    (alarms,) = (
        each
        for each in key["Statement"]
        if each["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    )
    assert set(alarms["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    # Who else publishes needs the key too.
    rules = [body["arn"] for _, body in _all(modules, "aws_cloudwatch_event_target")]
    assert not [arn for arn in rules if "sns" in arn]


def test_keys_are_used_by_services_for_this_account_alone(modules: Templates) -> None:
    for where, body in _all(modules, "aws_kms_key"):
        assert body["enable_key_rotation"] is True, where
        for statement in json.loads(body["policy"])["Statement"]:
            if "Service" in statement["Principal"]:
                assert "aws:SourceAccount" in statement["Condition"]["StringEquals"], where
            else:
                using = {"kms:Decrypt", "kms:Encrypt", "kms:*", "*"} & set(statement["Action"])
                assert not using, where


def test_queues_are_encrypted(modules: Templates) -> None:
    queues = dict(_all(modules, "aws_sqs_queue"))
    assert queues
    for where, body in queues.items():
        assert body.get("sqs_managed_sse_enabled") or body.get("kms_master_key_id"), where


def test_logs_end(modules: Templates) -> None:
    groups = dict(_all(modules, "aws_cloudwatch_log_group"))
    assert len(groups) > 10
    for where, body in groups.items():
        assert body["retention_in_days"] > 0, where


def test_state_machines_log_without_what_went_through_them(modules: Templates) -> None:
    machines = dict(_all(modules, "aws_sfn_state_machine"))
    assert machines
    for where, body in machines.items():
        logging = body["logging_configuration"]
        assert logging["level"] in {"ALL", "ERROR", "FATAL"}, where
        assert logging["include_execution_data"] is False, where
        assert logging["log_destination"].endswith(":*"), where


def test_a_service_takes_a_role_for_this_account_alone(modules: Templates) -> None:
    seen = set()
    for where, body in _all(modules, "aws_iam_role"):
        for statement in json.loads(filled(body["assume_role_policy"]))["Statement"]:
            for service in as_list(statement["Principal"].get("Service", [])):
                assert service in SAYS_WHOSE, f"{where}: add {service}, with its guide"
                seen.add(service)
                if SAYS_WHOSE[service]:
                    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"], where
    assert {"ecs-tasks.amazonaws.com", "codebuild.amazonaws.com"} <= seen


def test_a_service_reaches_a_resource_for_this_account_alone(modules: Templates) -> None:
    """In the policies of buckets, queues, topics, keys and buses."""
    seen = 0
    for template in modules.values():
        for where, statement in template.statements():
            principal = statement.get("Principal", {})
            if "aws_iam_role" in where or "Service" not in principal:
                continue
            if statement["Effect"] == "Allow":
                seen += 1
                conditions = statement.get("Condition", {})
                keys = {key for each in conditions.values() for key in each}
                # Load balancers write under the number of the account that they are of.
                # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
                named = all("/AWSLogs/" in arn for arn in as_list(statement["Resource"]))
                assert named or keys & set(_WHOSE), f"{where}: {statement}"
    assert seen >= 3

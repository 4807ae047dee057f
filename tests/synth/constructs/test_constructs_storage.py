"""Buckets, logs and alarms."""

from __future__ import annotations

import json
from typing import Any

import pytest

from constructs_lib import ConfigError, SaasStack
from constructs_lib.observability import (
    Alarm,
    AlarmTopic,
    LogGroup,
    Metric,
    server_errors,
    unhealthy_hosts,
)
from constructs_lib.storage import LogBucket, ReleaseBucket, SecureBucket
from tests.synth.template import Template


def _statements(template: Template) -> dict[str, dict[str, Any]]:
    policy = json.loads(template.resource("aws_s3_bucket_policy")["policy"])
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_a_bucket_is_private_encrypted_and_versioned(stack: SaasStack) -> None:
    SecureBucket(stack, "bucket", name="shop-dev-data")

    template = Template.of(stack)
    block = template.resource("aws_s3_bucket_public_access_block")
    assert [block[key] for key in sorted(block) if key.endswith(("acls", "policy", "buckets"))] == [
        True
    ] * 4
    (rule,) = template.resource("aws_s3_bucket_server_side_encryption_configuration")["rule"]
    assert rule["apply_server_side_encryption_by_default"]["sse_algorithm"] == "AES256"
    versioning = template.resource("aws_s3_bucket_versioning")["versioning_configuration"]
    assert versioning == {"status": "Enabled"}
    assert _statements(template)["TlsOnly"]["Effect"] == "Deny"


def test_a_bucket_takes_a_key(stack: SaasStack) -> None:
    SecureBucket(stack, "bucket", name="shop-dev-data", kms_key_arn="arn:aws:kms:r:1:key/k")

    encryption = Template.of(stack).resource("aws_s3_bucket_server_side_encryption_configuration")
    (rule,) = encryption["rule"]
    assert rule["bucket_key_enabled"] is True
    assert rule["apply_server_side_encryption_by_default"] == {
        "sse_algorithm": "aws:kms",
        "kms_master_key_id": "arn:aws:kms:r:1:key/k",
    }


def test_load_balancers_may_write_logs_of_this_account_only(stack: SaasStack) -> None:
    LogBucket(stack, "logs", name="shop-dev-logs", expire_days=10)

    template = Template.of(stack)
    allowed = {
        sid: statement
        for sid, statement in _statements(template).items()
        if statement["Effect"] == "Allow"
    }
    assert {statement["Action"] for statement in allowed.values()} == {"s3:PutObject"}
    assert all("aws_caller_identity" in json.dumps(statement) for statement in allowed.values())
    (rule,) = template.resource("aws_s3_bucket_lifecycle_configuration")["rule"]
    assert rule["expiration"] == [{"days": 10}]


def test_a_release_is_written_once(stack: SaasStack) -> None:
    ReleaseBucket(stack, "releases", name="shop-dev-releases", access_log_bucket="shop-dev-logs")

    template = Template.of(stack)
    once = _statements(template)["WriteOnce"]
    assert (once["Effect"], once["Condition"]["Null"]) == ("Deny", {"s3:if-none-match": "true"})
    (rule,) = template.resource("aws_s3_bucket_lifecycle_configuration")["rule"]
    assert "noncurrent_version_expiration" not in rule
    assert template.resource("aws_s3_bucket_logging")["target_prefix"] == "s3/shop-dev-releases/"


def test_a_bucket_name_s3_would_refuse_is_refused(stack: SaasStack) -> None:
    with pytest.raises(ConfigError, match="S3 bucket name: got 'Shop_Data'"):
        SecureBucket(stack, "bucket", name="Shop_Data")


def test_logs_end(stack: SaasStack) -> None:
    LogGroup(stack, "logs", name="/shop/dev/orders", kms_key_arn="arn:aws:kms:r:1:key/k")

    assert Template.of(stack).resource("aws_cloudwatch_log_group") == {
        "name": "/shop/dev/orders",
        "retention_in_days": 30,
        "kms_key_id": "arn:aws:kms:r:1:key/k",
    }
    with pytest.raises(ConfigError, match="retention_days: got 8; allowed 1, 3, 5, 7"):
        LogGroup(stack, "other", name="/shop/dev/other", retention_days=8)


def test_an_alarm_tells_when_it_goes_off_and_when_it_is_over(stack: SaasStack) -> None:
    topic = AlarmTopic(stack, "alarms", name="shop-dev", emails=["ops@example.com"])
    metric = server_errors(load_balancer="app/shop/1")
    Alarm(stack, "errors", name="errors", description="5xx", metric=metric, topic=topic)

    template = Template.of(stack)
    alarm = template.resource("aws_cloudwatch_metric_alarm")
    assert alarm["alarm_actions"] == alarm["ok_actions"] != []
    assert alarm["dimensions"] == {"LoadBalancer": "app/shop/1"}
    assert alarm["treat_missing_data"] == "notBreaching"
    assert template.resource("aws_sns_topic")["name"] == "shop-dev-alarms"
    assert template.resource("aws_sns_topic_subscription")["endpoint"] == "ops@example.com"


def test_metrics_are_in_the_namespace_of_their_load_balancer() -> None:
    metric = unhealthy_hosts(
        load_balancer="net/a/1", target_group="targetgroup/a/1", kind="network"
    )

    assert metric.namespace == "AWS/NetworkELB"
    with pytest.raises(ConfigError, match="period_seconds: got 90"):
        Metric("AWS/SQS", "Age", {}, period_seconds=90)

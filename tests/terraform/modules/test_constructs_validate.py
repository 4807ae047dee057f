"""The constructs of this library, judged by the real provider."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cdktf import App

from constructs_lib import SaasStack, StackSettings
from constructs_lib.hcl.module import HclModule
from constructs_lib.network import Network
from constructs_lib.observability import (
    Alarm,
    AlarmTopic,
    read_throttles,
    server_errors,
    unhealthy_hosts,
    write_throttles,
)
from constructs_lib.routing import RoutingCell
from constructs_lib.storage import LogBucket, ReleaseBucket, SecureBucket

MODULES = Path(__file__).parents[3] / "modules"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def _everything(outdir: Path) -> Path:
    settings = StackSettings("shop", "dev", "eu-central-1", "shop-dev-tfstate", "shop-dev-tflock")
    app = App(outdir=str(outdir))
    stack = SaasStack(app, "platform", settings=settings)
    network = Network(
        stack,
        "network",
        name=settings.prefix,
        cidr="10.0.0.0/16",
        zones=["eu-central-1a", "eu-central-1b", "eu-central-1c"],
        interface_endpoints=["ecr.api", "logs"],
        log_kms_key_arn=KEY,
    )
    logs = LogBucket(stack, "logs", name="shop-dev-logs")
    ReleaseBucket(stack, "releases", name="shop-dev-releases", access_log_bucket=logs.name)
    SecureBucket(stack, "data", name="shop-dev-data", kms_key_arn=KEY, expire_days=7)
    cell = RoutingCell(
        stack, "cell-1", network=network, name="shop-dev-cell-1", access_log_bucket=logs.name
    )
    topic = AlarmTopic(stack, "alarms", name=settings.prefix, emails=["ops@example.com"])
    metrics = {
        "errors": server_errors(load_balancer=cell.load_balancer_arn_suffix),
        "hosts": unhealthy_hosts(
            load_balancer=cell.load_balancer_arn_suffix, target_group="t", kind="application"
        ),
        "reads": read_throttles(table="shop-dev-orders"),
        "writes": write_throttles(table="shop-dev-orders"),
    }
    for name, metric in metrics.items():
        Alarm(stack, name, name=f"shop-dev-{name}", description=name, metric=metric, topic=topic)
    HclModule(
        stack,
        "ci",
        source=MODULES / "ci_identity",
        inputs={
            "name": settings.prefix,
            "repository": "owner/shop",
            "state_bucket_arn": "arn:aws:s3:::shop-dev-tfstate",
            "apply_policy_arns": {"topic": topic.arn},
            "plan_policy_arns": {"topic": topic.arn},
            "plan_state_keys": ["platform.tfstate"],
        },
    )
    app.synth()
    return outdir / "stacks" / "platform"


@pytest.mark.terraform
def test_a_stack_of_all_constructs_is_valid_wherever_it_is(
    tmp_path: Path, terraform: Callable[..., str]
) -> None:
    stack = _everything(tmp_path / "cdktf.out")
    moved = tmp_path / "moved"
    shutil.move(stack, moved)

    terraform(moved, "init", "-backend=false", "-input=false")

    assert "Success!" in terraform(moved, "validate")

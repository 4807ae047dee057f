"""What is imported by what, and how a run is told to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.provisioning.terraform import adoption
from services.provisioning.terraform.adoption import Creation, Import, import_id

_HERE = "arn:aws:{}:us-east-1:000000000000:{}"


@pytest.mark.parametrize(
    ("kind", "arn", "expected"),
    [
        ("aws_api_gateway_api_key", "arn:aws:apigateway:us-east-1::/apikeys/k1", "k1"),
        ("aws_api_gateway_rest_api", "arn:aws:apigateway:us-east-1::/restapis/r1", "r1"),
        ("aws_api_gateway_rest_api", "arn:aws:apigateway:us-east-1::/restapis/r/stages/s", None),
        ("aws_api_gateway_stage", "arn:aws:apigateway:us-east-1::/restapis/r/stages/s", "r/s"),
        ("aws_api_gateway_usage_plan", "arn:aws:apigateway:us-east-1::/usageplans/u1", "u1"),
        ("aws_api_gateway_vpc_link", "arn:aws:apigateway:us-east-1::/vpclinks/v1", "v1"),
        ("aws_cloudwatch_log_group", _HERE.format("logs", "log-group:/a/b:*"), "/a/b"),
        ("aws_cognito_user_pool", _HERE.format("cognito-idp", "userpool/p_1"), "p_1"),
        ("aws_dynamodb_table", _HERE.format("dynamodb", "table/t"), "t"),
        ("aws_ecs_service", _HERE.format("ecs", "service/c/s"), "c/s"),
        ("aws_iam_role", "arn:aws:iam::000000000000:role/r", "r"),
        ("aws_security_group", _HERE.format("ec2", "security-group/sg-1"), "sg-1"),
        ("aws_service_discovery_http_namespace", _HERE.format("x", "namespace/ns-1"), "ns-1"),
        ("aws_ssm_parameter", _HERE.format("ssm", "parameter/a/b"), "/a/b"),
        # A task carries its service's tags, and is none.
        ("aws_ecs_service", _HERE.format("ecs", "task/c/0123"), None),
        ("aws_ecs_cluster", _HERE.format("ecs", "service/c/s"), None),
        ("aws_unheard_of", _HERE.format("x", "y/z"), None),
    ],
)
def test_what_a_resource_is_imported_by(kind: str, arn: str, expected: str | None) -> None:
    assert import_id(kind, arn) == expected


@pytest.mark.parametrize(
    ("kind", "resource"),
    [
        ("aws_lb", "loadbalancer/app/a/1"),
        ("aws_lb_listener", "listener/app/a/1/2"),
        ("aws_lb_target_group", "targetgroup/t/1"),
        ("aws_lb_listener_rule", "listener-rule/app/a/1/2/3"),
        ("aws_ecs_task_definition", "task-definition/f:3"),
    ],
)
def test_some_are_imported_by_their_arn(kind: str, resource: str) -> None:
    arn = _HERE.format("x", resource)
    assert import_id(kind, arn) == arn


def test_a_run_is_told_what_to_adopt_and_the_next_one_nothing(tmp_path: Path) -> None:
    adoption.write(tmp_path, [Import('aws_x.y["a"]', "i")])
    (written,) = tmp_path.iterdir()
    assert json.loads(written.read_text()) == {"import": [{"to": 'aws_x.y["a"]', "id": "i"}]}
    adoption.write(tmp_path, [])
    assert list(tmp_path.iterdir()) == []
    adoption.write(tmp_path, [])


def test_only_creations_of_a_plan_are_looked_for() -> None:
    def change(address: str, *actions: str, mode: str = "managed") -> dict[str, object]:
        kind = address.partition(".")[0]
        planned = {"actions": list(actions), "after": {"name": address}}
        return {"address": address, "type": kind, "mode": mode, "change": planned}

    changes = [
        change("a.made", "create"),
        change("a.replaced", "delete", "create"),
        change("a.kept", "no-op"),
        change("a.gone", "delete"),
        change("data.a.read", "read", mode="data"),
    ]
    assert adoption.creations({"resource_changes": changes}) == [
        Creation("a.made", "a", {"name": "a.made"}),
        Creation("a.replaced", "a", {"name": "a.replaced"}),
    ]

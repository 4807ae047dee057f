"""The two planes: every route has its scope, no right is unnamed, nothing is lost in silence."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from constructs_lib.identity.statement import UNNAMEABLE_ACTIONS
from services.control_plane import routes
from tests.synth.planes.builds import stable
from tests.synth.template import Template, as_list

PLANES = ("control-plane", "application-plane")


@pytest.mark.parametrize("plane", PLANES)
def test_root_module(
    planes: dict[str, Template], snapshot_json: SnapshotAssertion, plane: str
) -> None:
    assert stable(planes[plane]) == snapshot_json


def test_every_route_says_who_may_call_it(planes: dict[str, Template]) -> None:
    found = {
        body["route_key"]: body
        for body in planes["control-plane"].resources("aws_apigatewayv2_route").values()
    }
    assert set(found) == {route.key for route in routes.ROUTES}
    for route in routes.ROUTES:
        body = found[route.key]
        if route.access is routes.Access.JWT:
            assert body["authorization_type"] == "JWT"
            assert body["authorization_scopes"] == list(route.scopes) != []
            assert "authorizer_id" in body
        elif route.access is routes.Access.IAM:
            assert body["authorization_type"] == "AWS_IAM"
        else:
            assert body["authorization_type"] == "NONE"
            assert route.method == "GET"


@pytest.mark.parametrize("plane", PLANES)
def test_no_statement_allows_everything(planes: dict[str, Template], plane: str) -> None:
    seen = 0
    for where, statement in planes[plane].statements():
        if statement["Effect"] != "Allow":
            continue
        seen += 1
        actions = as_list(statement["Action"])
        assert not [a for a in actions if re.fullmatch(r"\*|[a-z0-9-]+:\*", a)], where
        if "*" in as_list(statement.get("Resource", [])):
            assert set(actions) <= UNNAMEABLE_ACTIONS, f"{where}: {actions}"
        assert statement.get("Principal") != "*", where
    assert seen > 8


@pytest.mark.parametrize("plane", PLANES)
def test_every_rule_and_function_keeps_what_failed(planes: dict[str, Template], plane: str) -> None:
    template = planes[plane]
    targets = template.resources("aws_cloudwatch_event_target")
    assert len(targets) == len(template.resources("aws_cloudwatch_event_rule")) == 1
    for target in targets.values():
        assert target["dead_letter_config"]["arn"]
        assert target["retry_policy"]["maximum_event_age_in_seconds"] == 86400
    for mapping in template.resources("aws_lambda_event_source_mapping").values():
        assert mapping["destination_config"]["on_failure"]["destination_arn"]
        assert mapping["bisect_batch_on_function_error"] is True
    watched = {
        alarm["dimensions"].get("QueueName")
        for alarm in template.resources("aws_cloudwatch_metric_alarm").values()
    }
    assert watched >= {queue["name"] for queue in template.resources("aws_sqs_queue").values()}


def test_no_client_has_the_implicit_grant(planes: dict[str, Template]) -> None:
    clients = planes["control-plane"].resources("aws_cognito_user_pool_client").values()
    flows = {client["generate_secret"]: client["allowed_oauth_flows"] for client in clients}
    assert flows == {True: ["client_credentials"], False: ["code"]}


def test_a_build_gets_its_operation_as_data(planes: dict[str, Template]) -> None:
    plane = planes["application-plane"]
    definition: dict[str, Any] = json.loads(
        re.sub(r"\$\{[^}]*\}", "X", plane.resource("aws_sfn_state_machine")["definition"])
    )
    build = definition["States"]["Build"]
    assert build["Parameters"]["EnvironmentVariablesOverride"] == [
        {"Name": "OPERATION", "Type": "PLAINTEXT", "Value.$": "$.operation"}
    ]
    assert build["Catch"][0]["Next"] == "ReportFailure"
    assert build["TimeoutSeconds"] < definition["TimeoutSeconds"]
    buildspec = plane.resource("aws_codebuild_project")["source"]["buildspec"]
    assert "$OPERATION" not in buildspec
    role = plane.resource("aws_iam_role", name="shop-dev-provisioner-role")
    assert "permissions_boundary" in role

"""The two planes: every route has its scope, no right is unnamed, nothing is lost in silence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cdktf import App
from syrupy.assertion import SnapshotAssertion

from constructs_lib.identity.statement import UNNAMEABLE_ACTIONS
from services.contracts import http_routes as routes
from services.tenancy.events import EventName
from services.tenancy.events.registered import registered_name, registered_schema
from tests.facts import FACTS
from tests.synth.planes.builds import stable
from tests.synth.sample import configured
from tests.synth.template import Template, as_list
from tiers import ControlPlane

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
            # A billing provider's webhook proves itself to the plug-in.
            assert route.method == "GET" or route.path.startswith("/billing/")


@pytest.mark.parametrize("plane", PLANES)
def test_no_statement_allows_everything(planes: dict[str, Template], plane: str) -> None:
    seen = 0
    for where, statement in planes[plane].statements():
        if statement["Effect"] != "Allow":
            continue
        seen += 1
        actions = as_list(statement["Action"])
        assert not [a for a in actions if re.fullmatch(r"\*|[a-z0-9-]+:\*", a)], where
        # A boundary allows nothing; it is the most that its role could be allowed.
        if "*" in as_list(statement.get("Resource", [])) and "Boundary" not in where:
            assert set(actions) <= UNNAMEABLE_ACTIONS, f"{where}: {actions}"
        assert statement.get("Principal") != "*", where
    assert seen > 8


@pytest.mark.parametrize("plane", PLANES)
def test_every_rule_and_function_keeps_what_failed(planes: dict[str, Template], plane: str) -> None:
    template = planes[plane]
    targets = template.resources("aws_cloudwatch_event_target")
    rules = template.resources("aws_cloudwatch_event_rule")
    assert len(targets) == len(rules) >= 1
    # A schedule has nothing to keep: it comes again.
    scheduled = sum("schedule_expression" in rule for rule in rules.values())
    keeping = [target for target in targets.values() if "dead_letter_config" in target]
    assert len(keeping) == len(rules) - scheduled
    for target in keeping:
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


def test_clients_of_administrators_are_in_no_state(planes: dict[str, Template]) -> None:
    """A function makes them: a state would hold the secret of the one for machines."""
    plane = planes["control-plane"]
    assert not plane.resources("aws_cognito_user_pool_client")
    invoked = plane.resource("aws_lambda_invocation")
    assert invoked["lifecycle_scope"] == "CRUD"
    assert json.loads(invoked["input"]).keys() == {"scopes", "callback_urls"}
    assert any("aws_cognito_resource_server" in each for each in invoked["depends_on"])


def test_executions_that_fail_are_logged_without_what_went_through(
    planes: dict[str, Template],
) -> None:
    machine = planes["application-plane"].resource("aws_sfn_state_machine")
    logging = machine["logging_configuration"]
    assert logging["level"] == "ERROR"
    assert logging["include_execution_data"] is False
    assert logging["log_destination"].endswith(".arn}:*")


@pytest.mark.parametrize("service", ["codebuild", "states"])
def test_services_take_on_roles_for_their_own_account_alone(
    planes: dict[str, Template], service: str
) -> None:
    trusts = [
        statement
        for _, statement in planes["application-plane"].statements()
        if statement.get("Principal") == {"Service": f"{service}.amazonaws.com"}
        and "sts:AssumeRole" in as_list(statement["Action"])
    ]
    assert trusts
    for trust in trusts:
        assert trust["Condition"]["StringEquals"].keys() == {"aws:SourceAccount"}


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


def test_the_starter_asks_the_registry(planes: dict[str, Template]) -> None:
    plane = planes["application-plane"]
    starter = plane.resource("aws_lambda_function", function_name="shop-dev-start-operation")
    assert starter["environment"]["variables"]["REGISTRY_TABLE"]
    allowed = [
        action
        for where, statement in plane.statements()
        if "starter" in where
        for action in as_list(statement["Action"])
        if action.startswith("dynamodb:")
    ]
    assert allowed == ["dynamodb:GetItem"]


def test_builds_make_and_change_roles_within_the_boundary_alone(
    planes: dict[str, Template],
) -> None:
    changing = {
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
    }
    plane = planes["application-plane"]
    project = [
        statement
        for where, statement in plane.statements()
        if "provisioner_R" in where and statement["Effect"] == "Allow"
    ]
    limited = [each for each in project if changing & set(as_list(each["Action"]))]
    assert limited
    for statement in limited:
        (arn,) = as_list(statement["Condition"]["StringEquals"]["iam:PermissionsBoundary"])
        assert arn.endswith(":policy/shop-dev-tenant-boundary")
    allowed = {action for each in project for action in as_list(each["Action"])}
    assert "iam:CreateRole" in allowed
    assert "iam:DeleteRolePermissionsBoundary" not in allowed


def test_whatever_its_policy_comes_to_say_the_build_role_makes_no_role_without_boundary(
    planes: dict[str, Template],
) -> None:
    denied = {
        action: statement
        for where, statement in planes["application-plane"].statements()
        if "provisioner_Boundary" in where and statement["Effect"] == "Deny"
        for action in as_list(statement["Action"])
        if statement["Resource"] == "*"
    }
    assert "Condition" not in denied.pop("iam:DeleteRolePermissionsBoundary")
    assert set(denied) == {
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
    }
    for statement in denied.values():
        ((operator, keys),) = statement["Condition"].items()
        assert operator == "StringNotEquals"
        assert keys["iam:PermissionsBoundary"].endswith(":policy/shop-dev-tenant-boundary")


def test_builds_reach_neither_administrators_nor_the_pools_roles(
    planes: dict[str, Template],
) -> None:
    denied = [
        statement
        for _, statement in planes["application-plane"].statements()
        if statement["Effect"] == "Deny"
    ]
    (pool,) = [
        arn
        for statement in denied
        if "cognito-idp:Admin*" in as_list(statement.get("Action", []))
        # Pools of others are told by their tags.
        and "Condition" not in statement
        for arn in as_list(statement["Resource"])
    ]
    assert "userpool/" in pool
    assert not pool.endswith("*")
    roles = [
        arn
        for statement in denied
        if "iam:PutRolePolicy" in as_list(statement.get("Action", []))
        for arn in as_list(statement["Resource"])
    ]
    assert [arn for arn in roles if arn.endswith("role/shop-dev-basic-*")]


def test_every_event_is_registered(planes: dict[str, Template]) -> None:
    plane = planes["control-plane"]
    found = {
        schema["name"]: json.loads(schema["content"])
        for schema in plane.resources("aws_schemas_schema").values()
    }
    assert found == {registered_name(name): registered_schema(name) for name in EventName}
    registry = plane.resource("aws_schemas_registry")
    assert registry["name"] == "shop-dev-events"


@pytest.mark.parametrize(("setting", "mode"), [("off", "OFF"), ("required", "ON")])
def test_the_second_factor_of_administrators_is_a_setting(
    planes: dict[str, Template], setting: str, mode: str, tmp_path: Path
) -> None:
    optional = planes["control-plane"].resource("aws_cognito_user_pool")
    assert optional["mfa_configuration"] == "OPTIONAL"
    assert optional["software_token_mfa_configuration"] == {"enabled": True}
    app = App(outdir=str(tmp_path))
    other = configured(f'admin_second_factor = "{setting}"')
    plane = ControlPlane(app, configuration=other, facts=FACTS)
    pool = Template.of(plane).resource("aws_cognito_user_pool")
    assert pool["mfa_configuration"] == mode
    assert ("software_token_mfa_configuration" in pool) == (mode == "ON")

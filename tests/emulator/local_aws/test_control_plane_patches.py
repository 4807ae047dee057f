"""Each patch for the control plane adds what the stock emulator lacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from services.local_aws.layout import ACCOUNT_ID
from tests.aws import REGION
from tests.emulator.local_aws.conftest import Aws
from tests.waiting import eventually

pytestmark = pytest.mark.local_aws

_SPEC = {"version": "0.2", "phases": {"build": {"commands": ["sleep $SECONDS_TO_SLEEP"]}}}


def _role(aws: Aws, name: str, service: str, *allowed: str, resource: str = "*") -> str:
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": service, "AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
    }
    iam = aws.client("iam")
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    policy = {"Effect": "Allow", "Action": list(allowed), "Resource": resource}
    if allowed:
        iam.put_role_policy(
            RoleName=name,
            PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [policy]}),
        )
    return str(role)


def _project(aws: Aws, name: str, **fields: Any) -> Any:
    builds = aws.client("codebuild")
    role = _role(aws, f"{name}-build", "codebuild.amazonaws.com", "logs:*")
    builds.create_project(
        name=name,
        serviceRole=role,
        source={"type": "NO_SOURCE", "buildspec": json.dumps(_SPEC)},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        **fields,
    )
    return builds


def _sleeping(seconds: str) -> list[dict[str, str]]:
    return [{"name": "SECONDS_TO_SLEEP", "value": seconds}]


def project_fields(aws: Aws) -> bool:
    builds = _project(aws, "fields", queuedTimeoutInMinutes=30)
    (project,) = builds.batch_get_projects(names=["fields"])["projects"]
    return bool(project["queuedTimeoutInMinutes"] == 30)


def projects_by_arn(aws: Aws) -> bool:
    builds = _project(aws, "by-arn")
    (project,) = builds.batch_get_projects(names=["by-arn"])["projects"]
    builds.delete_project(name=project["arn"])
    return not builds.list_projects()["projects"].count("by-arn")


def _has_come_to(builds: Any, build_id: str, phase: str) -> bool:
    """Whether a build is in a phase, or has ended before."""
    (build,) = builds.batch_get_builds(ids=[build_id])["builds"]
    return bool(build["buildStatus"] != "IN_PROGRESS" or build["currentPhase"] == phase)


def _end_of(builds: Any, build_id: str) -> str | None:
    """Return how a build has ended, None while it runs."""
    (build,) = builds.batch_get_builds(ids=[build_id])["builds"]
    return str(build["buildStatus"]) if build["buildStatus"] != "IN_PROGRESS" else None


def builds_run(aws: Aws) -> bool:
    """One sleeps and is stopped; one cannot sleep "x" seconds and fails."""
    builds = _project(aws, "run")

    def status_of(seconds: str, *, stop: bool = False) -> str:
        build = builds.start_build(
            projectName="run", environmentVariablesOverride=_sleeping(seconds)
        )["build"]
        if stop:
            eventually(lambda: _has_come_to(builds, build["id"], "BUILD"), 10)
            builds.stop_build(id=build["id"])
        return eventually(lambda: _end_of(builds, build["id"]), 10)

    return (status_of("60", stop=True), status_of("x"), status_of("0")) == (
        "STOPPED",
        "FAILED",
        "SUCCEEDED",
    )


def resources_of_builds_and_log_streams(aws: Aws) -> bool:
    aws.client("logs").create_log_group(logGroupName="/of/streams")
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/of/streams:*"
    role = _role(aws, "streams", "x.amazonaws.com", "logs:CreateLogStream", resource=arn)
    session = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    aws.client(
        "logs",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    ).create_log_stream(logGroupName="/of/streams", logStreamName="s")
    return True


def bus_policies(aws: Aws) -> bool:
    events = aws.client("events")
    events.create_event_bus(Name="policies")
    statement = {"Sid": "mine", "Effect": "Deny", "Action": "events:PutEvents", "Principal": "*"}
    events.put_permission(
        EventBusName="policies", Policy=json.dumps({"Version": "1", "Statement": [statement]})
    )
    policy = json.loads(events.describe_event_bus(Name="policies")["Policy"])
    return bool(policy["Statement"] == [statement])


def registries_and_schemas(aws: Aws) -> bool:
    """A schema has versions, and only those of a deployment's own name may be changed."""
    schemas = aws.client("schemas")
    schemas.create_registry(RegistryName="own-events", Description="d", Tags={"a": "b"})
    schemas.create_registry(RegistryName="others")
    draft = "http://json-schema.org/draft-04/schema#"
    schema = {
        "RegistryName": "own-events",
        "SchemaName": "s@t",
        "Type": "JSONSchemaDraft4",
        "Content": json.dumps({"$schema": draft}),
    }
    schemas.create_schema(**schema)
    for again in ({"$schema": draft, "type": "object"}, {"$schema": draft, "type": "object"}):
        schemas.update_schema(**{**schema, "Content": json.dumps(again)})
    found = schemas.describe_schema(RegistryName="own-events", SchemaName="s@t")
    role = _role(
        aws, "registrar", "x.amazonaws.com", "schemas:DeleteSchema", "schemas:DeleteRegistry",
        resource=f"arn:aws:schemas:{REGION}:{ACCOUNT_ID}:*/own-*",
    )  # fmt: skip
    keys = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    registrar = aws.client(
        "schemas",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        registrar.delete_registry(RegistryName="others")
    with pytest.raises(ClientError, match="BadRequest"):
        registrar.delete_registry(RegistryName="own-events")
    registrar.delete_schema(RegistryName="own-events", SchemaName="s@t")
    registrar.delete_registry(RegistryName="own-events")
    with pytest.raises(ClientError, match="draft 4"):
        schemas.create_schema(**{**schema, "RegistryName": "others", "Content": "{}"})
    return bool(found["SchemaVersion"] == "2" and "type" in found["Content"])


def deliveries(aws: Aws) -> bool:
    """An event for a function that does not exist ends in the dead-letter queue."""
    queues, events = aws.client("sqs"), aws.client("events")
    url = queues.create_queue(QueueName="dead")["QueueUrl"]
    events.put_rule(Name="to-nobody", EventPattern=json.dumps({"source": ["test"]}))
    target = {
        "Id": "t",
        "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:nobody",
        "DeadLetterConfig": {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:dead"},
    }
    events.put_targets(Rule="to-nobody", Targets=[target])
    events.put_events(Entries=[{"Source": "test", "DetailType": "x", "Detail": "{}"}])
    return "Messages" in queues.receive_message(QueueUrl=url, WaitTimeSeconds=2)


def jwt_authorizer_fields(aws: Aws) -> bool:
    apis = aws.client("apigatewayv2")
    api = apis.create_api(Name="a", ProtocolType="HTTP")["ApiId"]
    created = apis.create_authorizer(
        ApiId=api,
        AuthorizerType="JWT",
        Name="j",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": "https://example.com", "Audience": ["a"]},
    )
    found = apis.get_authorizer(ApiId=api, AuthorizerId=created["AuthorizerId"])
    return "AuthorizerPayloadFormatVersion" not in found


def _execution(aws: Aws, name: str, task: dict[str, Any], *allowed: str) -> dict[str, Any]:
    machines = aws.client("stepfunctions")
    state = {"Type": "Task", **task, "End": True}
    machine = machines.create_state_machine(
        name=name,
        roleArn=_role(aws, f"{name}-machine", "states.amazonaws.com", *allowed),
        definition=json.dumps({"StartAt": "A", "States": {"A": state}}),
    )["stateMachineArn"]
    arn = machines.start_execution(stateMachineArn=machine)["executionArn"]

    def ended() -> dict[str, Any] | None:
        execution = machines.describe_execution(executionArn=arn)
        return dict(execution) if execution["status"] != "RUNNING" else None

    return eventually(ended, 10)


def builds_as_tasks(aws: Aws) -> bool:
    """A build that outlives its task is stopped."""
    builds = _project(aws, "task")
    variables = [{"Name": "SECONDS_TO_SLEEP", "Value": "60"}]
    task = {
        "Resource": "arn:aws:states:::codebuild:startBuild.sync",
        "TimeoutSeconds": 2,
        "Parameters": {"ProjectName": "task", "EnvironmentVariablesOverride": variables},
    }
    execution = _execution(aws, "task", task, "codebuild:*")
    (build,) = builds.list_builds_for_project(projectName="task")["ids"]
    status = eventually(lambda: _end_of(builds, build), 8)
    return (execution.get("error"), status) == ("States.Timeout", "STOPPED")


def events_under_the_machines_role(aws: Aws) -> bool:
    entry = {"Source": "s", "DetailType": "t", "Detail": {}}
    task = {
        "Resource": "arn:aws:states:::events:putEvents",
        "Parameters": {"Entries": [entry]},
    }
    refused = _execution(aws, "refused", task)
    allowed = _execution(aws, "allowed", task, "events:PutEvents")
    return (refused["status"], allowed["status"]) == ("FAILED", "SUCCEEDED")


def started_twice_is_started_once(aws: Aws) -> bool:
    machines = aws.client("stepfunctions")
    state = {"Type": "Wait", "Seconds": 5, "End": True}
    machine = machines.create_state_machine(
        name="twice",
        roleArn=_role(aws, "twice", "states.amazonaws.com"),
        definition=json.dumps({"StartAt": "A", "States": {"A": state}}),
    )["stateMachineArn"]
    first, second = (
        machines.start_execution(stateMachineArn=machine, name="one", input="{}") for _ in range(2)
    )
    return bool(first["executionArn"] == second["executionArn"])


CHECKS: dict[str, Callable[[Aws], bool]] = {
    check.__name__: check
    for check in (
        project_fields,
        projects_by_arn,
        builds_run,
        resources_of_builds_and_log_streams,
        bus_policies,
        registries_and_schemas,
        deliveries,
        jwt_authorizer_fields,
        builds_as_tasks,
        events_under_the_machines_role,
        started_twice_is_started_once,
    )
}


def _passes(check: Callable[[Aws], bool], aws: Aws) -> bool:
    try:
        return check(aws)
    except (ClientError, BotoCoreError, KeyError, IndexError, ValueError):
        return False


@pytest.mark.parametrize("patch", CHECKS)
def test_the_patch_adds_what_stock_lacks(patch: str, patched: Aws, stock: Aws) -> None:
    assert CHECKS[patch](patched)
    assert not _passes(CHECKS[patch], stock), f"stock can do it: remove the patch {patch}"

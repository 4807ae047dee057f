"""Each patch for the edge adds what the stock emulator lacks."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from services.local_aws.layout import ACCOUNT_ID
from tests.aws import REGION
from tests.emulator.local_aws.conftest import Aws

pytestmark = pytest.mark.local_aws

_MOCK = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
_AUTHORIZER = """
def handler(event, context):
    allow = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}
    policy = {"Version": "2012-10-17", "Statement": [allow]}
    return {"principalId": "p", "policyDocument": policy, "usageIdentifierKey": "%s"}
"""
_KEY = "the-key-that-the-authorizer-names"


def _api(aws: Aws, integration: dict[str, Any], **method: Any) -> tuple[str, str]:
    """Return an API with one method, and its root resource."""
    api = aws.client("apigateway")
    created = api.create_rest_api(name="patched", apiKeySource="AUTHORIZER")
    where = {
        "restApiId": created["id"], "resourceId": created["rootResourceId"], "httpMethod": "GET",
    }  # fmt: skip
    api.put_method(**where, **{"authorizationType": "NONE", **method})
    api.put_integration(**where, integrationHttpMethod="GET", **integration)
    deployment = api.create_deployment(restApiId=created["id"])["id"]
    api.create_stage(restApiId=created["id"], stageName="s", deploymentId=deployment)
    return created["id"], created["rootResourceId"]


def _get(aws: Aws, api_id: str) -> tuple[int, bytes]:
    request = urllib.request.Request(
        f"{aws.endpoint}/_aws/execute-api/{api_id}/s/", headers={"Authorization": "Bearer t"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def put_rest_api(aws: Aws) -> bool:
    api = aws.client("apigateway")
    api_id = api.create_rest_api(name="before")["id"]
    integration = {"type": "mock", "responses": {"default": {"statusCode": "200"}}}
    document = {
        "openapi": "3.0.1",
        "info": {"title": "after", "version": "1"},
        "paths": {"/a/{b}": {"get": {"x-amazon-apigateway-integration": integration}}},
    }
    api.put_rest_api(restApiId=api_id, mode="overwrite", body=json.dumps(document).encode())
    paths = {each["path"] for each in api.get_resources(restApiId=api_id)["items"]}
    return api.get_rest_api(restApiId=api_id)["name"] == "after" and "/a/{b}" in paths


def generated_api_key(aws: Aws) -> bool:
    key = aws.client("apigateway").create_api_key(name="made-up", value="", enabled=True)
    return len(key["value"]) >= 20


def authorizers_api_key(aws: Aws) -> bool:
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"},
    }
    role = aws.client("iam").create_role(
        RoleName="names-the-key",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("index.py", _AUTHORIZER % _KEY)
    function = aws.client("lambda").create_function(
        FunctionName="names-the-key",
        Runtime="python3.11",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    api = aws.client("apigateway")
    api_id, root = _api(aws, _MOCK, apiKeyRequired=True)
    authorizer = api.create_authorizer(
        restApiId=api_id,
        name="a",
        type="TOKEN",
        identitySource="method.request.header.Authorization",
        authorizerUri=(
            f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"
        ),
    )["id"]
    api.update_method(
        restApiId=api_id,
        resourceId=root,
        httpMethod="GET",
        patchOperations=[
            {"op": "replace", "path": "/authorizationType", "value": "CUSTOM"},
            {"op": "replace", "path": "/authorizerId", "value": authorizer},
        ],
    )
    plan = api.create_usage_plan(name="p", apiStages=[{"apiId": api_id, "stage": "s"}])["id"]
    key = api.create_api_key(name="k", value=_KEY, enabled=True)["id"]
    api.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    return _get(aws, api_id)[0] == 200


def numbers_of_usage_plans(aws: Aws) -> bool:
    """As they are sent: botocore takes a text for a number."""
    api = aws.client("apigateway")
    plan = api.create_usage_plan(name="n", quota={"limit": 10, "period": "DAY"})["id"]
    operations = [
        {"op": "replace", "path": path, "value": "11"}
        for path in ("/throttle/rateLimit", "/throttle/burstLimit", "/quota/limit")
    ]
    sent: list[bytes] = []
    api.meta.events.register(
        "before-parse.api-gateway", lambda response_dict, **_: sent.append(response_dict["body"])
    )
    api.update_usage_plan(usagePlanId=plan, patchOperations=operations)
    told = json.loads(sent[-1])
    limits = (*told["throttle"].values(), told["quota"]["limit"])
    return all(isinstance(each, int | float) for each in limits)


def vpc_link_integrations(aws: Aws) -> bool:
    """A load balancer without a listener is reached, and says so."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
    balancer = aws.client("elbv2").create_load_balancer(
        Name="linked", Subnets=[subnet], Type="network"
    )["LoadBalancers"][0]
    link = aws.client("apigateway").create_vpc_link(
        name="l", targetArns=[balancer["LoadBalancerArn"]]
    )
    integration = {
        "type": "HTTP_PROXY",
        "uri": f"http://{balancer['DNSName']}/",
        "connectionType": "VPC_LINK",
        "connectionId": link["id"],
    }
    status, body = _get(aws, _api(aws, integration)[0])
    return status == 503 and b"no listener" in body


def access_logs(aws: Aws) -> bool:
    api_id, _ = _api(aws, _MOCK)
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="access")
    group = f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:access"
    settings = {"destinationArn": group, "format": "$context.status $context.httpMethod"}
    aws.client("apigateway").update_stage(
        restApiId=api_id,
        stageName="s",
        patchOperations=[
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value}
            for name, value in settings.items()
        ],
    )
    _get(aws, api_id)
    events = logs.filter_log_events(logGroupName="access")["events"]
    return [event["message"] for event in events] == ["200 GET"]


CHECKS: dict[str, Callable[[Aws], bool]] = {
    check.__name__: check
    for check in (
        access_logs,
        authorizers_api_key,
        generated_api_key,
        numbers_of_usage_plans,
        put_rest_api,
        vpc_link_integrations,
    )
}


def _passes(check: Callable[[Aws], bool], aws: Aws) -> bool:
    try:
        return check(aws)
    except (ClientError, BotoCoreError):
        return False


@pytest.mark.parametrize("patch", CHECKS)
def test_the_patch_adds_what_stock_lacks(patch: str, patched: Aws, stock: Aws) -> None:
    assert CHECKS[patch](patched)
    assert not _passes(CHECKS[patch], stock), f"stock can do it: remove the patch {patch}"

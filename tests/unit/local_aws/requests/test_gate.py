"""Requests of every protocol against AWS's models: what passes, what is refused, and how."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from services.local_aws.requests.gate import Incoming, refuse
from tests.aws import aws_client

FORM = {"content-type": "application/x-www-form-urlencoded"}


def target(name: str, **document: Any) -> Incoming:
    body = json.dumps(document).encode()
    return Incoming("POST", "/", {"x-amz-target": name}, body, {})


def query(**parameters: str) -> Incoming:
    named = {name.replace("__", "."): value for name, value in parameters.items()}
    return Incoming("POST", "/", FORM, urlencode(named).encode(), {})


def refused(service: str, incoming: Incoming) -> tuple[str, str]:
    """Return code and message of the refusal; two empty texts if there is none."""
    answer = refuse(service, incoming)
    if answer is None:
        return "", ""
    status, headers, body = answer
    assert status == 400
    text = body.decode()
    if "json" in headers["Content-Type"]:
        document = json.loads(text)
        return document["__type"], document["message"]
    code, message = (re.search(f"<{tag}>(.*)</{tag}>", text) for tag in ("Code", "Message"))
    assert code is not None
    assert message is not None
    return code[1], message[1]


@pytest.mark.parametrize(
    ("service", "incoming", "code", "said"),
    [
        (
            "codebuild",
            target("CodeBuild_20161006.BatchGetBuilds"),
            "InvalidInputException",
            "Value null at 'ids' failed to satisfy constraint: Member must not be null",
        ),
        (
            "ssm",
            target("AmazonSSM.PutParameter", Name="/a", Value="v", Type="Text"),
            "ValidationException",
            "Value 'Text' at 'type' failed to satisfy constraint: Member must satisfy enum value "
            "set: [String, StringList, SecureString]",
        ),
        (
            "dynamodb",
            target("DynamoDB_20120810.Query", TableName="t", Limit=0),
            "ValidationException",
            "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater "
            "than or equal to 1",
        ),
        (
            "dynamodb",
            target("DynamoDB_20120810.PutItem", TableName="t", Item={"a": {"S": 5}}),
            "SerializationException",
            "at 'item.a.s' failed",
        ),
        (
            "cognito-idp",
            target("AWSCognitoIdentityProviderService.DescribeUserPool", UserPoolId="no pool"),
            "InvalidParameterException",
            "Member must satisfy regular expression pattern: [\\w-]+_[0-9a-zA-Z]+",
        ),
        (
            "ecs",
            target(
                "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition",
                family="f",
                containerDefinitions=[{"portMappings": [{"protocol": "icmp"}]}],
            ),
            "InvalidParameterException",
            "at 'containerDefinitions.1.member.portMappings.1.member.protocol' failed",
        ),
        (
            "elasticloadbalancing",
            query(Action="CreateTargetGroup", Name="t", Protocol="FTP", Port="70000"),
            "ValidationError",
            "2 validation errors detected: ",
        ),
        (
            "elasticloadbalancing",
            query(Action="AddTags", Tags__member__1__Value="v", ResourceArns__member__1="arn"),
            "ValidationError",
            "Value null at 'tags.1.member.key' failed",
        ),
        (
            "iam",
            query(Action="CreateRole", RoleName="a b", AssumeRolePolicyDocument="{}"),
            "ValidationError",
            "at 'roleName' failed",
        ),
        (
            "ec2",
            query(Action="CreateSubnet", CidrBlock="10.0.0.0/24"),
            "MissingParameter",
            "Value null at 'vpcId' failed",
        ),
        (
            "ec2",
            query(Action="CreateVpcEndpoint", VpcId="vpc-1", VpcEndpointType="Wormhole"),
            "InvalidParameterValue",
            "Member must satisfy enum value set",
        ),
        (
            "lambda",
            Incoming("POST", "/2015-03-31/functions", {}, b'{"FunctionName": "f"}', {}),
            "ValidationException",
            "2 validation errors detected: Value null at 'role' failed",
        ),
        (
            "apigateway",
            Incoming("POST", "/restapis/a/deployments/b/c", {}, b"{}", {}),
            "",
            "",
        ),
        (
            "apigateway",
            Incoming("PUT", "/restapis/a/resources/b/methods/GET", {}, b"{}", {}),
            "BadRequestException",
            "Value null at 'authorizationType' failed",
        ),
        (
            "apigateway",
            Incoming("POST", "/v2/apis", {}, b'{"name": "a", "protocolType": "FTP"}', {}),
            "BadRequestException",
            "Member must satisfy enum value set: [WEBSOCKET, HTTP]",
        ),
        (
            "s3",
            Incoming(
                "PUT",
                "/b",
                {},
                b"<VersioningConfiguration><Status>On</Status></VersioningConfiguration>",
                {"versioning": [""]},
            ),
            "MalformedXML",
            "Value 'On' at 'versioningConfiguration.status' failed",
        ),
        (
            "s3",
            Incoming("PUT", "/b/k", {"x-amz-storage-class": "COLD"}, b"", {}),
            "InvalidArgument",
            "Value 'COLD' at 'x-amz-storage-class' failed",
        ),
    ],
)
def test_what_a_model_does_not_allow_is_refused_as_its_service_does(
    service: str, incoming: Incoming, code: str, said: str
) -> None:
    found, message = refused(service, incoming)
    assert found == code
    assert said in message


@pytest.mark.parametrize(
    "incoming",
    [
        Incoming("DELETE", "/b/k", {}, b"", {"x-id": ["DeleteObject"]}),
        Incoming("DELETE", "/b/k", {}, b"", {}),
        Incoming("PUT", "/b/k", {"x-amz-copy-source": "b/l"}, b"", {}),
        Incoming("PUT", "/b/k", {}, b"x" * 100, {"partNumber": ["1"], "uploadId": ["u"]}),
        Incoming("GET", "/b", {}, b"", {"list-type": ["2"], "max-keys": ["5"]}),
        Incoming("GET", "/b/k/l", {}, b"", {"versionId": ["v"]}),
    ],
)
def test_objects_come_and_go(incoming: Incoming) -> None:
    assert refuse("s3", incoming) is None


def test_what_no_model_describes_is_the_emulators() -> None:
    assert refuse("s3", Incoming("PUT", "/b", {}, b"<not", {"versioning": [""]})) is None
    assert refuse("dynamodb", target("DynamoDB_20120810.Unknown")) is None
    assert refuse("nothing", target("Nothing.Known")) is None
    broken = Incoming("POST", "/", {"x-amz-target": "AmazonSSM.PutParameter"}, b"{", {})
    assert refuse("ssm", broken) is None


def test_what_nests_too_deep_is_refused() -> None:
    value: dict[str, Any] = {"S": "deep"}
    for _ in range(400):
        value = {"M": {"a": value}}
    incoming = target("DynamoDB_20120810.PutItem", TableName="t", Item={"a": value})
    assert refused("dynamodb", incoming)[0] == "ValidationException"


_CALLS: list[tuple[str, str, str, dict[str, Any]]] = [
    (
        "cloudwatch",
        "monitoring",
        "put_metric_alarm",
        {
            "AlarmName": "a",
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "Threshold": 0.5,
            "Dimensions": [{"Name": "n", "Value": "v"}],
        },
    ),
    (
        "elbv2",
        "elasticloadbalancing",
        "create_target_group",
        {"Name": "t", "Port": 80, "Protocol": "HTTP", "Tags": [{"Key": "k", "Value": "é"}]},
    ),
    ("ec2", "ec2", "create_tags", {"Resources": ["i-1"], "Tags": [{"Key": "k", "Value": "v"}]}),
    ("sns", "sns", "create_topic", {"Name": "t", "Attributes": {"DisplayName": "d"}}),
    (
        "s3",
        "s3",
        "put_bucket_lifecycle_configuration",
        {
            "Bucket": "b-1",
            "LifecycleConfiguration": {
                "Rules": [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}}]
            },
        },
    ),
    (
        "dynamodb",
        "dynamodb",
        "put_item",
        {"TableName": "t-1", "Item": {"a": {"M": {"b": {"L": [{"BOOL": True}]}}}}},
    ),
    (
        "apigateway",
        "apigateway",
        "create_usage_plan",
        {"name": "p", "throttle": {"rateLimit": 1.5, "burstLimit": 2}},
    ),
]


def _sent(name: str, operation: str, arguments: dict[str, Any]) -> Incoming:
    """Return what botocore sends for a call, unsent."""
    client = aws_client(
        name,
        "http://127.0.0.1:9",
        {"aws_access_key_id": "a", "aws_secret_access_key": "b"},
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )
    found: list[AWSRequest] = []
    client.meta.events.register("before-sign", lambda request, **_: found.append(request))
    with pytest.raises(EndpointConnectionError):
        getattr(client, operation)(**arguments)
    request = found[0]
    path, _, text = str(request.url).removeprefix("http://127.0.0.1:9").partition("?")
    body: Any = request.data
    if isinstance(body, dict):
        body = urlencode(body).encode()
    elif isinstance(body, str):
        body = body.encode()
    parameters = {key: [value] for key, _, value in (p.partition("=") for p in text.split("&"))}
    sent: dict[str, Any] = dict(request.headers.items())
    headers = {
        key.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for key, value in sent.items()
    }
    return Incoming(
        str(request.method), path or "/", headers, body or b"", parameters if text else {}
    )


@pytest.mark.parametrize(("name", "service", "operation", "arguments"), _CALLS)
def test_what_botocore_sends_passes_in_every_protocol(
    name: str, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    assert refuse(service, _sent(name, operation, arguments)) is None

"""One API as the platform makes it, in front of a service that echoes what reaches it."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from constructs_lib.edge.document import (
    BACKEND_VARIABLE,
    VPC_LINK_VARIABLE,
    DocumentInputs,
    EdgeRoute,
    api_document,
)
from services.configuration import load
from services.local_aws.layout import ACCOUNT_ID
from tests.aws import REGION
from tests.emulator.local_aws.conftest import Aws
from tiers.function_code import authorizer_code

_CONFIGURATION = Path(__file__).resolve().parents[3] / "saas.tfvars"
MAPPING_TABLE = "edge-tenant-mapping"
ROLE_PATHS = {"TenantAdmin": ["/orders", "/users"], "TenantUser": ["/orders"]}
ACCESS_LOG = "/aws/apigateway/edge"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Edge:
    """The API, and what makes tenants of it."""

    aws: Aws
    api_id: str
    plan_id: str
    pool_id: str
    client_id: str
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"https://cognito-idp.{REGION}.amazonaws.com/{self.pool_id}"

    def send(
        self,
        token: str | None,
        path: str = "/orders",
        *,
        method: str = "GET",
        body: bytes | None = None,
        **headers: str,
    ) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            given["Authorization"] = f"Bearer {token}"
        url = f"{self.aws.endpoint}/_aws/execute-api/{self.api_id}/prod{path}"
        request = urllib.request.Request(url, data=body, method=method, headers=given)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read().decode())

    def tenant(self, tenant_id: str, **attributes: str) -> None:
        """Make a tenant as its root module does: a key in the plan, and a row of the mapping."""
        api = self.aws.client("apigateway")
        key = api.create_api_key(name=tenant_id, enabled=True)
        api.create_usage_plan_key(usagePlanId=self.plan_id, keyId=key["id"], keyType="API_KEY")
        row = {
            "tenantId": tenant_id,
            "tenantName": f"{tenant_id}-name",
            "tier": "basic",
            "issuer": self.issuer,
            "clientId": self.client_id,
            "tenantPath": "basic",
            "apiKey": key["value"],
            **attributes,
        }
        self.aws.client("dynamodb").put_item(
            TableName=MAPPING_TABLE, Item={name: {"S": value} for name, value in row.items()}
        )

    def sign_in(self, tenant_id: str, role: str = "TenantAdmin", user: str = "") -> str:
        """Return an ID token of a new user of a tenant."""
        cognito = self.aws.client("cognito-idp")
        name = user or f"{tenant_id}-{role}"
        claims = {"tenantId": tenant_id, "tenantTier": "basic", "userRole": role}
        cognito.admin_create_user(
            UserPoolId=self.pool_id,
            Username=name,
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": f"custom:{claim}", "Value": value} for claim, value in claims.items()
            ],
        )
        cognito.admin_set_user_password(
            UserPoolId=self.pool_id, Username=name, Password="Passw0rd!-of-a-test", Permanent=True
        )
        signed_in = cognito.admin_initiate_auth(
            UserPoolId=self.pool_id,
            ClientId=self.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": "Passw0rd!-of-a-test"},
        )
        return str(signed_in["AuthenticationResult"]["IdToken"])

    def log_lines(self) -> list[dict[str, Any]]:
        events = self.aws.client("logs").filter_log_events(logGroupName=ACCESS_LOG)["events"]
        return [json.loads(event["message"]) for event in events]


@contextmanager
def edge_of(aws: Aws, directory: Path) -> Iterator[Edge]:
    """Make it with the API's own calls: what Terraform does is shown where it is applied."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        balancer, dns_name = _balancers(aws, server.server_port)
        yield _edge(aws, directory, balancer, dns_name)
    finally:
        server.shutdown()
        server.server_close()


class _Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers: dict[str, list[str]] = {}
        for name, value in self.headers.items():
            headers.setdefault(name.lower(), []).append(value)
        told = {
            "method": self.command, "target": self.path, "headers": headers, "body": body.decode(),
        }  # fmt: skip
        content = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("ETag", '"7"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the library's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


def _balancers(aws: Aws, port: int) -> tuple[str, str]:
    ec2, elb = aws.client("ec2"), aws.client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.1.0/24")["Subnet"]["SubnetId"]

    def balancer(kind: str) -> tuple[str, str]:
        made = elb.create_load_balancer(
            Name=f"edge-{kind[:3]}", Subnets=[subnet], Type=kind, Scheme="internal"
        )["LoadBalancers"][0]
        return made["LoadBalancerArn"], made["DNSName"]

    application, _ = balancer("application")
    network, dns_name = balancer("network")
    targets = elb.create_target_group(
        Name="edge-pool", Protocol="HTTP", Port=port, VpcId=vpc, TargetType="ip",
        HealthCheckPath="/health", HealthCheckIntervalSeconds=5, HealthyThresholdCount=2,
    )["TargetGroups"][0]["TargetGroupArn"]  # fmt: skip
    elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": "127.0.0.1", "Port": port}])
    listener = elb.create_listener(
        LoadBalancerArn=application,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[
            {
                "Type": "fixed-response",
                "FixedResponseConfig": {"StatusCode": "404", "MessageBody": "no tenant"},
            }
        ],
    )["Listeners"][0]["ListenerArn"]
    elb.create_rule(
        ListenerArn=listener,
        Priority=1,
        Conditions=[
            {
                "Field": "http-header",
                "HttpHeaderConfig": {"HttpHeaderName": "tenantPath", "Values": ["basic"]},
            }
        ],
        Actions=[{"Type": "forward", "TargetGroupArn": targets}],
    )
    front = elb.create_target_group(
        Name="edge-front", Protocol="TCP", Port=80, VpcId=vpc, TargetType="alb"
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=front, Targets=[{"Id": application, "Port": 80}])
    elb.create_listener(
        LoadBalancerArn=network,
        Protocol="TCP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": front}],
    )
    return network, dns_name


def _edge(aws: Aws, directory: Path, balancer: str, dns_name: str) -> Edge:
    api, cognito = aws.client("apigateway"), aws.client("cognito-idp")
    pool = cognito.create_user_pool(
        PoolName="edge",
        Schema=[
            {"Name": name, "AttributeDataType": "String", "Mutable": False}
            for name in ("tenantId", "tenantTier", "userRole")
        ],
    )["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="edge",
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]["ClientId"]
    aws.client("dynamodb").create_table(
        TableName=MAPPING_TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "tenantId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "tenantId", "AttributeType": "S"}],
    )
    link = api.create_vpc_link(name="edge", targetArns=[balancer])["id"]
    api_id = api.create_rest_api(name="edge", apiKeySource="AUTHORIZER")["id"]
    document = api_document(
        DocumentInputs(
            title="edge",
            description="A test",
            routes=[EdgeRoute("orders", "/orders"), EdgeRoute("users", "/users")],
            authorizer_invoke_arn=_authorizer(aws, directory),
            authorizer_ttl_seconds=30,
            cors_origin="*",
        )
    )
    api.put_rest_api(restApiId=api_id, mode="overwrite", body=json.dumps(document).encode())
    deployment = api.create_deployment(restApiId=api_id)["id"]
    api.create_stage(
        restApiId=api_id,
        stageName="prod",
        deploymentId=deployment,
        variables={BACKEND_VARIABLE: dns_name, VPC_LINK_VARIABLE: link},
    )
    aws.client("logs").create_log_group(logGroupName=ACCESS_LOG)
    group = f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:{ACCESS_LOG}"
    names = {
        "requestId": "requestId", "tenantId": "authorizer.tenantId", "status": "status",
        "latency": "responseLatency", "path": "path", "error": "error.message",
    }  # fmt: skip
    line = json.dumps({name: f"$context.{variable}" for name, variable in names.items()})
    api.update_stage(
        restApiId=api_id,
        stageName="prod",
        patchOperations=[
            {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": group},
            {"op": "replace", "path": "/accessLogSettings/format", "value": line},
        ],
    )
    plan = api.create_usage_plan(
        name="edge-basic",
        apiStages=[{"apiId": api_id, "stage": "prod"}],
        throttle={"rateLimit": 5, "burstLimit": 10},
        quota={"limit": 200, "period": "DAY"},
    )["id"]
    return Edge(aws, api_id, plan, pool, client)


def _authorizer(aws: Aws, directory: Path) -> str:
    """Return the invoke ARN of the platform's own function, with its own rights only."""
    iam, functions = aws.client("iam"), aws.client("lambda")
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"},
    }
    role = iam.create_role(
        RoleName="edge-authorizer",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    reading = {
        "Effect": "Allow",
        "Action": "dynamodb:GetItem",
        "Resource": f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{MAPPING_TABLE}",
    }
    iam.put_role_policy(
        RoleName="edge-authorizer",
        PolicyName="permissions",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [reading]}),
    )
    code = authorizer_code(load(_CONFIGURATION)).build(directory)
    arn = functions.create_function(
        FunctionName="edge-authorizer",
        Runtime="python3.11",
        Role=role,
        Handler="services.application.authorizer.function.handler",
        Code={"ZipFile": code.read_bytes()},
        Timeout=10,
        MemorySize=1024,
        Environment={
            "Variables": {"MAPPING_TABLE": MAPPING_TABLE, "ROLE_PATHS": json.dumps(ROLE_PATHS)}
        },
    )["FunctionArn"]
    functions.add_permission(
        FunctionName="edge-authorizer",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"


def until_full() -> None:
    """Wait until a bucket of five a second and ten at once is full again: that takes two seconds.

    Who looked whether it is would take out of it.
    """
    time.sleep(2.1)

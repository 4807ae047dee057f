"""A small system as the tiers make it, made by hand: what the runner is tried with."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from botocore.config import Config

from constructs_lib.gateway.config import envoy_config
from constructs_lib.gateway.upstream import Route
from services.local_aws.layout import ACCOUNT_ID
from tests.aws import REGION, aws_client
from tests.emulator.local_aws.synthesised import Module
from tests.waiting import eventually

PASSWORD = "Correct-horse-7"
T = TypeVar("T")

CLAIMS = ("tenantId", "tenantTier", "userRole", "tenantName")


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    body: Any
    headers: Mapping[str, str]


def call(
    method: str,
    url: str,
    body: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
    timeout: float = 20,
) -> Answer:
    """Send one request on a connection of its own."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, dict(headers or {}), method=method)
    if data is not None:
        request.add_header("content-type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return Answer(answer.status, _read(answer.read()), dict(answer.headers))
    except urllib.error.HTTPError as error:
        return Answer(error.code, _read(error.read()), dict(error.headers))


def _read(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode(errors="replace")


def wait_for(what: str, get: Callable[[], T], seconds: float = 30) -> T:
    """Return the first truthy answer of `get`."""
    return eventually(get, seconds, what=what)


@dataclass
class Environment:
    """One pooled or silo'd set of gateway and products behind NLB and ALB.

    Parameters
    ----------
    name : str
        Prefixes everything.
    silo : str, optional
        The only tenant of a silo; without it the set is a pool.
    """

    endpoint: str
    name: str
    silo: str | None = None
    arns: dict[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return a client of the account's root."""
        once = Config(retries={"total_max_attempts": 1}, read_timeout=120)
        return aws_client(service, self.endpoint, config=once)

    @cached_property
    def ecs(self) -> Any:
        return self.client("ecs")

    @property
    def namespace(self) -> str:
        return f"{self.name}.sc"

    @property
    def tenant_path(self) -> str:
        return self.silo or "basic"

    def url(self, path: str, kind: str = "nlb") -> str:
        return f"{self.endpoint}/_{kind}/{self.name}-{kind}{path}"

    # Making it.

    def build(self) -> None:
        self._users()
        self._roles_and_table()
        self._balancers()
        self.client("logs").create_log_group(logGroupName=f"/{self.name}")
        self.ecs.create_cluster(clusterName=self.name)
        self.create_service("products")
        self.create_service("gateway", balanced=True)
        self.await_steady("products")
        self.await_steady("gateway")

    def _users(self) -> None:
        cognito = self.client("cognito-idp")
        self.arns["pool"] = cognito.create_user_pool(
            PoolName=self.name,
            Schema=[
                {"Name": claim, "AttributeDataType": "String", "Mutable": claim != "tenantId"}
                for claim in CLAIMS
            ],
        )["UserPool"]["Id"]
        self.arns["client"] = cognito.create_user_pool_client(
            UserPoolId=self.arns["pool"],
            ClientName="app",
            ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]["ClientId"]

    def token(self, tenant: str, role: str = "TenantAdmin") -> str:
        """Return the ID token of a user of a tenant, who is made if new."""
        cognito = self.client("cognito-idp")
        user = f"{role}-{tenant}"
        try:
            values = (tenant, "premium" if self.silo else "basic", role, tenant)
            cognito.admin_create_user(
                UserPoolId=self.arns["pool"],
                Username=user,
                MessageAction="SUPPRESS",
                UserAttributes=[
                    {"Name": f"custom:{claim}", "Value": value}
                    for claim, value in zip(CLAIMS, values, strict=True)
                ],
            )
            cognito.admin_set_user_password(
                UserPoolId=self.arns["pool"], Username=user, Password=PASSWORD, Permanent=True
            )
        except cognito.exceptions.UsernameExistsException:
            pass
        result = cognito.admin_initiate_auth(
            UserPoolId=self.arns["pool"],
            ClientId=self.arns["client"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user, "PASSWORD": PASSWORD},
        )
        token: str = result["AuthenticationResult"]["IdToken"]
        return token

    def _roles_and_table(self) -> None:
        table = f"{self.name}-products"
        self.client("dynamodb").create_table(
            TableName=table,
            KeySchema=[
                {"AttributeName": "tenantId", "KeyType": "HASH"},
                {"AttributeName": "productId", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "tenantId", "AttributeType": "S"},
                {"AttributeName": "productId", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        self.arns["table"] = f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{table}"
        table_arn = self.arns["table"]
        tasks = {"Service": "ecs-tasks.amazonaws.com"}
        if self.silo:
            own = Module("tenant-premium").rights("products-role", aws_dynamodb_table=table_arn)
            self.arns["task"] = self._role("task", tasks, ["sts:AssumeRole"], own)
            return
        module = Module("tier-basic")
        tenant_role = f"arn:aws:iam::{ACCOUNT_ID}:role/{self.name}-tenant"
        vend = module.rights("products-role", aws_iam_role=tenant_role)
        self.arns["task"] = self._role("task", tasks, ["sts:AssumeRole"], vend)
        self.arns["tenant"] = self._role(
            "tenant",
            {"AWS": self.arns["task"]},
            ["sts:AssumeRole", "sts:TagSession"],
            module.rights("products-tenant-role", aws_dynamodb_table=table_arn),
        )

    def _role(self, name: str, principal: Any, actions: list[str], rights: str) -> str:
        iam = self.client("iam")
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": principal, "Action": actions}],
        }
        arn: str = iam.create_role(
            RoleName=f"{self.name}-{name}", AssumeRolePolicyDocument=json.dumps(trust)
        )["Role"]["Arn"]
        iam.put_role_policy(RoleName=f"{self.name}-{name}", PolicyName="own", PolicyDocument=rights)
        return arn

    def _balancers(self) -> None:
        elb = self.client("elbv2")
        subnet = self.client("ec2").describe_subnets()["Subnets"][0]
        vpc = subnet["VpcId"]

        def balancer(kind: str, type_: str) -> str:
            found: str = elb.create_load_balancer(
                Name=f"{self.name}-{kind}",
                Type=type_,
                Scheme="internal",
                Subnets=[subnet["SubnetId"]],
            )["LoadBalancers"][0]["LoadBalancerArn"]
            return found

        self.arns["alb"] = balancer("alb", "application")
        self.arns["nlb"] = balancer("nlb", "network")
        self.arns["group"] = elb.create_target_group(
            Name=f"{self.name}-gw",
            Protocol="HTTP",
            Port=8080,
            VpcId=vpc,
            TargetType="ip",
            HealthCheckPath="/health",
            HealthCheckIntervalSeconds=5,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
            HealthCheckTimeoutSeconds=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        listener = elb.create_listener(
            LoadBalancerArn=self.arns["alb"],
            Port=80,
            Protocol="HTTP",
            DefaultActions=[
                {
                    "Type": "fixed-response",
                    "FixedResponseConfig": {
                        "StatusCode": "404",
                        "ContentType": "application/json",
                        "MessageBody": json.dumps({"message": "no tenant is routed here"}),
                    },
                }
            ],
        )["Listeners"][0]["ListenerArn"]
        elb.create_rule(
            ListenerArn=listener,
            Priority=1,
            Conditions=[
                {
                    "Field": "http-header",
                    "HttpHeaderConfig": {
                        "HttpHeaderName": "tenantPath",
                        "Values": [self.tenant_path],
                    },
                }
            ],
            Actions=[{"Type": "forward", "TargetGroupArn": self.arns["group"]}],
        )
        to_alb = elb.create_target_group(
            Name=f"{self.name}-alb",
            Protocol="TCP",
            Port=80,
            VpcId=vpc,
            TargetType="alb",
            HealthCheckProtocol="HTTP",
        )["TargetGroups"][0]["TargetGroupArn"]
        elb.register_targets(TargetGroupArn=to_alb, Targets=[{"Id": self.arns["alb"], "Port": 80}])
        elb.create_listener(
            LoadBalancerArn=self.arns["nlb"],
            Port=80,
            Protocol="TCP",
            DefaultActions=[{"Type": "forward", "TargetGroupArn": to_alb}],
        )

    # Services and tasks.

    def register(self, service: str, **extra: str) -> str:
        """Register a revision of a service's task definition; return its ARN."""
        container: dict[str, Any] = {
            "name": service,
            "image": f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/acme/{service}:1",
            "essential": True,
            "stopTimeout": 5,
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": f"/{self.name}",
                    "awslogs-region": REGION,
                    "awslogs-stream-prefix": service,
                },
            },
        }
        if service == "gateway":
            config = envoy_config([Route("products", "/products", 3010)], self.namespace)
            container |= {
                "command": ["--config-yaml", json.dumps(config)],
                "portMappings": [{"containerPort": 8080, "name": "gateway"}],
            }
        else:
            variables = {
                "SERVICE_NAME": service,
                "PORT": "3010",
                "TIER": "premium" if self.silo else "basic",
                "ISOLATION": "silo" if self.silo else "pool",
                "USER_POOL_ID": self.arns["pool"],
                "APP_CLIENT_ID": self.arns["client"],
                "AWS_REGION": REGION,
                "TABLE_NAME": self.arns["table"].rpartition("/")[2],
                **(
                    {"TENANT_ID": self.silo}
                    if self.silo
                    else {"TENANT_ROLE_ARN": self.arns["tenant"]}
                ),
                **extra,
            }
            container |= {
                "environment": [{"name": n, "value": v} for n, v in variables.items()],
                "portMappings": [{"containerPort": 3010, "name": f"{service}-api"}],
            }
        arn: str = self.ecs.register_task_definition(
            family=f"{self.name}-{service}",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            taskRoleArn=self.arns["task"],
            containerDefinitions=[container],
        )["taskDefinition"]["taskDefinitionArn"]
        return arn

    def create_service(self, service: str, *, count: int = 1, balanced: bool = False) -> None:
        options: dict[str, Any] = {}
        if balanced:
            options["loadBalancers"] = [
                {
                    "targetGroupArn": self.arns["group"],
                    "containerName": service,
                    "containerPort": 8080,
                }
            ]
        connect: dict[str, Any] = {"enabled": True, "namespace": self.namespace}
        if not balanced:
            connect["services"] = [
                {
                    "portName": f"{service}-api",
                    "discoveryName": f"{service}-api",
                    "clientAliases": [{"port": 3010, "dnsName": f"{service}-api.{self.namespace}"}],
                }
            ]
        self.ecs.create_service(
            cluster=self.name,
            serviceName=service,
            taskDefinition=self.register(service),
            desiredCount=count,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
            serviceConnectConfiguration=connect,
            deploymentConfiguration={
                "maximumPercent": 200,
                "minimumHealthyPercent": 100,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            },
            **options,
        )

    def describe(self, service: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.describe_services(cluster=self.name, services=[service])[
            "services"
        ][0]
        return found

    def await_steady(self, service: str, seconds: float = 60) -> dict[str, Any]:
        """Wait until a service is as Terraform's `wait_for_steady_state` wants it."""

        def steady() -> dict[str, Any] | None:
            found = self.describe(service)
            done = (
                len(found["deployments"]) == 1
                and found["runningCount"] == found["desiredCount"]
                and found["deployments"][0]["rolloutState"] == "COMPLETED"
            )
            return found if done else None

        found = wait_for(f"steady state of {service}", steady, seconds)
        assert found is not None
        return found

    def scale(self, service: str, count: int) -> None:
        self.ecs.update_service(cluster=self.name, service=service, desiredCount=count)

    def addresses(self, service: str) -> dict[str, str]:
        """Return the running tasks of a service, ARN to address."""
        arns = self.ecs.list_tasks(cluster=self.name, serviceName=service)["taskArns"]
        tasks = self.ecs.describe_tasks(cluster=self.name, tasks=arns)["tasks"] if arns else []
        found = {}
        for task in tasks:
            if task["lastStatus"] == "RUNNING":
                details = {d["name"]: d["value"] for d in task["attachments"][0]["details"]}
                found[task["taskArn"]] = details["privateIPv4Address"]
        return found

    def healthy(self) -> list[str]:
        """Return the addresses of the healthy targets of the gateway's target group."""
        described = self.client("elbv2").describe_target_health(TargetGroupArn=self.arns["group"])
        return [
            each["Target"]["Id"]
            for each in described["TargetHealthDescriptions"]
            if each["TargetHealth"]["State"] == "healthy"
        ]

    def headers(self, tenant: str) -> dict[str, str]:
        return {"tenantPath": self.tenant_path, "Authorization": f"Bearer {self.token(tenant)}"}

    def log_lines(self, service: str) -> list[str]:
        logs = self.client("logs")
        streams = logs.describe_log_streams(
            logGroupName=f"/{self.name}", logStreamNamePrefix=f"{service}/"
        )["logStreams"]
        return [
            event["message"]
            for stream in streams
            for event in logs.get_log_events(
                logGroupName=f"/{self.name}", logStreamName=stream["logStreamName"]
            )["events"]
        ]

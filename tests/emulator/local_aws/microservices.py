"""The pool's microservices as processes, with the roles, tables and users they have in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from services.configuration import load
from services.local_aws.layout import ACCOUNT_ID
from tests.aws import REGION, free_port
from tests.emulator.local_aws.conftest import Aws
from tests.emulator.local_aws.synthesised import Module
from tiers import manifest

ROOT = Path(__file__).parents[3]
PASSWORD = "Correct-horse-7"
CLAIMS = ("tenantId", "tenantTier", "userRole", "tenantName")


class Pool:
    """A user pool of tenants, their tables, and the services that run for all of them."""

    def __init__(self, aws: Aws, logs: Path) -> None:
        self.aws = aws
        self._logs = logs
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.urls: dict[str, str] = {}
        self.cognito = aws.client("cognito-idp")
        self.user_pool = self.cognito.create_user_pool(
            PoolName="microservices",
            Schema=[
                {"Name": claim, "AttributeDataType": "String", "Mutable": claim != "tenantId"}
                for claim in CLAIMS
            ],
        )["UserPool"]
        self.client_id = self.cognito.create_user_pool_client(
            UserPoolId=self.user_pool["Id"],
            ClientName="app",
            ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]["ClientId"]

    def close(self) -> None:
        """End what still runs."""
        for process in self._processes.values():
            process.kill()
            process.wait(10)

    # People.

    def onboard(self, tenant: str) -> None:
        """Make what a basic tenant's root module makes: a group and the first administrator."""
        self.cognito.create_group(UserPoolId=self.user_pool["Id"], GroupName=tenant)
        self.add_user(tenant, f"{tenant}-admin", "TenantAdmin")

    def add_user(self, tenant: str, name: str, role: str) -> None:
        self.cognito.admin_create_user(
            UserPoolId=self.user_pool["Id"],
            Username=name,
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": f"custom:{claim}", "Value": value}
                for claim, value in zip(CLAIMS, (tenant, "basic", role, tenant), strict=True)
            ],
        )
        self.cognito.admin_add_user_to_group(
            UserPoolId=self.user_pool["Id"], Username=name, GroupName=tenant
        )
        self.set_password(name)

    def set_password(self, name: str) -> None:
        self.cognito.admin_set_user_password(
            UserPoolId=self.user_pool["Id"], Username=name, Password=PASSWORD, Permanent=True
        )

    def token(self, name: str) -> str:
        """Return the ID token of a real sign-in."""
        answer = self.cognito.admin_initiate_auth(
            UserPoolId=self.user_pool["Id"],
            ClientId=self.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
        )
        token: str = answer["AuthenticationResult"]["IdToken"]
        return token

    # Services, as the manifest has them.

    def start(self, service: str, module: str = "", **environment: str) -> None:
        """Start a service of the manifest with its table and roles, if it is not there yet."""
        spec = load(ROOT / "saas.tfvars").services[service]
        name = module.rpartition(".")[2] or service
        own = {}
        role = f"{name}-task"
        if spec.storage:
            self._table(
                service, spec.storage.sort_key, {i.name: i.sort_key for i in spec.storage.indexes}
            )
            tenant_role = f"arn:aws:iam::{ACCOUNT_ID}:role/{name}-tenant"
            act = {
                "Effect": "Allow",
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Resource": tenant_role,
            }
            self._role(role, f"arn:aws:iam::{ACCOUNT_ID}:root", act)
            self._role(
                f"{name}-tenant", f"arn:aws:iam::{ACCOUNT_ID}:role/{role}", _own_items(service)
            )
            own = {"TABLE_NAME": f"pool-{service}", "TENANT_ROLE_ARN": tenant_role}
        else:
            (statement,) = manifest.user_management(spec, self.user_pool["Arn"])
            self._role(role, f"arn:aws:iam::{ACCOUNT_ID}:root", statement.document())
        self.run(
            name,
            module or f"services.application.{service}",
            role,
            SERVICE_NAME=service,
            **own,
            **environment,
        )

    def run(self, name: str, module: str, role: str, **environment: str) -> None:
        """Start a process under a role and wait until it is ready."""
        port = free_port()
        vended = self.aws.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/{role}", RoleSessionName="task"
        )["Credentials"]
        given = {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": self.aws.endpoint,
            "AWS_ACCESS_KEY_ID": vended["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": vended["SecretAccessKey"],
            "AWS_SESSION_TOKEN": vended["SessionToken"],
            "AWS_REGION": REGION,
            "BIND_HOST": "127.0.0.1",
            "PORT": str(port),
            "TIER": "basic",
            "ISOLATION": "pool",
            "USER_POOL_ID": self.user_pool["Id"],
            "APP_CLIENT_ID": self.client_id,
            **environment,
        }
        self.urls[name] = f"http://127.0.0.1:{port}"
        with self.log(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", module], env=given, cwd=ROOT, stdout=log, stderr=log
            )

    def log(self, name: str) -> Path:
        """Return the file of a service's output."""
        return self._logs / f"{name}.log"

    def line(self, name: str, request_id: str) -> dict[str, Any]:
        """Return the one JSON line that a service logs of a request, after it has answered it."""
        deadline = time.monotonic() + 10
        while True:
            written, _, _ = self.log(name).read_text().rpartition("\n")
            lines = [json.loads(line) for line in written.splitlines() if request_id in line]
            if lines or time.monotonic() > deadline:
                (line,) = lines
                assert line["requestId"] == request_id
                return dict(line)
            time.sleep(0.02)

    def await_ready(self, *names: str) -> None:
        """Wait until services say that they are ready."""
        deadline = time.monotonic() + 30
        for name in names or list(self.urls):
            while True:
                try:
                    if httpx.get(f"{self.urls[name]}/ready", timeout=5).status_code == 200:
                        break
                except httpx.HTTPError:
                    pass
                if time.monotonic() > deadline or self._processes[name].poll() is not None:
                    raise AssertionError(f"{name} is not ready:\n{self.log(name).read_text()}")
                time.sleep(0.05)

    def signal(self, name: str, number: int = signal.SIGTERM) -> subprocess.Popen[bytes]:
        """Send a signal to a service's process."""
        self._processes[name].send_signal(number)
        return self._processes[name]

    def _table(self, service: str, sort_key: str, indexes: Mapping[str, str]) -> None:
        tables = self.aws.client("dynamodb")
        try:
            tables.create_table(
                TableName=f"pool-{service}",
                BillingMode="PAY_PER_REQUEST",
                KeySchema=_keys(sort_key),
                AttributeDefinitions=[
                    {"AttributeName": name, "AttributeType": "S"}
                    for name in ("tenantId", sort_key, *indexes.values())
                ],
                GlobalSecondaryIndexes=[
                    {
                        "IndexName": name,
                        "KeySchema": _keys(attribute),
                        "Projection": {"ProjectionType": "ALL"},
                    }
                    for name, attribute in indexes.items()
                ],
            )
        except tables.exceptions.ResourceInUseException:
            return

    def _role(self, name: str, principal: str, statement: Mapping[str, Any]) -> None:
        iam = self.aws.client("iam")
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": principal},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=_document(statement))


def _own_items(service: str) -> dict[str, Any]:
    """Return what the product lets the pool's service do for a tenant."""
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/pool-{service}"
    rights = Module("tier-basic").rights(f"{service}-tenant-role", aws_dynamodb_table=table)
    (statement,) = json.loads(rights)["Statement"]
    allowed: dict[str, Any] = statement
    return allowed


def _keys(sort_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": "tenantId", "KeyType": "HASH"},
        {"AttributeName": sort_key, "KeyType": "RANGE"},
    ]


def _document(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

"""The roles that workflows take on, as the module makes them, and what is run under them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import boto3

import main
from constructs_lib.identity.statement import Statement, policy
from services.configuration import Configuration, parse
from services.configuration.release import derived
from services.contracts.images import CONTEXT
from services.local_aws.layout import ACCOUNT_ID
from services.local_aws.machine import LocalAws
from services.provisioning.terraform.mirror import cli_config
from tests.emulator.authorization import docker as docker_module
from tiers.deployer import deployer_statements
from tiers.planner import PLANNED_STATES, planner_statements

PROJECT = Path(__file__).parents[3]


class _Deployment(TypedDict):
    name: str
    environment: str
    region: str
    account: str


_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
        }
    ],
}


@dataclass(frozen=True)
class Account:
    """A local AWS with a configuration's root modules beside it."""

    directory: Path
    local: LocalAws
    configuration: Configuration

    @classmethod
    def create(cls, directory: Path, port: int, text: str) -> Account:
        """Start a local AWS and synthesise the root modules of a configuration."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "saas.tfvars").write_text(text)
        for name in set(CONTEXT) - {"cdktf.out"}:
            (directory / name).symlink_to(PROJECT / name)
        configuration = derived(parse(text), PROJECT, directory / "saas.tfvars")
        main.synthesize(configuration, directory / "cdktf.out")
        docker = directory / "bin/docker"
        docker.parent.mkdir()
        docker.write_text(f'#!/bin/sh\nexec {sys.executable} -m {docker_module.__name__} "$@"\n')
        docker.chmod(0o755)
        local = LocalAws(directory / ".ecs-saas/local", port)
        local.up()
        return cls(directory, local, configuration)

    def client(self, service: str, keys: Mapping[str, str] | None = None) -> Any:
        """Return a client: the account's root's, or one with the variables `keys`."""
        environment = {**self.local.environment(), **(keys or {})}
        create: Any = boto3.client
        return create(
            service,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        )

    def environment(self, keys: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment of a command that works as on AWS, with these credentials."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_", "ECS_"))}
        return {
            **kept,
            **self.local.environment(),
            **(keys or {}),
            "PATH": f"{self.directory}/bin:{os.environ['PATH']}",
            "PYTHONPATH": str(PROJECT),
            docker_module.HOME: str(self.local.home),
            "ECS_SAAS_TARGET": "aws",
            "ECS_SAAS_MODULES": str(self.directory / "cdktf.out/stacks"),
        }

    def run(
        self, *arguments: str, keys: Mapping[str, str] | None = None, expect: tuple[int, ...] = (0,)
    ) -> str:
        """Run a command of `ecs-saas` with these credentials, by default the root's."""
        done = subprocess.run(
            [sys.executable, "-m", "services.cli.app", *arguments],
            cwd=self.directory,
            env=self.environment(keys),
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode in expect, done.stdout[-6000:] + done.stderr[-6000:]
        return done.stdout

    def denials(self) -> list[str]:
        """Return what IAM denied so far, as the log has it."""
        lines = self.local.log_path.read_text().splitlines()
        return [line for line in lines if "[services.local_aws.iam] denied:" in line]

    def contract(self, stack: str) -> dict[str, Any]:
        """Return what a shared stack publishes."""
        name = f"/{self.configuration.name}/{self.configuration.environment}/{stack}"
        value = self.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
        published: dict[str, Any] = json.loads(value)
        return published

    def role(self, kind: str) -> str:
        """Return the ARN of the role for `plan` or `apply`."""
        return f"arn:aws:iam::{ACCOUNT_ID}:role/ci-{self.configuration.prefix}-ci-{kind}"

    def policy(self, name: str) -> str:
        """Return the ARN of a policy of the deployment."""
        return f"arn:aws:iam::{ACCOUNT_ID}:policy/{self.configuration.prefix}-{name}"

    def workflow(self, kind: str) -> dict[str, str]:
        """Return the variables of a workflow that plans or applies."""
        return self.session(self.role(kind).rpartition("/")[2])

    def make_state_backend(self) -> None:
        """Make the bucket of states and the table of locks, as whoever set the account up."""
        bucket = self.configuration.state_bucket
        self.client("s3").create_bucket(Bucket=bucket)
        self.client("s3").put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
        )
        self.client("dynamodb").create_table(
            TableName=self.configuration.lock_table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        )

    def session(self, role: str) -> dict[str, str]:
        """Return the variables of a session of a role that trusts the account's root."""
        made = self.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/{role}", RoleSessionName="workflow"
        )["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
            "AWS_SESSION_TOKEN": made["SessionToken"],
        }

    def make_ci_roles(self) -> None:
        """Apply the module of both roles, and let the root take them on in GitHub's place."""
        configuration = self.configuration
        prefix, region = f"ci-{configuration.prefix}", configuration.region
        iam = self.client("iam")
        where: _Deployment = {
            "name": configuration.name,
            "environment": configuration.environment,
            "region": region,
            "account": ACCOUNT_ID,
        }

        firewall = configuration.edge.waf != "off"

        def arns(kind: str, groups: Mapping[str, Sequence[Statement]]) -> dict[str, str]:
            return {
                part: iam.create_policy(
                    PolicyName=f"{prefix}-{kind}-{part}",
                    PolicyDocument=policy(statements).replace("$${", "${"),
                )["Policy"]["Arn"]
                for part, statements in groups.items()
            }

        table = f"arn:aws:dynamodb:{region}:{ACCOUNT_ID}:table/{configuration.lock_table}"
        variables = {
            "name": prefix,
            "repository": "owner/name",
            "state_bucket_arn": f"arn:aws:s3:::{configuration.state_bucket}",
            "lock_table_arn": table,
            "apply_policy_arns": {
                "read": "arn:aws:iam::aws:policy/ReadOnlyAccess",
                **arns("deployer", deployer_statements(**where, firewall=firewall)),
            },
            "plan_policy_arns": arns("planner", planner_statements(**where)),
            "plan_state_keys": list(PLANNED_STATES),
        }
        self._apply(PROJECT / "modules/ci_identity", variables)
        for kind in ("plan", "apply"):
            iam.update_assume_role_policy(
                RoleName=f"{prefix}-ci-{kind}", PolicyDocument=json.dumps(_TRUST)
            )

    def _apply(self, module: Path, variables: Mapping[str, Any]) -> None:
        work = self.directory / module.name
        work.mkdir(exist_ok=True)
        for path in module.glob("*.tf"):
            (work / path.name).write_bytes(path.read_bytes())
        (work / "terraform.tfvars.json").write_text(json.dumps(variables))
        environment = {**self.environment(), "TF_CLI_CONFIG_FILE": str(cli_config(work))}
        for command in (("init", "-input=false"), ("apply", "-auto-approve", "-input=false")):
            done = subprocess.run(
                ["terraform", *command, "-no-color"],
                cwd=work,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr

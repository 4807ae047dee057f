"""What the platform's commands refuse before anything is made or destroyed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.local_aws.layout import ACCOUNT_ID
from tests.emulator.provisioning.conftest import Project
from tests.emulator.provisioning.test_ownership import with_modules

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

PROVIDER = f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/token.actions.githubusercontent.com"
URL = "https://token.actions.githubusercontent.com"
REPOSITORY = 'repository = "owner/name"'
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "apigateway.amazonaws.com"},
        }
    ],
}


def _configure(project: Project, text: str) -> None:
    file = project.path / "saas.tfvars"
    file.write_text(f"{file.read_text()}\n{text}\n")


def _protect(project: Project) -> None:
    file = project.path / "saas.tfvars"
    off = "deletion_protection = false"
    assert off in file.read_text()
    file.write_text(file.read_text().replace(off, "deletion_protection = true"))


def test_a_protected_platform_is_not_destroyed(project: Project) -> None:
    with_modules(project)
    _protect(project)

    refused = project.run("platform", "destroy", "--yes", code=2)

    assert "deletion_protection is true in the configuration" in refused.err
    assert "ecs-saas platform apply" in refused.err


def test_nor_one_whose_protection_is_not_taken_away_yet(project: Project) -> None:
    """The configuration says so already, and AWS would refuse half-way."""
    with_modules(project)
    state = {
        "version": 4,
        "serial": 1,
        "lineage": "l",
        "outputs": {},
        "resources": [
            {
                "mode": "managed",
                "type": kind,
                "name": "kept",
                "instances": [{"attributes": {attribute: value}}],
            }
            for kind, attribute, value in (
                ("aws_dynamodb_table", "deletion_protection_enabled", True),
                ("aws_cognito_user_pool", "deletion_protection", "ACTIVE"),
                ("aws_lb", "enable_deletion_protection", False),
            )
        ],
    }
    project.client("s3").put_object(
        Bucket=project.bucket, Key="platform.tfstate", Body=json.dumps(state).encode()
    )

    refused = project.run("platform", "destroy", "--yes", code=2)

    assert "run `ecs-saas platform apply` first; nothing was destroyed" in refused.err
    assert "platform: aws_dynamodb_table.kept" in refused.err
    assert "platform: aws_cognito_user_pool.kept" in refused.err
    assert "aws_lb" not in refused.err
    assert project.keys() == {"platform.tfstate"}


@contextmanager
def _logs_written_by(project: Project, role: str) -> Iterator[None]:
    """Let API Gateway write the account's logs by a role that somebody has made."""
    iam, api = project.client("iam"), project.client("apigateway")

    def use(arn: str) -> None:
        api.update_account(
            patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}]
        )

    before = api.get_account().get("cloudwatchRoleArn") or ""
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))
    use(f"arn:aws:iam::{ACCOUNT_ID}:role/{role}")
    try:
        yield
    finally:
        use(before)
        iam.delete_role(RoleName=role)


@pytest.mark.parametrize(("command", "code"), [("plan", 1), ("apply", 2)])
def test_the_role_of_another_deployments_logs_is_not_replaced(
    project: Project, command: str, code: int
) -> None:
    with_modules(project)
    with _logs_written_by(project, f"{project.name}x-api-logs"):
        refused = project.run("platform", command, code=code)
        assert "api_gateway_logs: got create; allowed existing" in refused.err

        _configure(project, 'account_wide = { api_gateway_logs = "existing" }')
        project.run("platform", "plan")


def test_its_own_role_is_no_other(project: Project) -> None:
    with_modules(project)
    with _logs_written_by(project, f"{project.prefix}-api-logs"):
        project.run("platform", "plan")


def test_a_role_that_is_not_there_cannot_be_used(project: Project) -> None:
    with_modules(project)
    _configure(project, 'account_wide = { api_gateway_logs = "existing" }')

    refused = project.run("platform", "apply", code=2)

    assert "api_gateway_logs: got existing; allowed create" in refused.err


def test_the_provider_of_githubs_workflows_is_made_once(project: Project) -> None:
    with_modules(project)
    _configure(project, f'{REPOSITORY}\naccount_wide = {{ github_oidc_provider = "existing" }}')
    refused = project.run("platform", "apply", code=2)
    assert "github_oidc_provider: got existing; allowed create" in refused.err

    iam = project.client("iam")
    iam.create_open_id_connect_provider(Url=URL, ClientIDList=["sts.amazonaws.com"])
    try:
        project.run("platform", "plan")

        file = project.path / "saas.tfvars"
        file.write_text(file.read_text().replace('"existing"', '"create"'))
        refused = project.run("platform", "apply", code=2)
        assert "github_oidc_provider: got create; allowed existing" in refused.err
        assert PROVIDER in refused.err

        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)
        own = {"Project": project.name, "Environment": "dev"}
        iam.create_open_id_connect_provider(
            Url=URL,
            ClientIDList=["sts.amazonaws.com"],
            Tags=[{"Key": key, "Value": value} for key, value in own.items()],
        )
        project.run("platform", "plan")
    finally:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)

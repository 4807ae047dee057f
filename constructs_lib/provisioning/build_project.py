"""The project whose builds apply tenants, and the role that they run under."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from cdktf_cdktf_provider_aws.codebuild_project import (
    CodebuildProject,
    CodebuildProjectArtifacts,
    CodebuildProjectEnvironment,
    CodebuildProjectEnvironmentEnvironmentVariable,
    CodebuildProjectLogsConfig,
    CodebuildProjectLogsConfigCloudwatchLogs,
    CodebuildProjectSource,
)
from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct

from constructs_lib.errors import ConfigError
from constructs_lib.identity import Statement, Trust, policy
from constructs_lib.observability import LogGroup

# Without white space, which is not counted.
_INLINE_LIMIT = 10_240
_MANAGED_LIMIT = 6_144
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

_FIRST_WORD = re.compile(r"(:[A-Z][a-z]+)[A-Z].*$")


class BuildProject(Construct):
    """Builds that run one command in an image that holds all it needs: nothing is downloaded.

    The role has a boundary, made from its statements by kinds of actions: it denies the role to
    change itself, its boundary or another role of the planes, whatever its policy comes to say.

    Parameters
    ----------
    name : str
    image : str
        With its tag.
    buildspec : str
    statements : sequence of Statement
        What builds may do beside writing their log.
    untouchable_role_arns : sequence of str
        Roles that no build may change, its own among them.
    environment : dict of str to str
    timeout_minutes : int, default 60
    log_retention_days : int, default 30

    Attributes
    ----------
    name, arn, role_arn : str

    Raises
    ------
    ConfigError
        If the statements are longer than a role's policies may be.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        image: str,
        buildspec: str,
        statements: Sequence[Statement],
        untouchable_role_arns: Sequence[str],
        environment: dict[str, str],
        timeout_minutes: int = 60,
        log_retention_days: int = 30,
    ) -> None:
        super().__init__(scope, id_)
        logs = LogGroup(
            self, "logs", name=f"/aws/codebuild/{name}", retention_days=log_retention_days
        )
        own_log = Statement(
            ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{logs.arn}:*"], sid="OwnLog"
        )
        allowed = [own_log, *statements]
        document = _fitting(f"statements of {name}", policy(allowed), _INLINE_LIMIT)
        limits = _fitting(
            f"boundary of {name}", _boundary(allowed, untouchable_role_arns), _MANAGED_LIMIT
        )
        boundary = IamPolicy(
            self,
            "Boundary",
            name=f"{name}-boundary",
            description=f"All that the builds of {name} could ever be allowed",
            policy=limits,
        )
        role = IamRole(
            self,
            "Role",
            name=f"{name}-role",
            description=f"What the builds of {name} may do",
            assume_role_policy=policy([Trust(service="codebuild.amazonaws.com")]),
            permissions_boundary=boundary.arn,
        )
        rights = IamRolePolicy(self, "Rights", name="permissions", role=role.name, policy=document)
        project = CodebuildProject(
            self,
            "Resource",
            name=name,
            description="Applies and destroys tenants",
            service_role=role.arn,
            build_timeout=timeout_minutes,
            queued_timeout=timeout_minutes,
            artifacts=CodebuildProjectArtifacts(type="NO_ARTIFACTS"),
            source=CodebuildProjectSource(type="NO_SOURCE", buildspec=buildspec),
            environment=CodebuildProjectEnvironment(
                type="LINUX_CONTAINER",
                compute_type="BUILD_GENERAL1_SMALL",
                image=image,
                image_pull_credentials_type="SERVICE_ROLE",
                environment_variable=[
                    CodebuildProjectEnvironmentEnvironmentVariable(name=key, value=value)
                    for key, value in sorted(environment.items())
                ],
            ),
            logs_config=CodebuildProjectLogsConfig(
                cloudwatch_logs=CodebuildProjectLogsConfigCloudwatchLogs(
                    status="ENABLED", group_name=logs.name
                )
            ),
            depends_on=[rights],
        )
        self.name: str = project.name
        self.arn: str = project.arn
        self.role_arn: str = role.arn


def coarsened(statements: Sequence[Statement]) -> list[Statement]:
    """Return what allows the same on the same resources, by kinds of actions: `iam:Create*`.

    It is shorter, and seldom changes when a right is added.
    """
    merged: dict[tuple[tuple[str, ...], str], tuple[set[str], Statement]] = {}
    for statement in statements:
        key = (tuple(statement.resources), json.dumps(statement.conditions, sort_keys=True))
        kinds, _ = merged.setdefault(key, (set(), statement))
        kinds.update(
            action if not statement.resources else _FIRST_WORD.sub(r"\1*", action)
            for action in statement.actions
        )
    return [
        Statement(sorted(kinds), statement.resources, conditions=statement.conditions)
        for kinds, statement in merged.values()
    ]


def _boundary(allowed: Sequence[Statement], untouchable: Sequence[str]) -> str:
    document = json.loads(policy(coarsened(allowed)))
    document["Statement"].append(
        {
            "Sid": "NotItself",
            "Effect": "Deny",
            "Action": [
                "iam:AttachRolePolicy",
                "iam:DeleteRole",
                "iam:DeleteRolePermissionsBoundary",
                "iam:PassRole",
                "iam:PutRolePermissionsBoundary",
                "iam:PutRolePolicy",
                "iam:UpdateAssumeRolePolicy",
            ],
            "Resource": list(untouchable),
        }
    )
    return json.dumps(document)


def _fitting(what: str, document: str, limit: int) -> str:
    compact = json.dumps(json.loads(document), separators=(",", ":"))
    if len(compact) > limit:
        raise ConfigError(f"{what}: got {len(compact)} characters; allowed {limit}")
    return compact

"""The project whose builds apply tenants, and the role that they run under."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from cdktf import ITerraformDependable
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
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from constructs import Construct

from constructs_lib.errors import ConfigError
from constructs_lib.identity import Statement, policy, trust_of_own_account
from constructs_lib.observability import LogGroup
from constructs_lib.sequences import takes_sequences

# Without white space, which is not counted.
_INLINE_LIMIT = 10_240
_MANAGED_LIMIT = 6_144
_MOST_ATTACHED = 10
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

_REGION = re.compile(r"^(arn:aws:[a-z0-9-]+:)[a-z]{2}(-[a-z]+)+-[0-9]+(?=:)")
# Not a bucket's: that names no account.
_OF_ACCOUNT = re.compile(r"^(arn:aws:[a-z0-9-]+:[^:]*:[^:]+:).*$")
_FIRST_WORD = re.compile(r"(:[A-Z][a-z]+)[A-Z].*$")


@takes_sequences
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
        Roles that no build may change or pass, its own among them.
    usable_role_arns : sequence of str, optional
        Roles that builds may pass, and not change.
    environment : dict of str to str
    role_boundary_arn : str, optional
        The boundary that a role has to have for builds to make it or write its policies. Without
        one it is only the statements that say so.
    timeout_minutes : int, default 60
    log_retention_days : int, default 30

    Attributes
    ----------
    name, arn, role_arn : str
    logs : LogGroup

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
        usable_role_arns: Sequence[str] = (),
        role_boundary_arn: str | None = None,
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
        document, *further = parted(f"statements of {name}", allowed)
        # Of boundaries a role has one, so a long one says less exactly what is allowed at all.
        for shorter in (coarsened(allowed), coarsened(allowed, by_service=True), kinds(allowed)):
            limits = _boundary(shorter, untouchable_role_arns, usable_role_arns, role_boundary_arn)
            if len(_compact(limits)) <= _MANAGED_LIMIT:
                break
        limits = _fitting(f"boundary of {name}", limits, _MANAGED_LIMIT)
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
            # https://docs.aws.amazon.com/codebuild/latest/userguide/cross-service-confused-deputy-prevention.html
            assume_role_policy=policy([trust_of_own_account("codebuild.amazonaws.com", logs.arn)]),
            permissions_boundary=boundary.arn,
        )
        rights: list[ITerraformDependable] = [
            IamRolePolicy(self, "Rights", name="permissions", role=role.name, policy=document)
        ]
        for number, more in enumerate(further, start=2):
            managed = IamPolicy(
                self,
                f"Rights-{number}",
                name=f"{name}-{number}",
                description=f"What the builds of {name} may do, continued",
                policy=more,
            )
            rights.append(
                IamRolePolicyAttachment(
                    self, f"Attached-{number}", role=role.name, policy_arn=managed.arn
                )
            )
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
            depends_on=rights,
        )
        self.name: str = project.name
        self.arn: str = project.arn
        self.role_arn: str = role.arn
        self.logs = logs


def parted(what: str, statements: Sequence[Statement]) -> list[str]:
    """Return policies that together say `statements`: one that fits into the role, others beside.

    Raises
    ------
    ConfigError
        If they are more than may be attached to a role, or one statement is too long.
    """
    parts: list[list[Statement]] = [[]]
    for statement in statements:
        limit = _MANAGED_LIMIT if len(parts) > 1 else _INLINE_LIMIT
        if parts[-1] and len(_compact(policy([*parts[-1], statement]))) > limit:
            parts.append([])
        parts[-1].append(statement)
    if len(parts) > 1 + _MOST_ATTACHED:
        raise ConfigError(f"{what}: got {len(parts)} policies; allowed {1 + _MOST_ATTACHED}")
    limits = [_INLINE_LIMIT] + [_MANAGED_LIMIT] * _MOST_ATTACHED
    return [_fitting(what, policy(part), limit) for part, limit in zip(parts, limits, strict=False)]


def coarsened(statements: Sequence[Statement], *, by_service: bool = False) -> list[dict[str, Any]]:
    """Return what allows at least the same, as IAM writes it: by service and kind of action.

    `iam:Create*` on all roles that any action of the service is allowed on. It is shorter, and
    seldom changes when a right is added. A boundary by itself allows nothing.

    Parameters
    ----------
    by_service : bool, default False
        Shorter still: on all that the account has of a service, but for roles, without conditions,
        which the policies themselves have, and with every description of what has no name.
    """
    merged: dict[tuple[str, bool, str], tuple[set[str], dict[str, None]]] = {}
    for statement in statements:
        conditions = json.dumps({} if by_service else statement.conditions, sort_keys=True)
        for action in statement.actions:
            service = action.partition(":")[0] if statement.resources else ""
            key = (service, bool(statement.resources), conditions)
            kinds, resources = merged.setdefault(key, (set(), {}))
            shortened = statement.resources or (by_service and ":Describe" in action)
            kinds.add(_FIRST_WORD.sub(r"\1*", action) if shortened else action)
            # What is allowed at all is of one region; to say so again here is long.
            resources.update(
                dict.fromkeys(_REGION.sub(r"\1*", each) for each in statement.resources)
            )
            if by_service and service != "iam":
                wider = [_OF_ACCOUNT.sub(r"\1*", each) for each in resources]
                resources.clear()
                resources.update(dict.fromkeys(wider))
    return [
        {
            "Effect": "Allow",
            "Action": sorted(kinds),
            "Resource": _widest(list(resources)) or "*",
            **({"Condition": json.loads(conditions)} if conditions != "{}" else {}),
        }
        for (_, _, conditions), (kinds, resources) in merged.items()
    ]


def kinds(statements: Sequence[Statement]) -> list[dict[str, Any]]:
    """Return what `coarsened` does by service, and on all of the account: the shortest of all.

    Roles keep their names: what builds may do to roles is what a boundary is for.
    """
    by_service = coarsened(statements, by_service=True)
    roles = [each for each in by_service if each["Action"][0].startswith("iam:")]
    rest = sorted({action for each in by_service if each not in roles for action in each["Action"]})
    return [*roles, {"Effect": "Allow", "Action": rest, "Resource": "*"}]


def _widest(resources: Sequence[str]) -> list[str]:
    """Return `resources` without those that another one's `*` at the end takes in."""
    return [
        resource
        for resource in resources
        if not any(
            other != resource and other.endswith("*") and resource.startswith(other[:-1])
            for other in resources
        )
    ]


def _boundary(
    allowed: Sequence[dict[str, Any]],
    untouchable: Sequence[str],
    usable: Sequence[str],
    role_boundary: str | None,
) -> str:
    # Roles of the planes do not have the boundary of others: what asks for it need not name them.
    writing = ["iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
    unbounding = "iam:DeleteRolePermissionsBoundary"
    changing = [
        *("iam:DeleteRole", "iam:UpdateAssumeRolePolicy"),
        *([] if role_boundary else [*writing, unbounding]),
    ]
    denied = [("NotItself", sorted([*changing, "iam:PassRole"]), untouchable)]
    if usable:
        denied.append(("UsedAlone", changing, usable))
    document: dict[str, Any] = {"Version": "2012-10-17", "Statement": list(allowed)}
    document["Statement"] += [
        {"Sid": sid, "Effect": "Deny", "Action": actions, "Resource": list(roles)}
        for sid, actions, roles in denied
    ]
    if role_boundary:
        # Else whoever writes this role's policies makes another role by it, without a boundary.
        limited = {"StringNotEquals": {"iam:PermissionsBoundary": role_boundary}}
        bounded = {"Sid": "Bounded", "Effect": "Deny", "Resource": "*", "Condition": limited}
        document["Statement"] += [
            {**bounded, "Action": ["iam:CreateRole", *writing]},
            {"Sid": "StayBounded", "Effect": "Deny", "Action": unbounding, "Resource": "*"},
        ]
    return json.dumps(document)


def _fitting(what: str, document: str, limit: int) -> str:
    compact = _compact(document)
    if len(compact) > limit:
        raise ConfigError(f"{what}: got {len(compact)} characters; allowed {limit}")
    return compact


def _compact(document: str) -> str:
    return json.dumps(json.loads(document), separators=(",", ":"))

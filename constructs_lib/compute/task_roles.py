"""The role with which ECS starts tasks, and the role that a task's code has."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from constructs_lib import naming
from constructs_lib.compute.names import Names
from constructs_lib.identity.role import Role, trust_of_own_account
from constructs_lib.identity.statement import Statement, Trust
from constructs_lib.sequences import takes_sequences


@takes_sequences
class ExecutionRole(Role):
    """Pulls images of named repositories and writes to named log groups; nothing else.

    Services of one tenant may share one, because IAM roles are limited to 1,000 an account by
    default and 5,000 at most [1]_.

    Parameters
    ----------
    names : Names
        What the role's name begins with.
    cluster_arn : str
        Names the account that alone may have its tasks started with the role.
    repository_arns : sequence of str
        The ECR repositories of the images; may be empty for images from elsewhere.
    log_group_arns : sequence of str
        The log groups of the containers.
    secret_arns : sequence of str, optional
        Secrets that ECS gives to containers as variables.

    References
    ----------
    .. [1] https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        cluster_arn: str,
        repository_arns: Sequence[str],
        log_group_arns: Sequence[str],
        secret_arns: Sequence[str] = (),
    ) -> None:
        secrets = (
            Statement(["secretsmanager:GetSecretValue"], list(secret_arns), sid="GiveSecrets")
            if secret_arns
            else None
        )
        super().__init__(
            scope,
            id_,
            name=names.fit(naming.IAM_ROLE, "execution"),
            description="ECS starts tasks with it: pulls images, writes logs",
            trust=tasks_trust(cluster_arn),
            statements=[
                *(_pull(repository_arns) if repository_arns else []),
                Statement(
                    ["logs:CreateLogStream", "logs:PutLogEvents"],
                    [f"{arn}:*" for arn in log_group_arns],
                    sid="WriteLogs",
                ),
                *([secrets] if secrets else []),
            ],
        )


def _pull(repository_arns: Sequence[str]) -> list[Statement]:
    return [
        Statement(["ecr:GetAuthorizationToken"], sid="SignInToRegistry"),
        Statement(
            [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            list(repository_arns),
            sid="PullImages",
        ),
    ]


@takes_sequences
class TaskRole(Role):
    """What the code of one service may do.

    Parameters
    ----------
    names : Names
        What the role's name begins with.
    service : str
        The service.
    cluster_arn : str
        Names the account that alone may have its tasks started with the role.
    statements : sequence of Statement, optional
        What it may do; nothing by default, until `allow` is called.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        service: str,
        cluster_arn: str,
        statements: Sequence[Statement] = (),
    ) -> None:
        super().__init__(
            scope,
            id_,
            name=names.fit(naming.IAM_ROLE, service, "task"),
            description=f"What the code of the service {service} may do",
            trust=tasks_trust(cluster_arn),
            statements=statements,
        )


def tasks_trust(cluster_arn: str) -> Trust:
    """Return the trust in ECS tasks of the cluster's own account [1]_.

    .. [1] https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    """
    return trust_of_own_account("ecs-tasks.amazonaws.com", cluster_arn)

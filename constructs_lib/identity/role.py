"""An IAM role with one inline policy."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf import Fn, ITerraformDependable
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct

from constructs_lib import limits, naming
from constructs_lib.errors import ConfigError
from constructs_lib.identity.statement import Statement, Trust, policy
from constructs_lib.sequences import takes_sequences


def trust_of_own_account(service: str, arn: str) -> Trust:
    """Return the trust in a service that works for the account of `arn`, any ARN of it.

    The condition keeps another account from having the service use the role on its behalf [1]_.
    Only for services whose guides say that they send the key: ECS, Step Functions, CodeBuild and
    VPC flow logs. Lambda, EC2 and API Gateway's account role do not say so; who may pass a role to
    them is what limits it.

    .. [1] https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    account = Fn.element(Fn.split(":", arn), 4)
    return Trust(service=service, conditions={"StringEquals": {"aws:SourceAccount": f"{account}"}})


@takes_sequences
class Role(Construct):
    """A role that `trust` may take on and that may do what `statements` say.

    Parameters
    ----------
    name : str
        At most 64 characters.
    description : str
        What it is for; IAM shows it beside the name.
    trust : Trust
        Who may take it on.
    statements : sequence of Statement, optional
        What it may do. Nothing by default, until `allow` is called.

    Attributes
    ----------
    name, arn : str
    resource : IamRole

    Raises
    ------
    ConfigError
        If IAM takes no such name.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        description: str,
        trust: Trust,
        statements: Sequence[Statement] = (),
    ) -> None:
        if problems := limits.named(naming.IAM_ROLE, name):
            raise ConfigError(problems)
        super().__init__(scope, id_)
        self.resource = IamRole(
            self,
            "Resource",
            name=name,
            description=description,
            assume_role_policy=policy([trust]),
        )
        self.name: str = self.resource.name
        self.arn: str = self.resource.arn
        self._ready: list[ITerraformDependable] = [self.resource]
        if statements:
            self.allow(statements)

    def allow(self, statements: Sequence[Statement]) -> None:
        """Say once what the role may do, where that depends on others that trust the role."""
        self._ready.append(
            IamRolePolicy(
                self,
                "Policy",
                name="permissions",
                role=self.resource.name,
                policy=policy(statements),
            )
        )

    @property
    def ready(self) -> list[ITerraformDependable]:
        """What must exist before the role can be used: the role and its policy."""
        return list(self._ready)

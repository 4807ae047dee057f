"""The base of every stack: backend, provider, default tags, versions and invariants.

What all stacks share is decided here once, so that a stack's own file holds only what it is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jsii
from cdktf import (
    Aspects,
    IAspect,
    S3Backend,
    TerraformResource,
    TerraformStack,
    TerraformVariable,
    TerraformVariableValidationConfig,
)
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from cdktf_cdktf_provider_aws.ssm_parameter import SsmParameter
from constructs import Construct, IConstruct

from constructs_lib import contract as contracts
from constructs_lib.errors import ConfigError
from constructs_lib.invariants import SynthesisInvariants
from constructs_lib.naming import ADDRESS_TAG

__all__ = ["REQUIRED_VERSION", "TENANT_ID_PATTERN", "SaasStack", "StackSettings", "tenant_variable"]

REQUIRED_VERSION = ">= 1.10.0, < 2.0.0"
"""1.9 brought validations that refer to other values, 1.10 lock files in S3."""

TENANT_ID_PATTERN = "^[a-z0-9](?:[a-z0-9-]{0,34}[a-z0-9])?$"


@dataclass(frozen=True)
class StackSettings:
    """What the stacks of one deployment have in common.

    Parameters
    ----------
    name, environment : str
        Together the prefix of physical names, for example `shop` and `dev`.
    region : str
    state_bucket : str
        The S3 bucket of all states.
    lock_table : str, optional
        The DynamoDB table that locks them.
    use_lockfile : bool, default False
        Lock with a file in the state bucket. With `lock_table` both are taken, which is how a
        deployment moves from one to the other.
    kms_key_id : str, optional
        The key states are encrypted with; the bucket's default without it.
    account : str, optional
        The id of the one account that stacks may be applied in; Terraform refuses any other, for
        its state as well. Any by default.

    Raises
    ------
    ConfigError
        If nothing locks the state.
    """

    name: str
    environment: str
    region: str
    state_bucket: str
    lock_table: str | None = None
    use_lockfile: bool = False
    kms_key_id: str | None = field(default=None, repr=False)
    account: str | None = None

    def __post_init__(self) -> None:
        if self.lock_table is None and not self.use_lockfile:
            raise ConfigError(
                "state lock: got neither lock_table nor use_lockfile; allowed one or both"
            )

    @property
    def prefix(self) -> str:
        return f"{self.name}-{self.environment}"

    def contract_path(self, *parts: str) -> str:
        """The SSM parameter of a contract, `/<name>/<environment>/<part>/...`."""
        return "/".join(("", self.name, self.environment, *parts))


class SaasStack(TerraformStack):
    """A root module with this deployment's backend, provider, tags and invariants.

    Parameters
    ----------
    scope : Construct
    id_ : str
        The name of the root module; it is part of the state's key.
    settings : StackSettings
    tenant_scoped : bool, default False
        Applied once for each tenant, in a workspace named by the tenant's id. The stack then
        declares the variable `tenant_id`, refuses to run in another workspace, and tags
        everything with it.
    addressed : bool, default False
        Tag each resource with its address in this module: what a killed run made and did not write
        down is found by it. Always so in tenant-scoped stacks.
    tags : Mapping of str to str, optional
        Further default tags. Values may be Terraform expressions.

    Attributes
    ----------
    tenant_id : TerraformVariable or None
        Only of tenant-scoped stacks.
    default_tags : dict of str to str
        For the few things that the provider's default tags do not reach, such as instances
        of an auto scaling group.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: StackSettings,
        tenant_scoped: bool = False,
        addressed: bool = False,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.settings = settings
        self.stack_name = id_
        self.tenant_id = tenant_variable(self) if tenant_scoped else None
        default_tags = {
            "Project": settings.name,
            "Environment": settings.environment,
            "Stack": id_,
            "ManagedBy": "terraform",
        }
        if self.tenant_id is not None:
            default_tags["TenantId"] = "${var.tenant_id}"
        self.default_tags = {**default_tags, **(tags or {})}
        add_backend(self, id_, settings)
        AwsProvider(
            self,
            "aws",
            region=settings.region,
            allowed_account_ids=[settings.account] if settings.account else None,
            default_tags=[AwsProviderDefaultTags(tags=self.default_tags)],
        )
        self.add_override("terraform.required_version", REQUIRED_VERSION)
        self.node.add_validation(SynthesisInvariants(self))
        if tenant_scoped or addressed:
            Aspects.of(self).add(_Addressed())

    def publish(self, contract: Any, *parts: str) -> SsmParameter:
        """Publish `contract` under this stack's name, or under `parts` where given."""
        path = self.settings.contract_path(*(parts or (self.stack_name,)))
        return contracts.publish(self, path, contract)


def add_backend(stack: TerraformStack, name: str, settings: StackSettings) -> S3Backend:
    """Keep the state of `stack` in S3, each root module under keys of its own.

    S3 lists every object under the workspace prefix when a workspace is selected, so root
    modules do not share one.
    """
    backend = S3Backend(
        stack,
        bucket=settings.state_bucket,
        key=f"{name}.tfstate",
        workspace_key_prefix=f"workspaces/{name}",
        region=settings.region,
        encrypt=True,
        kms_key_id=settings.kms_key_id,
        dynamodb_table=settings.lock_table,
    )
    if settings.use_lockfile:
        # S3BackendConfig of cdktf 0.21 knows neither this argument nor the next.
        backend.add_override("use_lockfile", True)
    if settings.account is not None:
        backend.add_override("allowed_account_ids", [settings.account])
    return backend


def tenant_variable(stack: TerraformStack) -> TerraformVariable:
    """Declare the variable `tenant_id`, which must name the selected workspace.

    A plan with one tenant's values in another tenant's workspace would replace the resources
    of the second. The validation fails it before any change.
    """
    return TerraformVariable(
        stack,
        "tenant_id",
        type="string",
        nullable=False,
        description="Id of the tenant; the Terraform workspace has the same name.",
        validation=[
            TerraformVariableValidationConfig(
                condition=f'${{can(regex("{TENANT_ID_PATTERN}", var.tenant_id))}}',
                error_message=(
                    "tenant_id must be 1 to 36 lower-case letters, digits or hyphens, and must "
                    "begin and end with a letter or digit."
                ),
            ),
            TerraformVariableValidationConfig(
                condition="${var.tenant_id == terraform.workspace}",
                error_message=(
                    "The values are those of tenant ${var.tenant_id}, but the selected workspace "
                    "is ${terraform.workspace}. Select the tenant's workspace first."
                ),
            ),
        ],
    )


@jsii.implements(IAspect)
class _Addressed:
    """Tags what can be tagged with its address; of several instances each would need its own."""

    def visit(self, node: IConstruct) -> None:
        if (
            isinstance(node, TerraformResource)
            and hasattr(type(node), "tags_input")
            and node.count is None
            and node.for_each is None
        ):
            address = f"{node.terraform_resource_type}.{node.friendly_unique_id}"
            node.add_override(f"tags.{ADDRESS_TAG}", address)

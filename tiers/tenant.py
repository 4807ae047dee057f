"""What all tenant root modules are: one tenant, given by variables, in a workspace of its own."""

from __future__ import annotations

import json
from typing import Any

from cdktf import (
    Fn,
    IResolvable,
    TerraformLocal,
    TerraformOutput,
    TerraformResourceLifecycle,
    TerraformVariable,
    TerraformVariableValidationConfig,
    Token,
)
from cdktf_cdktf_provider_aws.cognito_user import CognitoUser
from cdktf_cdktf_provider_aws.dynamodb_table_item import DynamodbTableItem
from constructs import Construct

from constructs_lib import SaasStack, naming
from constructs_lib.contract import read
from constructs_lib.edge import TenantKey
from services.configuration import Configuration
from services.contracts.stacks import CellContract, PlatformContract
from services.tenancy import Tier
from services.tenancy.variables import (
    CELL_PATTERN,
    FIRST_PRIORITY,
    LAST_PRIORITY,
    OUTPUTS,
    TASK_SIZES,
    variables_of,
)
from tiers.boundary import account_of, limit_roles
from tiers.deployment import platform_path, stack_settings, tenant_names
from tiers.federation import provider_rules
from tiers.tenant_boundary import tenant_boundary_arn

TENANT_ID = "${var.tenant_id}"
TENANT_NAME = "${var.tenant_name}"


class TenantStack(SaasStack):
    """The root module of one tenant of a tier.

    It declares the tier's variables with their validations; `tenant_id` must name the selected
    workspace. A subclass builds what the tier gives a tenant and then calls `register`.

    Parameters
    ----------
    configuration : Configuration
        The deployment.
    tier : Tier
        The tier; the stack is called `tenant-<tier>`.
    """

    def __init__(self, scope: Construct, *, configuration: Configuration, tier: Tier) -> None:
        super().__init__(
            scope,
            tier.tenant_stack,
            settings=stack_settings(configuration),
            tenant_scoped=True,
            tags={"TenantName": TENANT_NAME, "Tier": tier.value, "Release": "${var.release}"},
        )
        self.configuration = configuration
        self.tier = tier
        rules = _validations(configuration, tier)
        self._variables: dict[str, TerraformVariable] = {}
        for variable in variables_of(tier):
            if variable.name == "tenant_id":
                continue
            self._variables[variable.name] = TerraformVariable(
                self,
                variable.name,
                type=variable.type,
                description=variable.description,
                nullable=False,
                default=variable.default,
                validation=rules.get(variable.name),
            )
        self.platform = read(self, "platform", platform_path(configuration), PlatformContract)
        account = account_of(self.platform.mapping_table_arn)
        limit_roles(self, tenant_boundary_arn(configuration, account))

    @property
    def protection(self) -> bool | IResolvable:
        """Whether what a silo holds refuses to be deleted.

        Where the deployment protects, the tenant's variable can say no: what removes a tenant does
        so first, and then removes.
        """
        if not self.configuration.deletion_protection:
            return False
        return self._variables["deletion_protection"].boolean_value

    def register(
        self,
        *,
        user_pool_id: str,
        client_id: str,
        issuer: str,
        sign_in_url: str,
        tenant_path: str,
        cell: CellContract,
        cluster_name: str,
        tables: Any,
        data_task: Any,
    ) -> CognitoUser:
        """Create the first administrator, make the tenant known, and declare the outputs.

        Parameters
        ----------
        sign_in_url : str
            The origin of the pages on which the tenant's users sign in.
        cell : CellContract
            The routing cell whose API the tenant's requests come in by.
        tables : mapping of str to str
            By service, the table that holds the tenant's items.
        data_task : mapping of str to str
            How builds run the task that reaches the tenant's other documents.

        Returns
        -------
        CognitoUser
            The administrator, invited by e-mail.
        """
        admin_name = f"{TENANT_NAME}-admin"
        admin = CognitoUser(
            self,
            "Admin",
            user_pool_id=user_pool_id,
            username=admin_name,
            desired_delivery_mediums=["EMAIL"],
            attributes={
                "email": "${var.admin_email}",
                "email_verified": "true",
                # The provider writes these as `custom:<name>`.
                "tenantId": TENANT_ID,
                "tenantName": TENANT_NAME,
                "tenantTier": self.tier.value,
                "userRole": "TenantAdmin",
            },
            # A suspended tenant's users are disabled, and administrators write their own name:
            # neither is drift.
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=["enabled", 'attributes["name"]'],
            ),
        )
        key = TenantKey(
            self,
            "Key",
            name=tenant_names(self.configuration, self.tier).fit(naming.API_KEY),
            description=f"Counts the requests of the {self.tier} tenant {TENANT_NAME}",
            usage_plan_id=Token.as_string(Fn.lookup_nested(cell.usage_plan_ids, [self.tier.value])),
            # A tenant that moves has one in either tier for a while.
            of=f"{self.configuration.prefix} {self.tier} {TENANT_ID}",
        )
        item = {
            "tenantId": TENANT_ID,
            "tenantName": TENANT_NAME,
            "tier": self.tier.value,
            "issuer": issuer,
            "clientId": client_id,
            "tenantPath": tenant_path,
            "apiKey": key.value,
        }
        # Not in a function of cdktf, which would escape the variables that the values name.
        row = TerraformLocal(self, "row", {name: {"S": value} for name, value in item.items()})
        mapping = DynamodbTableItem(
            self,
            "Mapping",
            table_name=self.platform.mapping_table_name,
            hash_key="tenantId",
            # The provider reads whole items: a refusal that the values did not tell of would be
            # drift, and the next apply would lift it.
            item=f"${{jsonencode(merge({row.fqn}, jsondecode(var.refusal)))}}",
        )
        mapping.add_override("count", "${var.serving ? 1 : 0}")
        outputs = {
            "tenant_id": TENANT_ID,
            "tenant_name": TENANT_NAME,
            "tier": self.tier.value,
            "admin_email": "${var.admin_email}",
            "admin_username": admin_name,
            "release": "${var.release}",
            "tenant_path": tenant_path,
            "user_pool_id": user_pool_id,
            "app_client_id": client_id,
            "issuer": issuer,
            "sign_in_url": sign_in_url,
            "api_url": cell.api_url,
            "rest_api_id": cell.rest_api_id,
            "load_balancer_dns_name": cell.load_balancer_dns_name,
            "cluster_name": cluster_name,
            "tables": tables,
            "data_task": data_task,
        }
        for name in OUTPUTS:
            # The id carries a suffix, because a variable of the same stack has the plain one.
            output = TerraformOutput(self, f"{name}_output", value=outputs[name])
            output.override_logical_id(name)
        return admin


def _validations(
    configuration: Configuration, tier: Tier
) -> dict[str, list[TerraformVariableValidationConfig]]:
    services = ", ".join(f'"{name}"' for name in configuration.services)
    return {
        **{
            each.name: [_matches(each.name, each.pattern, each.refusal)]
            for each in variables_of(tier)
            if each.pattern
        },
        "placement": [
            _holds(
                f'can(regex("{CELL_PATTERN}", var.placement.cell))',
                "placement.cell must be the id of a routing cell.",
            ),
            _holds(
                f"var.placement.listener_priority >= {FIRST_PRIORITY} && "
                f"var.placement.listener_priority <= {LAST_PRIORITY} && "
                "floor(var.placement.listener_priority) == var.placement.listener_priority",
                f"placement.listener_priority must be a whole number from {FIRST_PRIORITY} to "
                f"{LAST_PRIORITY}; lower ones are the pool's.",
            ),
        ],
        "refusal": [
            _holds("can(keys(jsondecode(var.refusal)))", "refusal must be a JSON object."),
        ],
        "overrides": _override_rules(services, tier),
        "federation": [
            _holds(condition, message) for condition, message in provider_rules(configuration, tier)
        ],
    }


def _override_rules(services: str, tier: Tier) -> list[TerraformVariableValidationConfig]:
    if not tier.silo:
        return [
            _holds(
                "length(var.overrides.services) == 0 && "
                "alltrue([for size in values(var.overrides.gateway) : size == null])",
                f"overrides must be empty: {tier} tenants share services of one size.",
            )
        ]
    every = "concat(values(var.overrides.services), [var.overrides.gateway])"
    most = tier.policy.max_tasks_per_service
    sizes = ", ".join(
        f'"{cpu}/{memory}"' for cpu, memories in TASK_SIZES.items() for memory in memories
    )
    return [
        _holds(
            f"length(setsubtract(keys(var.overrides.services), [{services}])) == 0",
            f"overrides.services may name only these services: {services.replace(chr(34), '')}.",
        ),
        _holds(
            f"alltrue([for s in {every} : coalesce(s.min, 0) >= 0 && "
            f"coalesce(s.max, 1) >= 1 && coalesce(s.max, {most}) <= {most} && "
            f"coalesce(s.min, 0) <= coalesce(s.max, {most})])",
            f"overrides: min and max must be numbers of tasks, 0 <= min <= max <= {most}.",
        ),
        _holds(
            f"alltrue([for s in {every} : (s.cpu == null && s.memory == null) || "
            f'contains([{sizes}], try("${{s.cpu}}/${{s.memory}}", ""))])',
            "overrides: cpu and memory must be given together and be a task size of Fargate.",
        ),
    ]


def _matches(variable: str, pattern: str, message: str) -> TerraformVariableValidationConfig:
    quoted = json.dumps(pattern)
    return _holds(f"can(regex({quoted}, var.{variable}))", message)


def _holds(condition: str, message: str) -> TerraformVariableValidationConfig:
    return TerraformVariableValidationConfig(condition=f"${{{condition}}}", error_message=message)

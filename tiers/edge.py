"""The API of a routing cell: routes and roles from the manifest, plans from the tiers' policies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from cdktf import ITerraformDependable
from constructs import Construct

from constructs_lib.contract import publish
from constructs_lib.edge import AuthorizerRef, EdgeRoute, Firewall, TenantApi, UsageLimits
from constructs_lib.functions import FunctionCode, PythonFunction
from constructs_lib.identity import Statement
from constructs_lib.observability import AlarmTopic
from constructs_lib.routing import RoutingCell
from services.configuration import Configuration
from services.contracts.stacks import CellContract
from services.tenancy import Tier
from tiers.deployment import routing_cell_path
from tiers.function_code import authorizer_code

TENANT_ADMIN: Final = "TenantAdmin"
TENANT_USER: Final = "TenantUser"


class Authorizer(Construct):
    """The function that says for all routing cells who asks; it reads the tenant mapping.

    Parameters
    ----------
    configuration : Configuration
    mapping_table_name, mapping_table_arn : str
    topic : AlarmTopic
        Told when it fails.

    Attributes
    ----------
    function : PythonFunction
    ref : AuthorizerRef
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        configuration: Configuration,
        mapping_table_name: str,
        mapping_table_arn: str,
        topic: AlarmTopic,
    ) -> None:
        super().__init__(scope, id_)
        name = f"{configuration.prefix}-authorizer"
        self.function = PythonFunction(
            self,
            "Function",
            name=name,
            description="Says whose request it is, from its token and the tenant mapping",
            code=FunctionCode(self, "code", package=authorizer_code(configuration)),
            handler="services.application.authorizer.function.handler",
            topic=topic,
            refusals=["UnauthorizedError"],
            statements=[
                Statement(["dynamodb:GetItem"], [mapping_table_arn], sid="TenantMapping"),
            ],
            environment={
                "MAPPING_TABLE": mapping_table_name,
                "ROLE_PATHS": json.dumps(role_paths(configuration)),
            },
            # Processor time is what verifying a signature takes, and starting even more.
            memory_mib=1024,
            timeout_seconds=10,
            log_retention_days=configuration.log_retention_days,
        )
        # Written out: by reference the API's deployment would depend on the function and its role.
        # https://docs.aws.amazon.com/apigateway/latest/api/API_Authorizer.html (authorizerUri)
        region, account = configuration.region, configuration.account
        self.ref = AuthorizerRef(
            self.function.name,
            f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/"
            f"arn:aws:lambda:{region}:{account}:function:{name}/invocations",
        )


class CellEdge(Construct):
    """A routing cell's API, and the contract by which tenants find both.

    Parameters
    ----------
    configuration : Configuration
    cell_id : str
        May be an expression.
    name : str
        Of the API.
    cell : RoutingCell
    authorizer : AuthorizerRef
    depends_on : sequence, optional
        What must exist before the API can write logs.

    Attributes
    ----------
    api : TenantApi
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        configuration: Configuration,
        cell_id: str,
        name: str,
        cell: RoutingCell,
        authorizer: AuthorizerRef,
        depends_on: Sequence[ITerraformDependable] = (),
    ) -> None:
        super().__init__(scope, id_)
        self.api = TenantApi(
            self,
            "api",
            name=name,
            routes=[
                EdgeRoute(service, spec.path) for service, spec in configuration.services.items()
            ],
            backend=cell.nlb_dns_name,
            vpc_link_id=cell.vpc_link_id,
            authorizer=authorizer,
            plans={tier.value: usage_limits(configuration, tier) for tier in Tier},
            log_retention_days=configuration.log_retention_days,
            depends_on=depends_on,
        )
        if configuration.edge.waf != "off":
            Firewall(
                self,
                "firewall",
                name=name,
                stage_arn=self.api.stage_arn,
                blocks=configuration.edge.waf == "block",
                address_rate=configuration.edge.address_rate,
            )
        publish(
            cell,
            routing_cell_path(configuration, cell_id),
            CellContract(
                listener_arn=cell.listener_arn,
                load_balancer_dns_name=cell.load_balancer_dns_name,
                nlb_dns_name=cell.nlb_dns_name,
                security_group_id=cell.security_group_id,
                vpc_link_id=cell.vpc_link_id,
                rest_api_id=self.api.id,
                api_url=self.api.url,
                stage_name=self.api.stage_name,
                usage_plan_ids=self.api.usage_plan_ids,
            ),
        )


def usage_limits(configuration: Configuration, tier: Tier) -> UsageLimits:
    """Return what one tenant of a tier may ask for: as configured, else as its policy says."""
    given = configuration.tiers[tier].throttle
    default = tier.policy.throttle
    return UsageLimits(
        rate=default.rate if given.rate is None else given.rate,
        burst=default.burst if given.burst is None else given.burst,
        quota_per_day=(
            default.quota_per_day if given.quota_per_day is None else given.quota_per_day
        ),
    )


def role_paths(configuration: Configuration) -> dict[str, list[str]]:
    """Return the paths that each role of a tenant's users may call."""
    services = configuration.services.values()
    return {
        TENANT_ADMIN: sorted(spec.path for spec in services),
        TENANT_USER: sorted(spec.path for spec in services if not spec.admin_only),
    }

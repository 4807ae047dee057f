"""A REST API that knows which tenant asks, counts its requests, and routes them by tenant."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cdktf import Fn, ITerraformDependable, TerraformResourceLifecycle, Token
from cdktf_cdktf_provider_aws.api_gateway_deployment import ApiGatewayDeployment
from cdktf_cdktf_provider_aws.api_gateway_method_settings import (
    ApiGatewayMethodSettings,
    ApiGatewayMethodSettingsSettings,
)
from cdktf_cdktf_provider_aws.api_gateway_rest_api import (
    ApiGatewayRestApi,
    ApiGatewayRestApiEndpointConfiguration,
)
from cdktf_cdktf_provider_aws.api_gateway_stage import (
    ApiGatewayStage,
    ApiGatewayStageAccessLogSettings,
)
from cdktf_cdktf_provider_aws.api_gateway_usage_plan import (
    ApiGatewayUsagePlan,
    ApiGatewayUsagePlanApiStages,
    ApiGatewayUsagePlanQuotaSettings,
    ApiGatewayUsagePlanThrottleSettings,
)
from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission
from constructs import Construct

from constructs_lib.edge.document import (
    BACKEND_VARIABLE,
    VPC_LINK_VARIABLE,
    DocumentInputs,
    EdgeRoute,
    api_document,
)
from constructs_lib.errors import ConfigError
from constructs_lib.observability import LogGroup
from constructs_lib.sequences import takes_sequences

STAGE: Final = "prod"
AUTHORIZER_TTL_SECONDS: Final = 30
"""How long API Gateway answers for the authorizer, for one token."""

# A cell takes half of what an account may do in a region, so that the other APIs keep theirs.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
STAGE_RATE: Final = 5_000
STAGE_BURST: Final = 2_500

_ACCESS_LOG: Final = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "tenantId": "$context.authorizer.tenantId",
    "tier": "$context.authorizer.tier",
    "userId": "$context.authorizer.userId",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "authorizerLatency": "$context.authorizer.latency",
    "bytes": "$context.responseLength",
    "ip": "$context.identity.sourceIp",
    "trace": "$context.xrayTraceId",
    "error": "$context.error.message",
    "errorType": "$context.error.responseType",
}


@dataclass(frozen=True)
class UsageLimits:
    """What one key of a usage plan may do: requests a second, at once above it, and a day."""

    rate: int
    burst: int
    quota_per_day: int


@dataclass(frozen=True)
class AuthorizerRef:
    """The function that says who asks.

    Parameters
    ----------
    function_name : str
        Which the API is allowed to invoke.
    invoke_arn : str
        As API Gateway addresses it. The API's deployment depends on what it refers to: written
        out, or read from a contract, it is no reference to the function (see `TenantApi`).
    """

    function_name: str
    invoke_arn: str


@takes_sequences
class TenantApi(Construct):
    """A REST API in front of a routing cell.

    Every method needs a token that the authorizer accepts and the API key that the authorizer
    names. The header `tenantPath` is set from the authorizer's answer, whatever the client sends,
    and so is `x-request-id`. Answers of the API itself carry CORS headers; those of services are
    passed on as they are. Each request is one JSON line in the access log.

    Parameters
    ----------
    name : str
        Of the API, its usage plans and log group; unique in the account and region.
    routes : sequence of EdgeRoute
        The services.
    backend : str
        Host name of the load balancer behind the VPC link.
    vpc_link_id : str
    authorizer : AuthorizerRef
    plans : mapping of str to UsageLimits
        By name, as a tier's.
    cors_origin : str, default "*"
        Whose pages may read answers. Any by default: requests carry a token, which a page must
        have, and no cookie, which a browser would add by itself.
    authorizer_ttl_seconds : int, default 30
        0 asks the authorizer for each request.
    rate, burst : int, default 5000 and 2500
        Of all requests to the API together.
    tracing : bool, default True
        Whether requests are traced by X-Ray.
    log_retention_days : int, default 30
    depends_on : sequence, optional
        What must exist before a stage can have logs, where this stack makes it.

    Attributes
    ----------
    id, url, stage_name, stage_arn, execution_arn : str
        `url` is that of the stage, on AWS.
    usage_plan_ids : dict of str to str
        By name of the plan.

    Raises
    ------
    ConfigError
        If a route is none or a limit is out of AWS's range, all of them in one error.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        routes: Sequence[EdgeRoute],
        backend: str,
        vpc_link_id: str,
        authorizer: AuthorizerRef,
        plans: Mapping[str, UsageLimits],
        cors_origin: str = "*",
        authorizer_ttl_seconds: int = AUTHORIZER_TTL_SECONDS,
        rate: int = STAGE_RATE,
        burst: int = STAGE_BURST,
        tracing: bool = True,
        log_retention_days: int = 30,
        depends_on: Sequence[ITerraformDependable] = (),
    ) -> None:
        _check(plans, authorizer_ttl_seconds)
        super().__init__(scope, id_)
        document = api_document(
            DocumentInputs(
                title=name,
                description=f"Requests to the tenants of {name}",
                routes=routes,
                authorizer_invoke_arn=authorizer.invoke_arn,
                authorizer_ttl_seconds=authorizer_ttl_seconds,
                cors_origin=cors_origin,
            )
        )
        api = ApiGatewayRestApi(
            self,
            "Resource",
            name=name,
            description=document["info"]["description"],
            api_key_source="AUTHORIZER",
            endpoint_configuration=ApiGatewayRestApiEndpointConfiguration(types=["REGIONAL"]),
            # To Terraform a stage variable of API Gateway would be an expression of its own.
            body=json.dumps(document, sort_keys=True).replace(
                "${stageVariables.", "$${stageVariables."
            ),
        )
        # A stage serves what was deployed, so a changed document is a new deployment, and the
        # stage moves to it before the old one goes. All that a deployment depends on inherits this
        # rule, so nothing with a name that is unique may be among it.
        # https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle
        deployment = ApiGatewayDeployment(
            self,
            "deployment",
            rest_api_id=api.id,
            triggers={"document": Token.as_string(Fn.sha1(api.body))},
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        logs = LogGroup(
            self, "access-log", name=f"/aws/apigateway/{name}", retention_days=log_retention_days
        )
        stage = ApiGatewayStage(
            self,
            "stage",
            rest_api_id=api.id,
            deployment_id=deployment.id,
            stage_name=STAGE,
            variables={BACKEND_VARIABLE: backend, VPC_LINK_VARIABLE: vpc_link_id},
            xray_tracing_enabled=tracing,
            access_log_settings=ApiGatewayStageAccessLogSettings(
                destination_arn=logs.arn, format=json.dumps(_ACCESS_LOG)
            ),
            depends_on=list(depends_on) or None,
        )
        ApiGatewayMethodSettings(
            self,
            "method-settings",
            rest_api_id=api.id,
            stage_name=stage.stage_name,
            method_path="*/*",
            settings=ApiGatewayMethodSettingsSettings(
                metrics_enabled=True,
                throttling_rate_limit=rate,
                throttling_burst_limit=burst,
            ),
        )
        LambdaPermission(
            self,
            "authorizer-permission",
            action="lambda:InvokeFunction",
            function_name=authorizer.function_name,
            principal="apigateway.amazonaws.com",
            source_arn=f"{api.execution_arn}/authorizers/*",
        )
        self.usage_plan_ids: dict[str, str] = {
            plan: self._plan(plan, f"{name}-{plan}", limits, api, stage)
            for plan, limits in plans.items()
        }
        self.id: str = api.id
        self.execution_arn: str = api.execution_arn
        self.stage_name: str = stage.stage_name
        self.stage_arn: str = stage.arn
        self.url: str = stage.invoke_url

    def _plan(
        self,
        plan: str,
        name: str,
        limits: UsageLimits,
        api: ApiGatewayRestApi,
        stage: ApiGatewayStage,
    ) -> str:
        usage_plan = ApiGatewayUsagePlan(
            self,
            f"plan-{plan}",
            name=name,
            description=f"What each {plan} tenant may ask for",
            api_stages=[ApiGatewayUsagePlanApiStages(api_id=api.id, stage=stage.stage_name)],
            throttle_settings=ApiGatewayUsagePlanThrottleSettings(
                rate_limit=limits.rate, burst_limit=limits.burst
            ),
            quota_settings=ApiGatewayUsagePlanQuotaSettings(
                limit=limits.quota_per_day, period="DAY"
            ),
        )
        return str(usage_plan.id)


def _check(plans: Mapping[str, UsageLimits], ttl: int) -> None:
    problems = [
        f"plans.{name}.{field}: got {value}; allowed 1 or more"
        for name, limits in plans.items()
        for field, value in vars(limits).items()
        if value < 1
    ]
    if not plans:
        problems.append("plans: got none; allowed one or more, since every method needs a key")
    if not 0 <= ttl <= 3600:
        problems.append(f"authorizer_ttl_seconds: got {ttl}; allowed 0..3600")
    if problems:
        raise ConfigError(problems)

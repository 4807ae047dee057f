"""An HTTP API on which every route says who may call it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cdktf_cdktf_provider_aws.apigatewayv2_api import (
    Apigatewayv2Api,
    Apigatewayv2ApiCorsConfiguration,
)
from cdktf_cdktf_provider_aws.apigatewayv2_authorizer import (
    Apigatewayv2Authorizer,
    Apigatewayv2AuthorizerJwtConfiguration,
)
from cdktf_cdktf_provider_aws.apigatewayv2_integration import Apigatewayv2Integration
from cdktf_cdktf_provider_aws.apigatewayv2_route import Apigatewayv2Route
from cdktf_cdktf_provider_aws.apigatewayv2_stage import (
    Apigatewayv2Stage,
    Apigatewayv2StageAccessLogSettings,
    Apigatewayv2StageDefaultRouteSettings,
)
from constructs import Construct

from constructs_lib.errors import ConfigError
from constructs_lib.functions import PythonFunction
from constructs_lib.observability import LogGroup
from constructs_lib.sequences import takes_sequences

_ROUTE = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/[A-Za-z0-9_{}./+-]*)")
_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "route": "$context.routeKey",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "ip": "$context.identity.sourceIp",
    "client": "$context.authorizer.claims.client_id",
    "error": "$context.error.message",
    "integrationError": "$context.integrationErrorMessage",
}


class Access(StrEnum):
    """Who may call a route: holders of a token, signed requests of IAM principals, or anyone."""

    SCOPE = "JWT"
    IAM = "AWS_IAM"
    PUBLIC = "NONE"


@takes_sequences
@dataclass(frozen=True)
class Route:
    """A method and a path, and who may call it.

    Parameters
    ----------
    key : str
        As `GET /tenants/{tenantId}`.
    scopes : sequence of str, optional
        Any of these lets a token in.
    access : Access, default SCOPE
        Other than by scope, only where it is said.

    Raises
    ------
    ConfigError
        If the key is none, or a route has scopes without needing a token, or needs a token but
        no scope.
    """

    key: str
    scopes: Sequence[str] = ()
    access: Access = Access.SCOPE

    def __post_init__(self) -> None:
        if not _ROUTE.fullmatch(self.key):
            raise ConfigError(f"route: got {self.key!r}; allowed a method, a space and a path")
        if (self.access is Access.SCOPE) != bool(self.scopes):
            raise ConfigError(
                f"route {self.key}: got access {self.access.name} with scopes "
                f"{list(self.scopes)}; allowed scopes with access SCOPE, and only there"
            )

    @property
    def id(self) -> str:
        """The construct id, made from the key."""
        return re.sub(r"[^A-Za-z0-9]+", "-", self.key).strip("-")


@takes_sequences
@dataclass(frozen=True)
class TokenIssuer:
    """Whose tokens are accepted, and for which clients."""

    issuer: str
    client_ids: Sequence[str]


@takes_sequences
class HttpApi(Construct):
    """An HTTP API in front of one function, throttled and with an access log.

    Parameters
    ----------
    name : str
    function : PythonFunction
        Answers all routes.
    issuer : TokenIssuer
    routes : sequence of Route
    origins : sequence of str, optional
        Of web pages that may call it; none by default.
    rate, burst : int
        Requests a second of all callers together, and how many at once above it.
    log_retention_days : int, default 30

    Attributes
    ----------
    id, url, execution_arn : str

    Raises
    ------
    ConfigError
        If two routes are the same.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        function: PythonFunction,
        issuer: TokenIssuer,
        routes: Sequence[Route],
        origins: Sequence[str] = (),
        rate: int = 100,
        burst: int = 200,
        log_retention_days: int = 30,
    ) -> None:
        keys = [route.key for route in routes]
        if repeated := sorted({key for key in keys if keys.count(key) > 1}):
            raise ConfigError(f"routes: got {', '.join(repeated)} more than once; allowed once")
        super().__init__(scope, id_)
        api = Apigatewayv2Api(
            self,
            "Resource",
            name=name,
            protocol_type="HTTP",
            cors_configuration=(
                Apigatewayv2ApiCorsConfiguration(
                    allow_origins=list(origins),
                    allow_methods=["DELETE", "GET", "PATCH", "POST", "PUT"],
                    allow_headers=["authorization", "content-type", "idempotency-key"],
                    max_age=3600,
                )
                if origins
                else None
            ),
        )
        authorizer = Apigatewayv2Authorizer(
            self,
            "Authorizer",
            api_id=api.id,
            name=f"{name}-tokens",
            authorizer_type="JWT",
            identity_sources=["$request.header.Authorization"],
            jwt_configuration=Apigatewayv2AuthorizerJwtConfiguration(
                issuer=issuer.issuer, audience=list(issuer.client_ids)
            ),
        )
        integration = Apigatewayv2Integration(
            self,
            "Integration",
            api_id=api.id,
            integration_type="AWS_PROXY",
            integration_uri=function.invoke_arn,
            payload_format_version="2.0",
        )
        for route in routes:
            with_token = route.access is Access.SCOPE
            Apigatewayv2Route(
                self,
                route.id,
                api_id=api.id,
                route_key=route.key,
                target=f"integrations/{integration.id}",
                authorization_type=route.access.value,
                authorizer_id=authorizer.id if with_token else None,
                authorization_scopes=list(route.scopes) if with_token else None,
            )
        logs = LogGroup(
            self,
            "access-log",
            name=f"/aws/apigateway/{name}",
            retention_days=log_retention_days,
        )
        Apigatewayv2Stage(
            self,
            "Stage",
            api_id=api.id,
            name="$default",
            auto_deploy=True,
            access_log_settings=Apigatewayv2StageAccessLogSettings(
                destination_arn=logs.arn, format=json.dumps(_ACCESS_LOG)
            ),
            default_route_settings=Apigatewayv2StageDefaultRouteSettings(
                throttling_rate_limit=rate,
                throttling_burst_limit=burst,
                detailed_metrics_enabled=True,
            ),
        )
        function.allow_invocation(
            "http-api",
            service="apigateway.amazonaws.com",
            source_arn=f"{api.execution_arn}/*/*",
        )
        self.id: str = api.id
        self.url: str = api.api_endpoint
        self.execution_arn: str = api.execution_arn

"""Sign-in by a tenant's own identity providers: what is shared, and what each tenant has."""

from __future__ import annotations

import json
from typing import Final

from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.dynamodb_table import DynamodbTable
from constructs import Construct

from constructs_lib.functions import FunctionCode, PythonFunction
from constructs_lib.identity import Federation, Statement
from constructs_lib.observability import AlarmTopic
from services.configuration import Configuration
from services.contracts.stacks import PlatformContract
from services.tenancy import Tier
from services.tenancy.variables import (
    CREDENTIAL_ARN_PATTERN,
    FEDERATED_ATTRIBUTES,
    HTTPS_URL_PATTERN,
    PROVIDER_NAME_PATTERN,
    RESERVED_PROVIDER_NAMES,
)
from tiers.function_code import token_claims_code

ADMINISTRATORS: Final = "TenantAdmin"
"""The group of the federated users who administer their tenant."""

_VARIABLE: Final = "var.federation"


class TokenClaims(Construct):
    """The function that says which tenant, tier and role the tokens of federated pools claim.

    Cognito asks it as it makes a token; what an identity provider says has no part in it.

    Parameters
    ----------
    configuration : Configuration
    mapping : DynamodbTable
        The tenant mapping, which is the authority.
    topic : AlarmTopic
        Told when it fails.

    Attributes
    ----------
    arn : str
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        configuration: Configuration,
        mapping: DynamodbTable,
        topic: AlarmTopic,
    ) -> None:
        super().__init__(scope, id_)
        account = DataAwsCallerIdentity(self, "account").account_id
        pools = f"arn:aws:cognito-idp:{configuration.region}:{account}:userpool/*"
        function = PythonFunction(
            self,
            "function",
            name=f"{configuration.prefix}-token-claims",
            description="Tenant, tier and role in the tokens of tenants with identity providers",
            code=FunctionCode(self, "code", package=token_claims_code(configuration)),
            handler="services.application.token_claims.handler.handler",
            topic=topic,
            refusals=["ClaimsRefusedError"],
            statements=[
                # A pool's tags name its tenant, the mapping confirms it. Which pools there will
                # be is not known here, so all of the account may be described.
                Statement(["cognito-idp:DescribeUserPool"], [pools], sid="WhosePool"),
                Statement(["dynamodb:GetItem"], [mapping.arn], sid="Mapping"),
            ],
            environment={"MAPPING_TABLE": mapping.name},
            memory_mib=256,
            timeout_seconds=5,  # Cognito waits no longer
            log_retention_days=configuration.log_retention_days,
        )
        # One permission for all pools: a policy takes some hundred statements, not one a tenant.
        function.allow_invocation(
            "user-pools", service="cognito-idp.amazonaws.com", source_arn=pools
        )
        self.arn: str = function.arn


def federation(platform: PlatformContract) -> Federation:
    """Return how the pool of the tenant module around it is federated, by its variable."""
    return Federation(
        providers=_VARIABLE,
        claims_function_arn=platform.token_claims_function_arn,
        groups=[ADMINISTRATORS],
    )


def provider_rules(configuration: Configuration, tier: Tier) -> list[tuple[str, str]]:
    """Return what must hold for the variable, and what is said where it does not.

    The tenant document has the same rules; these hold for whoever applies the module without one.
    """
    if not tier.silo:
        return [
            (
                f"length({_VARIABLE}) == 0",
                f"federation must be empty: {tier} tenants share the pool's sign-in.",
            )
        ]
    names = f"[for p in {_VARIABLE} : lower(p.name)]"
    reserved = json.dumps(list(RESERVED_PROVIDER_NAMES))
    attributes = json.dumps(list(FEDERATED_ATTRIBUTES))
    secret = f"{configuration.prefix}/${{var.tenant_id}}/"
    return [
        (
            f"length(distinct({names})) == length({names}) && "
            f"length(setintersection({names}, {reserved})) == 0 && "
            + _every(_matches("p.name", PROVIDER_NAME_PATTERN)),
            "federation: each provider needs a name of its own: 1 to 32 letters, digits and "
            "hyphens, first a letter, and none of Cognito's own names.",
        ),
        (
            _every('contains(["oidc", "saml"], p.kind)'),
            "federation: kind must be oidc or saml.",
        ),
        (
            _every(f"length(setsubtract(keys(p.attribute_mapping), {attributes})) == 0"),
            "federation: attribute_mapping may have only email and name: tenant, tier and role "
            "are never a provider's to say.",
        ),
        (
            _every(
                'p.kind != "oidc" || ('
                f"{_matches('p.issuer', HTTPS_URL_PATTERN)} && "
                "try(length(p.client_id) > 0, false) && "
                f"{_matches('p.client_secret_arn', CREDENTIAL_ARN_PATTERN)} && "
                "p.metadata_url == null && p.metadata_xml == null)"
            ),
            "federation: an oidc provider needs issuer (an https URL), client_id and "
            "client_secret_arn (of a secret of Secrets Manager), and no metadata.",
        ),
        (
            _every(
                f'p.client_secret_arn == null || strcontains(coalesce(p.client_secret_arn, "-"), '
                f'":secret:{secret}")'
            ),
            f"federation: client_secret_arn must be of a secret whose name begins with "
            f"{configuration.prefix}/ and the tenant's id and a slash.",
        ),
        (
            _every(
                'p.kind != "saml" || ((p.metadata_url == null) != (p.metadata_xml == null) && '
                f"(p.metadata_url == null || {_matches('p.metadata_url', HTTPS_URL_PATTERN)}) && "
                "p.issuer == null && p.client_id == null && p.client_secret_arn == null)"
            ),
            "federation: a saml provider needs exactly one of metadata_url (https) and "
            "metadata_xml, and no issuer, client_id or client_secret_arn.",
        ),
    ]


def _every(condition: str) -> str:
    return f"alltrue([for p in {_VARIABLE} : {condition}])"


def _matches(value: str, pattern: str) -> str:
    return f"can(regex({json.dumps(pattern)}, {value}))"

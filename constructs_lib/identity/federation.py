"""Identity providers of a user pool, which ones is said by a Terraform variable."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cdktf import TerraformResourceLifecycle, Token
from cdktf_cdktf_provider_aws.cognito_identity_provider import CognitoIdentityProvider
from cdktf_cdktf_provider_aws.cognito_user_group import CognitoUserGroup
from cdktf_cdktf_provider_aws.cognito_user_pool import CognitoUserPool
from cdktf_cdktf_provider_aws.data_aws_secretsmanager_secret_version import (
    DataAwsSecretsmanagerSecretVersion,
)
from constructs import Construct

from constructs_lib.sequences import takes_sequences

_SAML_EMAIL: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"

# Cognito finds these out from the provider and tells them with the rest.
_FOUND_OUT: Final = (
    "ActiveEncryptionCertificate",
    "SLORedirectBindingURI",
    "SSORedirectBindingURI",
    "attributes_url",
    "attributes_url_add_attributes",
    "authorize_url",
    "jwks_uri",
    "token_url",
)


@takes_sequences
@dataclass(frozen=True)
class Federation:
    """Which identity providers sign in the users of a pool.

    Parameters
    ----------
    providers : str
        A Terraform expression, without `${}`, of a list of objects: `name`, `kind` (`oidc` or
        `saml`), `attribute_mapping`, and, or null, `issuer`, `client_id`, `client_secret_arn`,
        `metadata_url` and `metadata_xml`. With an empty list nothing is made.
    claims_function_arn : str
        A function that Cognito asks for the claims of each token. It alone says which tenant and
        role a federated user has: no provider is believed in that.
    """

    providers: str
    claims_function_arn: str
    groups: Sequence[str] = ()
    """Of the pool, for what administrators say of federated users and no provider can."""

    @property
    def wanted(self) -> str:
        """An expression, without `${}`: whether there is any provider."""
        return f"length({self.providers}) > 0"

    @property
    def names(self) -> list[str]:
        """What signs in users: the pool itself, and each provider."""
        return Token.as_list(f'${{concat(["COGNITO"], [for p in {self.providers} : p.name])}}')

    def ask_for_claims(self, pool: CognitoUserPool) -> None:
        """Have `pool` ask the function for the claims of each token, if there is any provider."""
        pool.add_override(
            "dynamic.lambda_config",
            {
                "for_each": f"${{{self.wanted} ? [1] : []}}",
                "content": {"pre_token_generation": self.claims_function_arn},
            },
        )


class IdentityProviders(Construct):
    """The identity providers of a pool.

    A client's secret is read from Secrets Manager as Terraform runs. It is then in the state, as
    everything is that Terraform gives to AWS, and in no variable, output or plan that is shown.

    Parameters
    ----------
    pool_id : str
        The user pool.
    federation : Federation
        Which ones.

    Attributes
    ----------
    resource : CognitoIdentityProvider
        All of them, by name.
    """

    def __init__(self, scope: Construct, id_: str, *, pool_id: str, federation: Federation) -> None:
        super().__init__(scope, id_)
        given = federation.providers
        secrets = DataAwsSecretsmanagerSecretVersion(
            self,
            "ClientSecret",
            secret_id="${each.value.client_secret_arn}",  # noqa: S106 - its ARN
        )
        secrets.add_override(
            "for_each", f'${{{{for p in {given} : p.name => p if p.kind == "oidc"}}}}'
        )
        self.resource = CognitoIdentityProvider(
            self,
            "Resource",
            user_pool_id=pool_id,
            provider_name="${each.key}",
            provider_type="${upper(each.value.kind)}",
            provider_details={},
            attribute_mapping={},
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=[f'provider_details["{name}"]' for name in _FOUND_OUT]
            ),
        )
        self.resource.add_override("for_each", f"${{{{for p in {given} : p.name => p}}}}")
        self.resource.add_override("provider_details", _details(secrets))
        self.resource.add_override("attribute_mapping", _mapping())
        groups = CognitoUserGroup(
            self, "Groups", user_pool_id=pool_id, name="${each.key}", description="Federated users"
        )
        names = json.dumps(list(federation.groups))
        groups.add_override("for_each", f"${{toset({federation.wanted} ? {names} : [])}}")


def _details(secrets: DataAwsSecretsmanagerSecretVersion) -> str:
    """Return what Cognito is told of a provider: of the keys of both kinds, those with a value."""
    secret = f"data.{secrets.terraform_resource_type}.{secrets.friendly_unique_id}[each.key]"
    oidc = 'each.value.kind == "oidc"'
    values = {
        "client_id": "each.value.client_id",
        "client_secret": f"{oidc} ? {secret}.secret_string : null",
        "oidc_issuer": "each.value.issuer",
        "authorize_scopes": f'{oidc} ? "openid email profile" : null',
        "attributes_request_method": f'{oidc} ? "GET" : null',
        "MetadataURL": "each.value.metadata_url",
        "MetadataFile": "each.value.metadata_xml",
        # A sign-in that nobody asked for is refused, and a sign-out ends the session there too.
        "IDPInit": f'{oidc} ? null : "false"',
        "IDPSignout": f'{oidc} ? null : "true"',
    }
    listed = ", ".join(f"{name} = {value}" for name, value in values.items())
    return f"${{{{for name, value in {{{listed}}} : name => value if value != null}}}}"


def _mapping() -> str:
    """Return which of a provider's claims become which attributes of a user."""
    oidc = '{username = "sub", email = "email", name = "name"}'
    saml = f'{{email = "{_SAML_EMAIL}"}}'
    standard = f'each.value.kind == "oidc" ? tomap({oidc}) : tomap({saml})'
    return f"${{merge({standard}, each.value.attribute_mapping)}}"

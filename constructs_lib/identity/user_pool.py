"""A Cognito user pool whose tokens say which tenant a user belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from cdktf import Fn, IResolvable, Token
from cdktf_cdktf_provider_aws.cognito_user_pool import (
    CognitoUserPool,
    CognitoUserPoolAccountRecoverySetting,
    CognitoUserPoolAccountRecoverySettingRecoveryMechanism,
    CognitoUserPoolAdminCreateUserConfig,
    CognitoUserPoolPasswordPolicy,
    CognitoUserPoolSchema,
    CognitoUserPoolSchemaStringAttributeConstraints,
    CognitoUserPoolSoftwareTokenMfaConfiguration,
    CognitoUserPoolUsernameConfiguration,
)
from cdktf_cdktf_provider_aws.cognito_user_pool_client import (
    CognitoUserPoolClient,
    CognitoUserPoolClientTokenValidityUnits,
)
from cdktf_cdktf_provider_aws.cognito_user_pool_domain import CognitoUserPoolDomain
from constructs import Construct

from constructs_lib import limits
from constructs_lib.errors import ConfigError
from constructs_lib.identity.federation import Federation, IdentityProviders


class SecondFactor(StrEnum):
    """Whether users sign in with a code of their authenticator app too; as Cognito names it."""

    OFF = "OFF"
    OPTIONAL = "OPTIONAL"
    REQUIRED = "ON"


@dataclass(frozen=True)
class Claim:
    """A custom attribute of a user, found in the ID token as `custom:<name>`."""

    name: str
    mutable: bool = True
    max_length: int = 64


@dataclass(frozen=True)
class SignInPage:
    """Cognito's own pages of a pool: sign-in, first and forgotten password, second factor.

    Parameters
    ----------
    domain_prefix : str
        What the host's name begins with; the rest follows from the pool's id.
    callback_url : str
        Where users come back to after they have signed in or out.
    """

    domain_prefix: str
    callback_url: str


TENANT_CLAIMS: Final = (
    Claim("tenantId", mutable=False, max_length=36),
    Claim("tenantTier"),
    Claim("userRole"),
    Claim("tenantName"),
)
"""Set by administrators only: the client's write attributes leave all of them out."""

_VALIDITY: Final = (
    "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/"
    "API_CreateUserPoolClient.html"
)
_STANDARD_ATTRIBUTES = ("email", "email_verified", "name")
_WRITABLE_ATTRIBUTES = ("email", "name")


class UserPool(Construct):
    """A user pool with one public client; only administrators create users and set claims.

    The client has no secret, signs in by SRP or through an administrator's call, and may write
    no custom attribute, so that a user cannot move to another tenant or role.

    Parameters
    ----------
    name : str
        The pool's name.
    region : str
        Where it is; part of the issuer.
    deletion_protection : bool or IResolvable, default True
        Whether the pool refuses to be deleted.
    token_minutes : int, default 15
        How long an access or ID token is valid; 5 to 1440 [1]_. No token is taken back: a user who
        is disabled or deleted is served with the last one until it ends. Clients renew theirs by
        the refresh token, which is taken back.
    refresh_days : int, default 1
        How long a session may be refreshed.
    second_factor : SecondFactor, default OFF
        Of the pool's own users. Who comes from an identity provider has given it there [2]_.
    sign_in : SignInPage, optional
        Where users sign in by the code grant with PKCE. Without it there is no page, and a program
        of one's own asks for their passwords.
    federation : Federation, optional
        The identity providers whose users may sign in too, on that page. The pool's own users
        alone by default.

    Attributes
    ----------
    id, arn : str
    client_id : str
        The client's id, which its ID tokens name as their audience.
    issuer : str
        The `iss` claim of the pool's tokens.
    sign_in_url : str
        The origin of its pages, without a slash at its end; empty if it has none.
    sign_in_host : CognitoUserPoolDomain or None
    resource : CognitoUserPool
    client : CognitoUserPoolClient

    Raises
    ------
    ConfigError
        If `name` has other characters than Cognito allows, or `token_minutes` is outside 5..1440,
        or `refresh_days` outside 1..3650, or there are identity providers and no page.

    References
    ----------
    .. [1] https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html
    .. [2] https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        region: str,
        deletion_protection: bool | IResolvable = True,
        token_minutes: int = 15,
        refresh_days: int = 1,
        second_factor: SecondFactor = SecondFactor.OFF,
        sign_in: SignInPage | None = None,
        federation: Federation | None = None,
    ) -> None:
        super().__init__(scope, id_)
        problems = [
            *limits.user_pool_name(name),
            *limits.number("token_minutes", token_minutes, 5, 1440, _VALIDITY),
            *limits.number("refresh_days", refresh_days, 1, 3650, _VALIDITY),
        ]
        if federation and not sign_in:
            problems.append("sign_in: got none with a federation; allowed a page that leads to it")
        if problems:
            raise ConfigError(problems)
        self.resource = invited_users_pool(
            self,
            name=name,
            deletion_protection=deletion_protection,
            claims=TENANT_CLAIMS,
            second_factor=second_factor,
        )
        self.client = CognitoUserPoolClient(
            self,
            "Client",
            name=name,
            user_pool_id=self.resource.id,
            generate_secret=False,
            explicit_auth_flows=[
                "ALLOW_ADMIN_USER_PASSWORD_AUTH",
                "ALLOW_REFRESH_TOKEN_AUTH",
                "ALLOW_USER_SRP_AUTH",
            ],
            prevent_user_existence_errors="ENABLED",
            enable_token_revocation=True,
            access_token_validity=token_minutes,
            id_token_validity=token_minutes,
            refresh_token_validity=refresh_days,
            token_validity_units=[
                CognitoUserPoolClientTokenValidityUnits(
                    access_token="minutes",  # noqa: S106 - a unit of time
                    id_token="minutes",  # noqa: S106
                    refresh_token="days",  # noqa: S106
                )
            ],
            read_attributes=[
                *_STANDARD_ATTRIBUTES,
                *(f"custom:{claim.name}" for claim in TENANT_CLAIMS),
            ],
            write_attributes=list(_WRITABLE_ATTRIBUTES),
            **self._sign_in(sign_in, federation),
        )
        self.id: str = self.resource.id
        self.arn: str = self.resource.arn
        self.client_id: str = self.client.id
        # Written out and not taken from the pool's `endpoint`, which names the emulator locally
        # while the tokens name AWS in both places.
        self.issuer = issuer(region, self.id)
        self.sign_in_host = self._host(sign_in) if sign_in else None
        self.sign_in_url = (
            sign_in_origin(self.sign_in_host.domain, region) if self.sign_in_host else ""
        )

    def _sign_in(self, page: SignInPage | None, federation: Federation | None) -> dict[str, Any]:
        """Make the providers, and return what the client needs for its users to sign in."""
        if page is None:
            return {}
        client = {
            "supported_identity_providers": ["COGNITO"],
            "allowed_oauth_flows_user_pool_client": True,
            "allowed_oauth_flows": ["code"],
            "allowed_oauth_scopes": ["email", "openid", "profile"],
            "callback_urls": [page.callback_url],
            "logout_urls": [page.callback_url],
        }
        if federation is None:
            return client
        federation.ask_for_claims(self.resource)
        providers = IdentityProviders(
            self, "Providers", pool_id=self.resource.id, federation=federation
        )
        return {
            **client,
            "supported_identity_providers": federation.names,
            "depends_on": [providers.resource],
        }

    def _host(self, page: SignInPage) -> CognitoUserPoolDomain:
        return CognitoUserPoolDomain(
            self,
            "sign-in-host",
            # Unique in a region over all accounts; of hexadecimal digits, so that none of the
            # words that Cognito forbids can come up in it.
            domain=f"{page.domain_prefix}-{Fn.substr(Fn.sha256(self.id), 0, 20)}",
            user_pool_id=self.id,
        )


def issuer(region: str, user_pool_id: str) -> str:
    """Return the issuer of the tokens of a user pool.

    >>> issuer("eu-central-1", "eu-central-1_abc")
    'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc'
    """
    return f"https://cognito-idp.{region}.amazonaws.com/{user_pool_id}"


def sign_in_origin(domain: str, region: str) -> str:
    """Return the origin of the pages of a pool with that domain prefix.

    >>> sign_in_origin("shop-dev", "eu-central-1")
    'https://shop-dev.auth.eu-central-1.amazoncognito.com'
    """
    return f"https://{domain}.auth.{region}.amazoncognito.com"


def invited_users_pool(
    scope: Construct,
    *,
    name: str,
    deletion_protection: bool | IResolvable,
    claims: Sequence[Claim],
    second_factor: SecondFactor = SecondFactor.OFF,
) -> CognitoUserPool:
    """Return the user pool `Resource` of `scope`, in which administrators alone create users.

    Parameters
    ----------
    claims : sequence of Claim
        The custom attributes of its users.
    second_factor : SecondFactor, default OFF
    """
    return CognitoUserPool(
        scope,
        "Resource",
        name=name,
        deletion_protection=(
            ("ACTIVE" if deletion_protection else "INACTIVE")
            if isinstance(deletion_protection, bool)
            else Token.as_string(Fn.conditional(deletion_protection, "ACTIVE", "INACTIVE"))
        ),
        mfa_configuration=second_factor.value,
        software_token_mfa_configuration=(
            CognitoUserPoolSoftwareTokenMfaConfiguration(enabled=True)
            if second_factor is not SecondFactor.OFF
            else None
        ),
        username_configuration=CognitoUserPoolUsernameConfiguration(case_sensitive=False),
        auto_verified_attributes=["email"],
        admin_create_user_config=CognitoUserPoolAdminCreateUserConfig(
            allow_admin_create_user_only=True
        ),
        account_recovery_setting=CognitoUserPoolAccountRecoverySetting(
            recovery_mechanism=[
                CognitoUserPoolAccountRecoverySettingRecoveryMechanism(
                    name="verified_email", priority=1
                )
            ]
        ),
        password_policy=CognitoUserPoolPasswordPolicy(
            minimum_length=12,
            require_lowercase=True,
            require_uppercase=True,
            require_numbers=True,
            require_symbols=True,
            temporary_password_validity_days=7,
        ),
        schema=[_attribute(claim) for claim in claims],
    )


def _attribute(claim: Claim) -> CognitoUserPoolSchema:
    return CognitoUserPoolSchema(
        name=claim.name,
        attribute_data_type="String",
        developer_only_attribute=False,
        mutable=claim.mutable,
        required=False,
        # Left out, Cognito fills them in and every later plan wants to replace the pool.
        string_attribute_constraints=CognitoUserPoolSchemaStringAttributeConstraints(
            min_length="0", max_length=str(claim.max_length)
        ),
    )

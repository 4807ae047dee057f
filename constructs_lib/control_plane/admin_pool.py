"""The user pool of those who run the system, people and machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cdktf import ITerraformDependable, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.cognito_resource_server import (
    CognitoResourceServer,
    CognitoResourceServerScope,
)
from cdktf_cdktf_provider_aws.cognito_user import CognitoUser
from cdktf_cdktf_provider_aws.cognito_user_group import CognitoUserGroup
from cdktf_cdktf_provider_aws.cognito_user_in_group import CognitoUserInGroup
from cdktf_cdktf_provider_aws.cognito_user_pool_domain import CognitoUserPoolDomain
from constructs import Construct

from constructs_lib.identity.user_pool import (
    Claim,
    SecondFactor,
    invited_users_pool,
    issuer,
    sign_in_origin,
)
from constructs_lib.sequences import takes_sequences

SYSTEM_ADMIN: Final = "SystemAdmin"
SUPPORT_READER: Final = "SupportReader"
GROUPS: Final[Mapping[str, str]] = {
    SYSTEM_ADMIN: "May do everything",
    SUPPORT_READER: "May look at everything and change nothing",
}


@dataclass(frozen=True)
class ResourceServer:
    """An API that tokens give access to, with its scopes by name and what each allows."""

    identifier: str
    scopes: Mapping[str, str]

    def names(self) -> list[str]:
        """Return the scopes as tokens name them."""
        return [f"{self.identifier}/{scope}" for scope in self.scopes]


@takes_sequences
class AdminPool(Construct):
    """Administrators, and machines that act for them.

    Nobody signs up. `PoolClients` are how people and machines get their tokens.

    Parameters
    ----------
    name : str
    region : str
    domain : str
        The prefix of the host that answers sign-in and token requests; unique in the region.
    admin_email : str
        The first administrator, who is invited by e-mail.
    resource_servers : sequence of ResourceServer
    second_factor : SecondFactor, default OPTIONAL
        Whether people need a code of an authenticator app; each may set one up by default.
    deletion_protection : bool, default True
        Whether the pool refuses to be deleted.

    Attributes
    ----------
    id, arn, issuer : str
    sign_in_url : str
        The origin of the pages on which administrators sign in.
    token_url : str
    servers : list of ITerraformDependable
        What the scopes of clients belong to.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        region: str,
        domain: str,
        admin_email: str,
        resource_servers: Sequence[ResourceServer],
        second_factor: SecondFactor = SecondFactor.OPTIONAL,
        deletion_protection: bool = True,
    ) -> None:
        super().__init__(scope, id_)
        pool = invited_users_pool(
            self,
            name=name,
            deletion_protection=deletion_protection,
            claims=[Claim("userRole")],
            second_factor=second_factor,
        )
        self.id: str = pool.id
        self.arn: str = pool.arn
        self.issuer = issuer(region, pool.id)
        host = CognitoUserPoolDomain(self, "Domain", domain=domain, user_pool_id=pool.id)
        self.sign_in_url = sign_in_origin(host.domain, region)
        self.token_url = f"{self.sign_in_url}/oauth2/token"
        self.servers: list[ITerraformDependable] = [
            CognitoResourceServer(
                self,
                f"server-{server.identifier}",
                user_pool_id=pool.id,
                identifier=server.identifier,
                name=server.identifier,
                scope=[
                    CognitoResourceServerScope(scope_name=scope_name, scope_description=allows)
                    for scope_name, allows in server.scopes.items()
                ],
            )
            for server in resource_servers
        ]
        _first_administrator(self, pool.id, admin_email)


def _first_administrator(scope: Construct, pool_id: str, email: str) -> None:
    groups = {
        group: CognitoUserGroup(
            scope,
            f"group-{group}",
            name=group,
            user_pool_id=pool_id,
            description=allows,
            precedence=number,
        )
        for number, (group, allows) in enumerate(GROUPS.items(), 1)
    }
    user = CognitoUser(
        scope,
        "admin",
        user_pool_id=pool_id,
        username=email,
        attributes={
            "email": email,
            "email_verified": "true",
            "userRole": SYSTEM_ADMIN,
        },
        desired_delivery_mediums=["EMAIL"],
        # What a person changes about themselves is theirs.
        lifecycle=TerraformResourceLifecycle(ignore_changes=["attributes"]),
    )
    CognitoUserInGroup(
        scope,
        "admin-in-group",
        user_pool_id=pool_id,
        group_name=groups[SYSTEM_ADMIN].name,
        username=user.username,
    )

"""The user pools of tenants' users: the one that a tier shares, and a silo's own."""

from __future__ import annotations

from cdktf import IResolvable
from constructs import Construct

from constructs_lib import naming
from constructs_lib.compute import Names
from constructs_lib.identity import Federation, SignInPage, UserPool
from services.configuration import Configuration
from services.contracts.stacks import PlatformContract
from tiers.deployment import mail_sender, second_factor


def tenants_pool(
    scope: Construct,
    id_: str,
    *,
    configuration: Configuration,
    platform: PlatformContract,
    names: Names,
    deletion_protection: bool | IResolvable,
    federation: Federation | None = None,
) -> UserPool:
    """Make a pool whose users sign in on its page to come to the tenants' application."""
    return UserPool(
        scope,
        id_,
        name=names.fit(naming.USER_POOL),
        region=configuration.region,
        deletion_protection=deletion_protection,
        token_minutes=configuration.token_minutes,
        second_factor=second_factor(configuration.user_second_factor),
        mail=mail_sender(configuration),
        sign_in=SignInPage(
            domain_prefix=configuration.prefix, callback_url=f"{platform.tenant_app_url}/"
        ),
        federation=federation,
    )

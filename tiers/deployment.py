"""What all stacks take from the configuration: settings, names, paths of contracts, capacity."""

from __future__ import annotations

from constructs_lib import StackSettings
from constructs_lib.compute import Capacity, Ec2Capacity, Names
from constructs_lib.identity import MailSender, SecondFactor
from constructs_lib.naming import tenant_id, tenant_key
from services.configuration import Configuration
from services.contracts.stacks import PLATFORM, cell_path, contract_path
from services.tenancy import Tier


def stack_settings(configuration: Configuration) -> StackSettings:
    """Return what the base of every stack takes."""
    return StackSettings(
        name=configuration.name,
        environment=configuration.environment,
        region=configuration.region,
        state_bucket=configuration.state_bucket,
        lock_table=configuration.lock_table,
        use_lockfile=configuration.state.use_lockfile,
        kms_key_id=configuration.state.kms,
        account=configuration.account,
    )


def second_factor(setting: str) -> SecondFactor:
    """Return what a setting of the configuration means to a user pool."""
    return SecondFactor[setting.upper()]


def mail_sender(configuration: Configuration) -> MailSender | None:
    """Return who mails invitations and codes; None if Cognito does."""
    mail = configuration.mail
    return MailSender(mail.identity_arn, mail.sender) if mail else None


def alarm_key(configuration: Configuration) -> str:
    """Return the alias of the key for messages of alarms, which the platform makes."""
    return f"alias/{configuration.prefix}-alarms"


def shared_names(configuration: Configuration, *parts: str) -> Names:
    """Return the names of something that tenants share."""
    return Names((configuration.prefix, *parts))


def tenant_names(configuration: Configuration, tier: Tier) -> Names:
    """Return the names of something that one tenant owns in one tier.

    The tier is in them, because a tenant that moves has two copies for a while.
    """
    return Names(
        (configuration.prefix, tenant_id(), tier),
        short=(configuration.prefix, tenant_key(copy=tier)),
    )


def platform_path(configuration: Configuration) -> str:
    """Return where the platform publishes its contract."""
    return contract_path(configuration.name, configuration.environment, PLATFORM)


def tier_path(configuration: Configuration, tier: Tier) -> str:
    """Return where the shared part of a tier publishes its contract."""
    return contract_path(configuration.name, configuration.environment, f"tier-{tier}")


def routing_cell_path(configuration: Configuration, cell: str) -> str:
    """Return where a routing cell publishes its contract; `cell` may be an expression."""
    return cell_path(configuration.name, configuration.environment, cell)


def capacity_of(configuration: Configuration, tier: Tier) -> Capacity:
    """Return what a tier's tasks run on: as configured, else as its policy says."""
    chosen = configuration.tiers[tier].compute
    return Capacity((chosen or tier.policy.compute).value)


def instances_of(configuration: Configuration, tier: Tier) -> Ec2Capacity | None:
    """Return a tier's instances, or nothing where it has none."""
    if capacity_of(configuration, tier) is not Capacity.EC2:
        return None
    size = configuration.tiers[tier].ec2 or tier.policy.ec2
    return Ec2Capacity(instance_type=size.instance_type, min=size.min, max=size.max)

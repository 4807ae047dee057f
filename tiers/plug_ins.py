"""What the control plane's functions get for their plug-ins: names, settings and rights. No cdktf.

A billing plug-in is called by the function that hears the bus and by the API, for its provider's
webhook; a metering plug-in by the API, by the function that records results, which hears of usage
too, and by the sweep, which completes what the API was interrupted in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from constructs_lib.identity.statement import Statement
from services.configuration import BillingPlugIn, Configuration, PlugIn
from services.contracts.plug_ins import BILLING, BILLING_KEYS, METERING
from tiers import manifest

CALLERS: Final = {BILLING: ("api", "billing"), METERING: ("api", "events", "sweep")}
"""By the variable that names a plug-in, the functions that call it."""


@dataclass(frozen=True)
class Given:
    """What a function has on top, for the plug-ins that it calls."""

    environment: Mapping[str, str] = field(default_factory=dict)
    statements: tuple[Statement, ...] = ()


def given(configuration: Configuration, function: str, registry_arn: str) -> Given:
    """Return what `function` gets for its plug-ins.

    Parameters
    ----------
    registry_arn : str
        The registry's table, which a billing plug-in may keep its items in.
    """
    environment: dict[str, str] = {}
    statements: list[Statement] = []
    for variable, plug_in in _plug_ins(configuration).items():
        if function in CALLERS[variable]:
            settings = {key: manifest.literal(text) for key, text in plug_in.environment.items()}
            environment |= {variable: plug_in.factory, **settings}
            statements += manifest.permissions(plug_in)
            # The API may do more to the registry than that.
            if isinstance(plug_in, BillingPlugIn) and plug_in.keeps_accounts and function != "api":
                statements.append(_accounts(registry_arn))
    return Given(environment, tuple(statements))


def _plug_ins(configuration: Configuration) -> Mapping[str, PlugIn]:
    named = {BILLING: configuration.billing, METERING: configuration.metering}
    return {variable: plug_in for variable, plug_in in named.items() if plug_in}


def _accounts(registry_arn: str) -> Statement:
    actions = ("DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem")
    return Statement(
        [f"dynamodb:{action}" for action in actions],
        [registry_arn],
        conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{BILLING_KEYS}*"]}},
        sid="Accounts",
    )

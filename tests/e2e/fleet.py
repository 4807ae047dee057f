"""The tenants beside the demo's: thirty, registered at once, of which each module has its own."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.conformance.bus import Envelope
from tests.e2e.system import CELL_CAPACITY, PREFIX, System, Tenant

FLEET = [
    Tenant(f"{tier}-{number:02}", tier)
    for tier, count in (("basic", 22), ("advanced", 4), ("premium", 4))
    for number in range(count)
]


@dataclass(frozen=True)
class Onboarding:
    """How tenants were onboarded, as it was seen at the time.

    Attributes
    ----------
    statuses : mapping of str to str
        By tenant, how its operation ended.
    rows : list of mapping
        The tenants that the control plane listed as active then.
    events : mapping of str to pair of lists
        By tenant, its requests on the bus, and the answers to them.
    denials : list of str
        What IAM denied meanwhile.
    """

    statuses: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]
    events: Mapping[str, tuple[list[Envelope], list[Envelope]]]
    denials: Sequence[str]


def onboard(system: System, tenants: Sequence[Tenant]) -> Onboarding:
    """Register tenants, all at once, and wait until all are onboarded."""
    before = len(system.denials())
    with (
        system.bus() as bus,
        system.control_plane() as api,
        ThreadPoolExecutor(len(tenants)) as pool,
    ):

        def ended(tenant: Tenant) -> str:
            operation = api.register(tenant.name, tier=tenant.tier, email=tenant.email)
            return api.wait(operation, seconds=600).status

        names = [tenant.name for tenant in tenants]
        statuses = dict(zip(names, pool.map(ended, tenants), strict=True))
        rows = list(api.tenants(status="ACTIVE"))
        events = {
            row["tenantName"]: (
                bus.heard("onboardingRequest", about=row["tenantId"]),
                bus.heard("provisionSuccess", about=row["tenantRegistrationId"]),
            )
            for row in rows
            if row["tenantName"] in names
        }
    return Onboarding(statuses, rows, events, system.denials()[before:])


def ensure(system: System, names: Collection[str]) -> None:
    """Onboard those of the fleet that are named and are not there yet."""
    with system.control_plane() as api:
        there = {row["tenantName"] for row in api.tenants()}
    if missing := [each for each in FLEET if each.name in names and each.name not in there]:
        found = onboard(system, missing)
        assert set(found.statuses.values()) == {"SUCCEEDED"}, found.statuses


def fill_first_cell(system: System) -> None:
    """Onboard silo tenants until the first routing cell has no free slot."""
    ensure(system, {tenant.name for tenant in FLEET if tenant.tier != "basic"})
    taken = system.client("dynamodb").query(
        TableName=f"{PREFIX}-placements",
        KeyConditionExpression="cellId = :cell",
        ExpressionAttributeValues={":cell": {"S": "cell-1"}},
        ConsistentRead=True,
    )["Count"]
    if free := CELL_CAPACITY - taken:
        more = [Tenant(f"filler-{secrets.token_hex(3)}", "advanced") for _ in range(free)]
        assert set(onboard(system, more).statuses.values()) == {"SUCCEEDED"}

"""`ecs-saas capacity`: how many more tenants this account takes, and what ends that."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.failures import confirm
from services.cli.options import Json, Yes
from services.cli.output import write_json, write_line, write_table
from services.cli.settings import Settings
from services.tenancy import Tier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.capacity.headroom import Headroom, Room
    from services.contracts.quotas import Quota
    from services.provisioning.aws import Aws

capacity_app = typer.Typer(
    help="How many more tenants fit into this account, by AWS's quotas and what is used of them.",
    rich_markup_mode=None,
    add_completion=False,
)


@capacity_app.command()
def capacity(
    context: typer.Context,
    request: Annotated[
        bool, typer.Option("--request", help="File the increases that the tenants need.")
    ] = False,
    tenants: Annotated[
        int, typer.Option("--tenants", min=1, help="How many more of each tier are to fit.")
    ] = 10,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Say how many more tenants of each tier fit, and which quota ends that."""
    from services.capacity import headroom, usage  # noqa: PLC0415 - not for the help's sake
    from services.capacity.demand import growth_of  # noqa: PLC0415
    from services.contracts.stacks import ROUTING_CELL  # noqa: PLC0415
    from services.provisioning.aws import Aws, access_errors  # noqa: PLC0415
    from services.provisioning.terraform.workspace import read_module  # noqa: PLC0415

    settings: Settings = context.obj
    configuration = settings.configuration()
    settings.use_target()
    cell = read_module(settings.modules_dir, ROUTING_CELL)
    demands = {
        tier: growth_of(
            configuration, read_module(settings.modules_dir, tier.tenant_stack), cell, tier
        )
        for tier in Tier
    }
    aws = Aws(configuration.region, configuration.account)
    aws.check_access()
    with access_errors():
        found = usage.headrooms(aws, configuration, usage.EVERY)
    rooms = {tier: headroom.room(found, demand) for tier, demand in demands.items()}
    if not request:
        _show(rooms, found, demands, as_json)
        return
    together = {
        each.quota.key: sum(demand.get(each.quota.key, 0) for demand in demands.values())
        for each in found
    }
    _file(aws, headroom.increases(found, together, tenants), tenants, yes, as_json)


def _show(
    rooms: Mapping[Tier, Room | None],
    found: Sequence[Headroom],
    demands: Mapping[Tier, Mapping[str, float]],
    as_json: bool,
) -> None:
    if as_json:
        write_json(
            {
                "tiers": {
                    tier.value: room
                    and {
                        "fit": room.tenants,
                        "wall": {
                            "service": room.wall.quota.service,
                            "code": room.wall.quota.code,
                            "name": room.wall.quota.name,
                        },
                    }
                    for tier, room in rooms.items()
                },
                "quotas": [
                    {
                        "service": each.quota.service,
                        "code": each.quota.code,
                        "name": each.quota.name,
                        "adjustable": each.quota.adjustable,
                        "limit": each.limit,
                        # Nobody can count the mail of a day.
                        "used": None if each.quota.a_day else each.used,
                        "a_day": each.quota.a_day,
                        "a_tenant": {
                            tier.value: round(demand.get(each.quota.key, 0), 4)
                            for tier, demand in demands.items()
                        },
                        "source": each.quota.source,
                    }
                    for each in found
                ],
            }
        )
        return
    write_table(
        ("tier", "more tenants", "then ends"),
        [(tier, room.tenants, room.wall.quota.label) for tier, room in rooms.items() if room],
    )
    write_line("")
    write_table(
        ("quota", "code", "used", "of", *Tier),
        [
            (
                each.quota.name,
                each.quota.code or "-",
                "?" if each.quota.a_day else f"{each.used:g}",
                f"{each.limit:g}{' a day' if each.quota.a_day else ''}",
                *(f"{demands[tier].get(each.quota.key, 0):.3g}" for tier in Tier),
            )
            for each in found
        ],
    )


def _file(aws: Aws, wanted: Mapping[Quota, float], tenants: int, yes: bool, as_json: bool) -> None:
    from services.capacity import usage  # noqa: PLC0415
    from services.provisioning.aws import access_errors  # noqa: PLC0415

    fixed = [quota for quota in wanted if not quota.adjustable or quota.code is None]
    for quota in fixed:
        sys.stderr.write(f"{quota.label}: AWS raises it for nobody; see {quota.source}\n")
    asked = {quota: value for quota, value in wanted.items() if quota not in fixed}
    for quota, value in asked.items():
        sys.stderr.write(f"{quota.label}: to {value:g} {quota.unit}".rstrip() + "\n")
    question = f"Ask AWS for these {len(asked)} increases?"
    confirm(yes or not asked, question, why="this asks AWS for more")
    with access_errors():
        states = {quota: usage.request(aws, quota, value) for quota, value in asked.items()}
    if as_json:
        write_json(
            [
                {
                    "service": quota.service,
                    "code": quota.code,
                    "name": quota.name,
                    "value": asked[quota],
                    "status": state,
                }
                for quota, state in states.items()
            ]
        )
        return
    for quota, state in states.items():
        write_line(f"{quota.label}: {state}")
    if not wanted:
        write_line(f"nothing to ask for: {tenants} more tenants of each tier fit")

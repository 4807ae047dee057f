"""`ecs-saas metrics`: requests of tenants' users, counted by the control plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.options import Json
from services.cli.output import write_json, write_line, write_table
from services.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

metrics_app = typer.Typer(
    help="Requests of tenants' users: how many, how many failed, how long they took.",
    rich_markup_mode=None,
    add_completion=False,
)

_COLUMNS = ("requests", "clientErrors", "serverErrors", "throttles", "latencyMs")
_HEADINGS = ("tenant", "requests", "client errors", "server errors", "throttles", "latency ms")


@metrics_app.command()
def metrics(
    context: typer.Context,
    *,
    tenant: Annotated[
        str | None, typer.Option("--tenant", help="One tenant, by its name or id.")
    ] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help="As 2026-01-31T09:00; three hours ago.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Before this time; now.")] = None,
    by: Annotated[
        str, typer.Option("--by", help="What the busiest tenants are chosen by.")
    ] = "requests",
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=20, help="How many tenants at most.")
    ] = 10,
    as_json: Json = False,
) -> None:
    """Show requests of one tenant, or of all and the busiest."""
    settings: Settings = context.obj
    with settings.control_plane() as client:
        asked = {"from": begin, "to": end}
        if tenant is None:
            asked |= {"by": by, "limit": str(limit)}
        else:
            asked["tenantId"] = client.tenant(tenant)["tenantId"]
        found = client.metrics(**{name: value for name, value in asked.items() if value})
    if as_json:
        write_json(found)
        return
    rows: dict[str, dict[str, Mapping[str, Any]]] = {}
    for one in found["series"]:
        rows.setdefault(one["tenantId"], {})[one["metric"]] = one
    if total := found.get("total"):
        rows["all"] = {one["metric"]: one for one in total}
    write_table(_HEADINGS, [[name, *_cells(metrics)] for name, metrics in rows.items()])
    until = found.get("measuredUntil", "never")
    write_line(f"from {found['from']} to {found['to']}, counted until {until}")


def _cells(metrics: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """Yield sums, and the mean of the latency: of each period by its requests."""
    values = {
        name: {point["at"]: point["value"] for point in metrics[name]["points"]}
        for name in _COLUMNS
    }
    requests = sum(values["requests"].values())
    for name in _COLUMNS[:-1]:
        yield f"{sum(values[name].values()):g}"
    taken = sum(value * values["requests"][at] for at, value in values["latencyMs"].items())
    yield f"{taken / requests:.0f}" if requests else "-"

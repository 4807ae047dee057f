"""`ecs-saas tenant`: onboarding, changing and offboarding tenants, by the control plane's API."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.failures import confirm
from services.cli.files import read_object
from services.cli.options import Json, Release, Yes, taking
from services.cli.output import in_words, write_json, write_line, write_table
from services.cli.settings import Settings
from services.tenancy.tier import Tier

if TYPE_CHECKING:
    from services.client import ControlPlaneClient, Operation
    from services.provisioning.terraform.progress import Progress

tenant_app = typer.Typer(
    help="Onboard, look at, change and offboard tenants.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

_Tenant = Annotated[str, typer.Argument(help="The tenant's name or id.")]
_Key = Annotated[
    str | None,
    typer.Option("--key", help="Idempotency key: repeating the command then changes nothing."),
]


@dataclass(frozen=True, kw_only=True)
class _Following:
    """Whether to wait for what was asked, and how to show it."""

    wait: Annotated[
        bool, typer.Option("--wait", help="Until it is done; exit code 1 if it fails.")
    ] = False
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Seconds to wait at most.")] = (
        3600.0
    )
    as_json: Json = False


@tenant_app.command()
@taking(_Following)
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The tenant's name; part of its addresses.")],
    *,
    tier: Annotated[Tier, typer.Option("--tier", help="What it has to itself.")],
    email: Annotated[str, typer.Option("--email", help="Of the tenant's administrator.")],
    release: Release = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="A JSON file of more data: overrides, prices, ...")
    ] = None,
    key: _Key = None,
    options: _Following,
) -> None:
    """Register a tenant, which starts its onboarding."""
    more = read_object(data) if data else {}
    if release is not None:
        more["release"] = release

    def ask(client: ControlPlaneClient) -> Operation:
        return client.register(name, tier=tier.value, email=email, data=more, key=key)

    _carry_out(context, name, ask, options)


@tenant_app.command("list")
def list_tenants(
    context: typer.Context,
    *,
    status: Annotated[str | None, typer.Option("--status", help="As ACTIVE or FAILED.")] = None,
    tier: Annotated[Tier | None, typer.Option("--tier", help="Of this tier only.")] = None,
    release: Annotated[str | None, typer.Option("--release", help="Of this one only.")] = None,
    as_json: Json = False,
) -> None:
    """List tenants by name; offboarded ones only with `--status DELETED`."""
    given = {"status": status, "tier": tier.value if tier else None, "release": release}
    with _client(context) as client:
        rows = list(client.tenants(**{k: v for k, v in given.items() if v is not None}))
    if as_json:
        write_json(rows)
        return
    columns = ("tenantName", "tier", "tenantStatus", "release", "tenantId")
    headings = ("name", "tier", "status", "release", "id")
    write_table(headings, [[row[column] for column in columns] for row in rows])


@tenant_app.command()
def show(context: typer.Context, tenant: _Tenant, as_json: Json = False) -> None:
    """Show one tenant and what was done to it."""
    with _client(context) as client:
        row = client.tenant(tenant)
        operations = client.operations(row["tenantId"])
    if as_json:
        write_json({**row, "operations": [vars(each) for each in operations]})
        return
    for name, value in sorted(row.items()):
        write_line(f"{name} = {value if isinstance(value, str) else json.dumps(value)}")
    write_line("")
    columns = ("operation", "id", "status", "requested", "took", "reason")
    write_table(columns, [_told(each) for each in operations])
    for each in operations:
        if each.status == "FAILED" and each.log_url:
            write_line(f"log of {each.id}: {each.log_url}")


@tenant_app.command()
def resources(context: typer.Context, tenant: _Tenant, as_json: Json = False) -> None:
    """List what a tenant has of AWS, as of its last apply."""
    with _client(context) as client:
        found = client.resources(client.tenant(tenant)["tenantId"])
    if as_json:
        write_json(found)
        return
    rows = [[row[column] for column in ("address", "id", "name")] for row in found["data"]]
    write_table(("address", "id", "name"), rows)
    at = found.get("recordedAt")
    write_line(f"as of {at}" if at else "no apply has ended yet")


@tenant_app.command()
def cost(
    context: typer.Context,
    tenant: _Tenant,
    *,
    month: Annotated[
        str | None, typer.Option("--month", help="Such as 2026-01; the running one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Estimate what a tenant costs in a month, at list prices."""
    with _client(context) as client:
        found = client.cost(client.tenant(tenant)["tenantId"], month)
    if as_json:
        write_json(found)
        return
    write_table(
        ("service", "what", "quantity", "unit", "price", "share", "amount"),
        [
            [line[name] for name in ("service", "what", "quantity", "unit", "price")]
            + [line["share"] if line["shared"] else "", line["amount"]]
            for line in found["lines"]
        ],
    )
    usage = found["usage"]
    write_line(
        f"{found['monthly']} {found['currency']} a month at the prices of {found['prices']}; "
        f"{usage['requests']} requests from {usage['from']} to {usage['to']}"
    )
    write_line(f"not counted: {'; '.join(found['notCounted'])}")


def _told(operation: Operation) -> tuple[str, ...]:
    requested = (operation.requested_at or "").replace("T", " ").split(".")[0].removesuffix("Z")
    took = in_words(operation.seconds)
    if operation.ended_at is None:
        took = f"{took} until now"
    identity = (operation.kind, operation.id, operation.status)
    return (*identity, requested, took, operation.reason or "")


_WITHOUT_PARAMETERS = {
    "suspend": "Refuse a tenant's sign-ins and requests; its data is kept.",
    "resume": "Let a suspended tenant in again.",
    "retry": "Repeat the operation that failed.",
    "reconcile": "Make a tenant's resources again what the registry says.",
}


def _add(action: str, meaning: str) -> None:
    @tenant_app.command(action, help=meaning)
    @taking(_Following)
    def command(
        context: typer.Context,
        tenant: _Tenant,
        *,
        options: _Following,
    ) -> None:
        _request(context, tenant, action, None, options)


for _action, _meaning in _WITHOUT_PARAMETERS.items():
    _add(_action, _meaning)


@tenant_app.command()
@taking(_Following)
def move(
    context: typer.Context,
    tenant: _Tenant,
    *,
    tier: Annotated[
        Tier | None, typer.Option("--tier", help="Where to; the old copy is kept.")
    ] = None,
    confirm_move: Annotated[
        bool, typer.Option("--confirm", help="The move is good: remove the old copy.")
    ] = False,
    rollback: Annotated[
        bool,
        typer.Option(
            "--rollback",
            help="Serve from the old tier again; the new copy is kept until --confirm.",
        ),
    ] = False,
    options: _Following,
) -> None:
    """Move a tenant, with its data, to another tier; then confirm or take back the move."""
    if (tier is not None) + confirm_move + rollback != 1:
        raise typer.BadParameter("give one of --tier, --confirm and --rollback")
    action = "move/confirm" if confirm_move else "move/rollback" if rollback else "move"
    parameters = {"tier": tier.value} if tier else None
    _request(context, tenant, action, parameters, options)


@tenant_app.command()
@taking(_Following)
def update(
    context: typer.Context,
    tenant: _Tenant,
    *,
    release: Annotated[str | None, typer.Option("--release", help="The release to run.")] = None,
    overrides: Annotated[
        Path | None, typer.Option("--overrides", help="A JSON file of the tenant's own sizes.")
    ] = None,
    options: _Following,
) -> None:
    """Give a tenant another release, or other sizes."""
    parameters: dict[str, Any] = {}
    if release is not None:
        parameters["release"] = release
    if overrides is not None:
        parameters["overrides"] = read_object(overrides)
    _request(context, tenant, "update", parameters, options)


@tenant_app.command()
@taking(_Following)
def delete(
    context: typer.Context,
    tenant: _Tenant,
    *,
    yes: Yes = False,
    options: _Following,
) -> None:
    """Offboard a tenant: its data is exported, then everything of it is removed."""
    confirm(yes, f"Offboard tenant {tenant} and delete its data?")
    _carry_out(
        context,
        tenant,
        lambda client: client.delete(client.tenant(tenant)),
        options,
    )


def _request(
    context: typer.Context,
    tenant: str,
    action: str,
    parameters: Mapping[str, Any] | None,
    options: _Following,
) -> None:
    def ask(client: ControlPlaneClient) -> Operation:
        return client.request(client.tenant(tenant)["tenantId"], action, parameters)

    _carry_out(context, tenant, ask, options)


#: As shells tell of a program that SIGINT has ended.
_INTERRUPTED = 130


def _carry_out(
    context: typer.Context,
    tenant: str,
    ask: Callable[[ControlPlaneClient], Operation],
    options: _Following,
) -> None:
    with _client(context) as client:
        operation = ask(client)
        if options.wait:
            from services.cli.progress import watching  # noqa: PLC0415

            with watching(plain=options.as_json) as progress:
                try:
                    progress.stage(tenant, operation.kind)
                    operation = client.wait(
                        operation, seconds=options.timeout, watch=_shown_by(progress, tenant)
                    )
                except KeyboardInterrupt:
                    progress.note(
                        tenant,
                        f"{operation.kind} {operation.id} goes on; how it ends: "
                        f"ecs-saas tenant show {tenant}",
                    )
                    raise typer.Exit(_INTERRUPTED) from None
    if options.as_json:
        write_json(vars(operation))
    else:
        took = f" after {in_words(operation.seconds)}" if operation.ended_at else ""
        write_line(f"{tenant}: {operation.kind} {operation.status}{took} ({operation.id})")


def _shown_by(progress: Progress, tenant: str) -> Callable[[Operation], None]:
    """Return what shows how far an operation is, whenever that has changed."""
    last = ""

    def show(operation: Operation) -> None:
        nonlocal last
        if operation.progress and (text := _in_words(operation.progress)) != last:
            last = text
            progress.stage(tenant, f"{operation.kind}: {text}")

    return show


def _in_words(progress: Mapping[str, Any]) -> str:
    counted = f" {progress['done']} of {progress['total']}" if progress["total"] else ""
    return f"{progress['stage']}{counted} {progress['resource']}".rstrip()


def _client(context: typer.Context) -> AbstractContextManager[ControlPlaneClient]:
    settings: Settings = context.obj
    return settings.control_plane()

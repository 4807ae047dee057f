"""`ecs-saas workspace`: tenants' Terraform workspaces, applied from here and not by a build."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.failures import confirm, failing_with_one
from services.cli.files import read_object
from services.cli.options import Json, LockTimeout, Release, Yes, taking
from services.cli.output import (
    plan_exit_code,
    result_document,
    result_line,
    write_json,
    write_line,
    write_table,
)
from services.cli.settings import Settings
from services.configuration import Configuration
from services.provisioning.errors import PreconditionError
from services.provisioning.tenants.tenants import Tenants
from services.tenancy import TenantDocument, TenantDocumentError, Tier, check_tenant_id
from services.tenancy.problems import Problem, did_you_mean, one_of

workspace_app = typer.Typer(
    help="Tenants' workspaces, past the control plane: for repairs, plans and tests.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

_TenantId = Annotated[str, typer.Argument(help="The tenant's id; names its workspace.")]


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """What a tenant shall be, and how that is said."""

    name: Annotated[str | None, typer.Option("--name", help="The tenant's name.")] = None
    tier: Annotated[str | None, typer.Option("--tier", help=f"{one_of(Tier)}.")] = None
    email: Annotated[
        str | None, typer.Option("--email", help="The tenant administrator's address.")
    ] = None
    release: Release = None
    overrides: Annotated[
        Path | None, typer.Option("--overrides", help="A JSON file of the tenant's own sizes.")
    ] = None
    document: Annotated[
        Path | None, typer.Option("--document", help="A JSON file of the whole tenant document.")
    ] = None
    as_json: Json = False
    lock_timeout: LockTimeout = 600.0

    @property
    def nobody(self) -> bool:
        """Whether nothing is said of who the tenant is, so that the registry has to be asked."""
        return not (self.name or self.tier or self.email or self.document)

    def of(self, tenant_id: str, configuration: Configuration) -> TenantDocument:
        """Return the document of the tenant."""
        check_tenant_id(tenant_id)
        given: dict[str, Any] = {
            "tenant_id": tenant_id,
            "tenant_name": self.name,
            "tier": self.tier,
            "admin_email": self.email,
            "release": self.release,
            "overrides": self.overrides,
        }
        if self.document is None:
            if self.overrides is not None:
                given["overrides"] = read_object(self.overrides)
            data = {name: value for name, value in given.items() if value is not None}
            source = f"tenant {tenant_id}"
        elif any(value is not None for name, value in given.items() if name != "tenant_id"):
            raise PreconditionError("--document holds everything: give no other option beside it")
        else:
            data, source = read_object(self.document), str(self.document)
        data.setdefault("release", configuration.release)
        wanted = TenantDocument.parse(data, source=source)
        services = configuration.services
        unknown = [
            Problem(
                f"overrides.services.{name}", "an unknown service", did_you_mean(name, services)
            )
            for name in wanted.overrides.services
            if name not in services
        ]
        if unknown:
            raise TenantDocumentError(source, unknown)
        return wanted


@workspace_app.command()
@taking(_Wanted)
def apply(context: typer.Context, tenant_id: _TenantId, *, options: _Wanted) -> None:
    """Onboard a tenant, or make an existing one what the options say. Safe to repeat."""
    settings: Settings = context.obj
    with settings.deployment(
        plain=options.as_json, lock_seconds=options.lock_timeout
    ) as deployment:
        wanted = options.of(tenant_id, deployment.configuration)
        result, state = Tenants(deployment).apply(wanted, workspace=tenant_id)
    if options.as_json:
        outputs = dict(state.outputs)
        write_json({**result_document(result), "resources": state.resources, "outputs": outputs})
    else:
        write_line(result_line(result))
        write_line(f"{state.resources} resources")
        for key, value in sorted(state.outputs.items()):
            write_line(f"  {key} = {value}")


@workspace_app.command()
@taking(_Wanted)
def plan(context: typer.Context, tenant_id: _TenantId, *, options: _Wanted) -> None:
    """Say what `apply` would do. Exit code 0: nothing, 2: changes, 1: any failure.

    With nothing but the id the tenant is what the registry says.
    """
    settings: Settings = context.obj
    with (
        failing_with_one(),
        settings.deployment(plain=options.as_json, lock_seconds=options.lock_timeout) as deployment,
    ):
        wanted = (
            _registered(settings, tenant_id, options)
            if options.nobody
            else options.of(tenant_id, deployment.configuration)
        )
        result = Tenants(deployment).plan(wanted, workspace=tenant_id)
    if options.as_json:
        write_json(result_document(result))
    else:
        for change in result.changes:
            write_line(f"  {change.action} {change.address}")
        write_line(result_line(result))
    raise typer.Exit(plan_exit_code([result]))


def _registered(settings: Settings, tenant_id: str, options: _Wanted) -> TenantDocument:
    """Return what the registry says of the tenant, with what the options change of it."""
    from services.provisioning.fleet.selection import document_of  # noqa: PLC0415

    check_tenant_id(tenant_id)
    with settings.control_plane() as client:
        row = client.tenant(tenant_id)
    if options.overrides is not None:
        row["overrides"] = read_object(options.overrides)
    return document_of(row, options.release)


@workspace_app.command()
def show(context: typer.Context, tenant_id: _TenantId, as_json: Json = False) -> None:
    """Show one tenant as its state has it."""
    settings: Settings = context.obj
    with settings.deployment(plain=True) as deployment:
        tenant = Tenants(deployment).show(tenant_id)
    if tenant is None:
        sys.stderr.write(f"error: no tenant {tenant_id} exists\n")
        raise typer.Exit(1)
    if as_json:
        write_json(
            {
                "tenant_id": tenant.tenant_id,
                "tier": tenant.tier,
                "workspace": tenant.tenant_id,
                "resources": tenant.resources,
                "outputs": dict(tenant.outputs),
            }
        )
        return
    write_line(f"{tenant.tenant_id} ({tenant.tier}): {tenant.resources} resources")
    for key, value in sorted(tenant.outputs.items()):
        write_line(f"  {key} = {value}")


@workspace_app.command("list")
def list_tenants(context: typer.Context, as_json: Json = False) -> None:
    """List every tenant that has a workspace."""
    settings: Settings = context.obj
    with settings.deployment(plain=True) as deployment:
        tenants = Tenants(deployment).list()
    if as_json:
        write_json(
            [
                {"tenant_id": each.tenant_id, "tier": each.tier, "modified": each.modified}
                for each in tenants
            ]
        )
        return
    rows = [(each.tenant_id, each.tier, f"{each.modified:%Y-%m-%d %H:%M:%S}") for each in tenants]
    write_table(("tenant", "tier", "last change"), rows)


@workspace_app.command()
def destroy(
    context: typer.Context,
    tenant_id: _TenantId,
    yes: Yes = False,
    as_json: Json = False,
    lock_timeout: LockTimeout = 600.0,
) -> None:
    """Offboard a tenant: everything of it is deleted, data included. Safe to repeat."""
    settings: Settings = context.obj
    check_tenant_id(tenant_id)
    confirm(yes, f"Delete tenant {tenant_id} with all its data?")
    with settings.deployment(plain=as_json, lock_seconds=lock_timeout) as deployment:
        gone = Tenants(deployment).destroy(tenant_id)
    removed = len(gone.result.changes) if gone.result else 0
    if as_json:
        freed = gone.freed.model_dump() if gone.freed else None
        write_json(
            {
                "tenant_id": tenant_id,
                "removed": removed,
                "freed": freed,
                "seconds": round(gone.seconds, 3),
            }
        )
    elif gone.result is None:
        write_line(f"{tenant_id}: nothing was left to remove ({gone.seconds:.1f} s)")
    else:
        write_line(f"{tenant_id}: {removed} resources removed ({gone.seconds:.1f} s)")

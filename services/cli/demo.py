"""`ecs-saas demo`: the whole system on this machine, a tenant in each tier, and its removal."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from services.cli.output import result_document, result_line, write_json, write_line, write_table
from services.cli.settings import Settings, Target
from services.cli.visit import Visit, VisitError, sign_in, visit
from services.local.local_aws import LocalAws
from services.provisioner.errors import PreconditionError
from services.provisioner.leftovers import tagged
from services.provisioner.platform import Platform
from services.provisioner.tenants import Offboarded, Tenants
from services.tenancy import TenantDocument, Tier

if TYPE_CHECKING:
    from services.provisioner.deployment import Deployment
    from services.provisioner.engine import Result

demo_app = typer.Typer(
    help="Everything on this machine: apply, onboard a tenant per tier, send requests.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

_Port = Annotated[
    int | None,
    typer.Option("--port", envvar="ECS_SAAS_LOCAL_PORT", help="Port of the local AWS."),
]
_Json = Annotated[bool, typer.Option("--json", help="Results as JSON, progress as plain lines.")]

# Three at a time: a laptop's cores are shared with the tenants' own programs.
_AT_ONCE = 3
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Shown:
    """One tenant's line in the table that the demo ends with."""

    tenant: str
    tier: str
    workspace: str
    resources: int
    seconds: float
    address: str
    answer: str
    changed: bool


@demo_app.command()
def up(context: typer.Context, port: _Port = None, as_json: _Json = False) -> None:
    """Start the local AWS, apply everything, onboard a tenant per tier, send requests."""
    settings = _local(context)
    started = time.monotonic()
    local = LocalAws(settings.local_home, port)
    local.up()
    with settings.deployment(plain=as_json) as deployment:
        platform = Platform(deployment).apply()
        documents = [_document(deployment, tier) for tier in Tier]
        shown = _at_once(documents, lambda document: _onboard(deployment, document))
    seconds = time.monotonic() - started
    if as_json:
        write_json(
            {
                "endpoint": local.status().endpoint,
                "platform": [result_document(result) for result in platform],
                "tenants": [asdict(line) for line in shown],
                "changed": _changed(platform, shown),
                "seconds": round(seconds, 1),
            }
        )
        return
    _print_up(platform, shown, local, seconds)


@demo_app.command()
def down(context: typer.Context, as_json: _Json = False) -> None:
    """Offboard all tenants, destroy everything, and show that nothing is left."""
    settings = _local(context)
    local = LocalAws(settings.local_home)
    if not local.status().running:
        local.up()  # what a stopped one holds is to be removed too
    with settings.deployment(plain=as_json) as deployment:
        tenants = Tenants(deployment)
        if deployment.state.bucket_exists():
            ids = [entry.tenant_id for entry in tenants.list()]
            gone: list[Offboarded] = _at_once(ids, tenants.destroy)
        else:
            gone = []
        platform = Platform(deployment).destroy()
        left = _left(deployment)
    if left:
        write_line("still there:")
        for arn in left:
            write_line(f"  {arn}")
        raise typer.Exit(1)
    local.reset()
    if as_json:
        write_json(
            {
                "tenants": [each.tenant_id for each in gone],
                "platform": [result_document(result) for result in platform],
                "left": left,
            }
        )
        return
    for each in gone:
        count = len(each.result.changes) if each.result else 0
        write_line(f"{each.tenant_id}: {count} resources removed ({each.seconds:.1f} s)")
    for result in platform:
        write_line(result_line(result))
    write_line("nothing is left: no resource carries the project's tag, no bucket, no state")


def _local(context: typer.Context) -> Settings:
    settings: Settings = context.obj
    if settings.target is not Target.LOCAL:
        raise PreconditionError(
            f"the demo runs on the local AWS only: got --target {settings.target}; allowed local"
        )
    return settings


def _document(deployment: Deployment, tier: Tier) -> TenantDocument:
    return TenantDocument.parse(
        {
            "tenant_id": f"demo-{tier}",
            "tenant_name": f"demo-{tier}",
            "tier": tier,
            "admin_email": f"demo-{tier}@example.com",
            "release": deployment.configuration.release,
        }
    )


def _onboard(deployment: Deployment, document: TenantDocument) -> Shown:
    result, state = Tenants(deployment).apply(document)
    deployment.progress.stage(result.workspace, "visit")
    seen = _visit(deployment, state.outputs)
    deployment.progress.note(
        result.workspace, f"read its product back in {seen.milliseconds:.0f} ms"
    )
    return Shown(
        tenant=document.tenant_name,
        tier=document.tier,
        workspace=result.workspace,
        resources=state.resources,
        seconds=round(result.seconds, 1),
        address=seen.address,
        answer=seen.answer,
        changed=not result.empty,
    )


def _visit(deployment: Deployment, tenant: Any) -> Visit:
    import boto3  # noqa: PLC0415 - slow to import, and only needed here

    cognito = boto3.client("cognito-idp", region_name=deployment.configuration.region)
    try:
        return visit(os.environ["AWS_ENDPOINT_URL"], sign_in(cognito, tenant), tenant)
    except VisitError as error:
        deployment.progress.note(str(tenant["tenant_id"]), str(error))
        raise


def _left(deployment: Deployment) -> list[str]:
    """Return every resource that still carries the deployment's tags, and the state bucket."""
    left = sorted(tagged(deployment))
    if deployment.state.bucket_exists():
        left.append(f"arn:aws:s3:::{deployment.state.bucket}")
    return left


def _at_once(given: Sequence[_Given], work: Callable[[_Given], _Made]) -> list[_Made]:
    """Do `work` for all, a few at a time; all of it ends before the first failure is raised."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        futures = [pool.submit(work, each) for each in given]
    return [future.result() for future in futures]


def _changed(platform: Sequence[Result], shown: Sequence[Shown]) -> bool:
    return any(not result.empty for result in platform) or any(line.changed for line in shown)


def _print_up(
    platform: Sequence[Result], shown: Sequence[Shown], local: LocalAws, seconds: float
) -> None:
    for result in platform:
        write_line(result_line(result))
    write_line("")
    columns = ("tenant", "tier", "workspace", "resources", "seconds", "address", "answer")
    write_table(columns, [[getattr(line, column) for column in columns] for line in shown])
    state = "applied" if _changed(platform, shown) else "nothing changed"
    write_line(f"\n{state}, {seconds:.0f} s in all. Where to look:")
    write_line(f'  AWS APIs       {local.status().endpoint}  (eval "$(ecs-saas local env)")')
    write_line(f"  server log     {_short(local.log_path)}  (ecs-saas local logs)")
    write_line("  tenants        ecs-saas --target local tenant list")
    write_line("  remove it all  make demo-down")


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)

"""`ecs-saas demo`: the whole system on this machine, a tenant in each tier, and its removal."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from services.cli.demo_consoles import NONE, Console, building, release
from services.cli.images import push_missing
from services.cli.options import Json, Port
from services.cli.output import result_document, result_line, write_json, write_line, write_table
from services.cli.settings import Settings, Target
from services.cli.visit import Visit, VisitError, new_password, sign_in, visit
from services.client.errors import ClientError, ControlPlaneMissingError
from services.local_aws.machine import LocalAws
from services.provisioning.errors import PreconditionError
from services.provisioning.platform import Platform
from services.provisioning.recovery.leftovers import tagged
from services.provisioning.tenants.tenants import Tenants
from services.tenancy import Tier

if TYPE_CHECKING:
    from services.client import ControlPlaneClient
    from services.provisioning.deployment import Deployment
    from services.provisioning.terraform.engine import Result

demo_app = typer.Typer(
    help="Everything on this machine: apply, onboard a tenant per tier, send requests.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


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
def up(context: typer.Context, port: Port = None, as_json: Json = False) -> None:
    """Start the local AWS, apply everything, onboard a tenant per tier, send requests."""
    settings = _local(context)
    started = time.monotonic()
    local = settings.local_aws(port)
    local.up()
    password = new_password()
    with settings.deployment(plain=as_json) as deployment, building(deployment) as built:
        platform = Platform(deployment).apply(push=lambda: push_missing(settings, deployment))
        with settings.control_plane() as client:
            shown = _at_once(list(Tier), lambda tier: _onboard(deployment, client, tier, password))
        consoles = release(settings, deployment, built.result(), password)
    seconds = time.monotonic() - started
    if as_json:
        write_json(
            {
                "endpoint": local.status().endpoint,
                "platform": [result_document(result) for result in platform],
                "tenants": [asdict(line) for line in shown],
                "consoles": [asdict(console) for console in consoles],
                "changed": _changed(platform, shown, consoles),
                "seconds": round(seconds, 1),
            }
        )
        return
    _print_up(platform, shown, consoles, local, seconds)


@demo_app.command()
def down(context: typer.Context, as_json: Json = False) -> None:
    """Offboard all tenants, destroy everything, and show that nothing is left."""
    settings = _local(context)
    local = settings.local_aws()
    if not local.status().running:
        local.up()  # what a stopped one holds is to be removed too
    with settings.deployment(plain=as_json) as deployment:
        shared = Platform(deployment)
        shared.require_modules()  # before the tenants are gone
        gone = _offboard_all(settings, deployment)
        platform = shared.destroy()
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
                "tenants": gone,
                "platform": [result_document(result) for result in platform],
                "left": left,
            }
        )
        return
    for tenant in gone:
        write_line(f"{tenant}: offboarded")
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


def _onboard(
    deployment: Deployment, client: ControlPlaneClient, tier: Tier, password: str
) -> Shown:
    """Have the control plane onboard the tier's tenant unless it did; then be its first user."""
    name = f"demo-{tier}"
    progress = deployment.progress
    started = time.monotonic()
    known = next(client.tenants(name=name), None)
    if known is None:
        email = f"{name}@example.com"
        operation = client.register(name, tier=tier.value, email=email, key=f"{name}-{email}")
    else:
        operation = client.operations(known["tenantId"], limit=1)[0]
        if operation.status == "FAILED":
            operation = client.request(operation.tenant_id, "retry")
    changed = operation.status not in ("SUCCEEDED", "FAILED")
    if changed:
        progress.stage(name, operation.kind)
        client.wait(operation)
        progress.note(name, f"active after {time.monotonic() - started:.1f} s")
    tenant = Tenants(deployment).show(operation.tenant_id)
    if tenant is None:
        raise PreconditionError(
            f"{name} is in the registry and has no workspace: `ecs-saas tenant reconcile {name}`"
        )
    seconds = time.monotonic() - started
    seen = _visit(deployment, tenant.outputs, password)
    progress.note(name, f"read its product back in {seen.milliseconds:.0f} ms")
    return Shown(
        tenant=name,
        tier=tier,
        workspace=tenant.tenant_id,
        resources=tenant.resources,
        seconds=round(seconds, 1),
        address=seen.address,
        answer=seen.answer,
        changed=changed,
    )


def _offboard_all(settings: Settings, deployment: Deployment) -> list[str]:
    """Offboard every tenant by the control plane; what it does not know of, without it."""
    gone: list[str] = []
    if not deployment.state.bucket_exists():
        return gone
    with suppress(ControlPlaneMissingError), settings.control_plane() as client:

        def offboard(tenant: Mapping[str, Any]) -> None:
            name = str(tenant["tenantName"])
            deployment.progress.stage(name, "offboard")
            try:
                client.wait(client.delete(tenant))
                gone.append(name)
            except ClientError as error:  # its workspace is removed below, or says why not
                deployment.progress.note(name, str(error))

        _at_once(list(client.tenants()), offboard)
    tenants = Tenants(deployment)
    left = [entry.tenant_id for entry in tenants.list()]
    _at_once(left, tenants.destroy)
    return [*gone, *left]


def _visit(deployment: Deployment, tenant: Any, password: str) -> Visit:
    import boto3  # noqa: PLC0415 - slow to import, and only needed here

    cognito = boto3.client("cognito-idp", region_name=deployment.configuration.region)
    try:
        return visit(os.environ["AWS_ENDPOINT_URL"], sign_in(cognito, tenant, password), tenant)
    except VisitError as error:
        deployment.progress.note(str(tenant["tenant_id"]), str(error))
        raise


def _left(deployment: Deployment) -> list[str]:
    """Return every resource that still carries the deployment's tags, and the state bucket."""
    left = sorted(arn for arn, _ in tagged(deployment))
    if deployment.state.bucket_exists():
        left.append(f"arn:aws:s3:::{deployment.state.bucket}")
    return left


def _at_once(given: Sequence[_Given], work: Callable[[_Given], _Made]) -> list[_Made]:
    """Do `work` for all, a few at a time; all of it ends before the first failure is raised."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        futures = [pool.submit(work, each) for each in given]
    return [future.result() for future in futures]


def _changed(
    platform: Sequence[Result], shown: Sequence[Shown], consoles: Sequence[Console]
) -> bool:
    made: list[Shown | Console] = [*shown, *consoles]
    return any(not result.empty for result in platform) or any(each.changed for each in made)


def _print_up(
    platform: Sequence[Result],
    shown: Sequence[Shown],
    consoles: Sequence[Console],
    local: LocalAws,
    seconds: float,
) -> None:
    for result in platform:
        write_line(result_line(result))
    write_line("")
    columns = ("tenant", "tier", "workspace", "resources", "seconds", "address", "answer")
    write_table(columns, [[getattr(line, column) for column in columns] for line in shown])
    write_line("")
    if any(console.version for console in consoles):
        write_table(
            ("console", "address", "user", "password"),
            [[each.site, each.url, each.user, each.password] for each in consoles],
        )
    else:
        write_line(NONE)
    state = "applied" if _changed(platform, shown, consoles) else "nothing changed"
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

"""`ecs-saas consoles`: building and releasing the consoles' sites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.options import Json
from services.cli.output import write_json, write_line, write_table
from services.cli.settings import Settings

if TYPE_CHECKING:
    from services.provisioning.sites import Site

consoles_app = typer.Typer(
    help="The administrators' console and the tenants' application: build, release, go back.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

_Site = Annotated[
    list[str] | None,
    typer.Option("--site", help="Only this one, admin or tenant; both by default."),
]
_From = Annotated[
    Path | None,
    typer.Option("--from", help="A folder with <site>/dist; the system's own by default."),
]


@consoles_app.command()
def build(context: typer.Context) -> None:
    """Build both sites on this machine, unless they are built from what is there."""
    from services.cli.site_builds import build as build_sites  # noqa: PLC0415

    del context
    write_line("built" if build_sites(_folder(None)) else "nothing changed")


@consoles_app.command()
def push(
    context: typer.Context,
    site: _Site = None,
    source: _From = None,
    version: Annotated[
        str | None, typer.Option("--version", help="The release's name; its digest by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Upload what was built and make it the current release."""
    from services.cli.site_builds import dist_of  # noqa: PLC0415

    settings: Settings = context.obj
    folder = _folder(source)
    done = [
        (found, found.push(dist_of(folder, found.name), version)) for found in _sites(context, site)
    ]
    if as_json:
        write_json(
            [
                {"site": found.name, "url": settings.for_browsers(found.url), **asdict(did)}
                for found, did in done
            ]
        )
        return
    for found, did in done:
        what = f"{did.uploaded} files uploaded" if did.changed else "is current already"
        write_line(f"{found.name}: {did.version}, {what}: {settings.for_browsers(found.url)}")


@consoles_app.command(name="list")
def list_releases(context: typer.Context, site: _Site = None, as_json: Json = False) -> None:
    """Show the releases that are in the sites' buckets, the newest first."""
    rows = [
        {
            "site": found.name,
            "version": each.version,
            "pushed": each.pushed.isoformat(timespec="seconds"),
            "current": each.current,
        }
        for found in _sites(context, site)
        for each in found.releases()
    ]
    if as_json:
        write_json(rows)
        return
    columns = ("site", "version", "pushed", "current")
    write_table(columns, [[*list(row.values())[:3], "*" if row["current"] else ""] for row in rows])


@consoles_app.command()
def rollback(
    context: typer.Context,
    to: Annotated[str, typer.Option("--to", help="A version that `list` shows.")],
    site: _Site = None,
) -> None:
    """Make an earlier release the current one; of one site, if it is that site's alone."""
    settings: Settings = context.obj
    sites = list(_sites(context, site))
    for found in sites:
        found.require(to)  # of all of them, before one is changed
    for found in sites:
        state = "is current" if found.roll_back(to) else "is current already"
        write_line(f"{found.name}: {to} {state}: {settings.for_browsers(found.url)}")


def _sites(context: typer.Context, names: list[str] | None) -> Iterator[Site]:
    """Find the sites that are meant, one by one."""
    from services.provisioning.aws import Aws  # noqa: PLC0415 - not for the help's sake
    from services.provisioning.errors import PreconditionError  # noqa: PLC0415
    from services.provisioning.sites import NAMES, Site  # noqa: PLC0415

    for name in names or ():
        if name not in NAMES:
            raise PreconditionError(f"site: got {name}; allowed {', '.join(NAMES)}")
    settings: Settings = context.obj
    configuration = settings.configuration()
    settings.use_target()
    aws = Aws(configuration.region, configuration.account)
    aws.check_access()
    for name in names or NAMES:
        yield Site.of(aws, configuration, name)


def _folder(given: Path | None) -> Path:
    from services.cli.site_builds import consoles_folder  # noqa: PLC0415
    from services.provisioning.errors import PreconditionError  # noqa: PLC0415

    folder = given or consoles_folder()
    if folder is None:
        raise PreconditionError(
            "this installation has no consoles (services/consoles): build them in a checkout, and "
            "say --from"
        )
    return folder

"""`ecs-saas events`: the control plane's bus, and what it has kept of the past."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from services.cli.output import write_json, write_line
from services.cli.settings import Settings

events_app = typer.Typer(
    help="Events of the control plane's bus: send those of a past time once more.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@events_app.callback()
def _group() -> None:
    """Events of the control plane's bus."""


@events_app.command()
def replay(
    context: typer.Context,
    *,
    begin: Annotated[
        str, typer.Option("--from", help="The first time, with its zone: 2026-01-31T09:00:00Z.")
    ],
    end: Annotated[str, typer.Option("--to", help="Before this time; the same form.")],
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Seconds to wait.")] = 3600.0,
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
) -> None:
    """Send the events of a past time once more; consumers take each of them once."""
    first, last = _times(begin, end)
    settings: Settings = context.obj
    configuration = settings.configuration()
    settings.use_target()

    # After the arguments are known to be good.
    import botocore.session  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from services.cli.progress import watching  # noqa: PLC0415
    from services.control_plane.replay import Replay, ReplayError  # noqa: PLC0415
    from services.control_plane.replay import replay as run  # noqa: PLC0415
    from services.provisioning.errors import ProvisionerError  # noqa: PLC0415

    archive = f"{configuration.prefix}-bus-archive"
    client = botocore.session.get_session().create_client(
        "events", region_name=configuration.region
    )
    with watching(plain=as_json) as progress:
        seen = ""

        def tell(each: Replay) -> None:
            nonlocal seen
            if each.state != seen:
                progress.stage(f"replay/{each.name}", each.state)
                seen = each.state

        try:
            done = run(client, archive, first, last, progress=tell, timeout_seconds=timeout)
        except (ReplayError, BotoCoreError, ClientError) as error:
            raise ProvisionerError(f"events replay: {error}") from error
    if as_json:
        write_json(
            {
                "name": done.name,
                "state": done.state,
                "from": first.isoformat(),
                "to": last.isoformat(),
                "replayedTo": done.replayed_to.isoformat() if done.replayed_to else None,
            }
        )
    else:
        write_line(f"{done.name}: {done.state}, {first.isoformat()} to {last.isoformat()}")


def _times(begin: str, end: str) -> tuple[datetime, datetime]:
    """Return both times, or raise `typer.BadParameter` with all that is wrong with them."""
    problems: list[str] = []
    times: list[datetime] = []
    for option, given in (("--from", begin), ("--to", end)):
        try:
            time = datetime.fromisoformat(given)
        except ValueError:
            problems.append(f"{option}: got {given!r}; allowed a time as 2026-01-31T09:00:00Z")
            continue
        if time.tzinfo is None:
            problems.append(f"{option}: got {given!r}; say its zone, as in {given}Z")
        times.append(time)
    if not problems:
        first, last = times
        if first >= last:
            problems.append(f"--from: got {begin}; it must be before --to, {end}")
        elif first > datetime.now(UTC):
            problems.append(f"--from: got {begin}, which is yet to come; allowed a past time")
    if problems:
        raise typer.BadParameter("; ".join(problems))
    return times[0], times[1]

"""The root of the `ecs-saas` command line.

Commands load when they are used, so that a command starts in the time of its own imports.
"""

from __future__ import annotations

import sys
from importlib import import_module, util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from services.cli.settings import Settings, Target

if TYPE_CHECKING:
    from typer._click.core import Command, Context

_COMMANDS = {
    "tenant": ("services.cli.tenant", "tenant_app"),
    "workspace": ("services.cli.workspace", "workspace_app"),
    "synth": ("services.cli.synth", "synth_app"),
    "platform": ("services.cli.platform", "platform_app"),
    "review": ("services.cli.review", "review_app"),
    "capacity": ("services.cli.capacity", "capacity_app"),
    "metrics": ("services.cli.metrics", "metrics_app"),
    "events": ("services.cli.events", "events_app"),
    "images": ("services.cli.images", "images_app"),
    "consoles": ("services.cli.consoles", "consoles_app"),
    "local": ("services.cli.local", "local_app"),
    "demo": ("services.cli.demo", "demo_app"),
}


class _LazyGroup(TyperGroup):
    """Finds commands by name and imports only the one that is asked for."""

    def list_commands(self, ctx: Context) -> list[str]:
        return [name for name, (module, _) in _COMMANDS.items() if util.find_spec(module)]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module, attribute = _COMMANDS[cmd_name]
        command = typer.main.get_command(getattr(import_module(module), attribute))
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=_LazyGroup,
    help="A tier-based multi-tenant SaaS on Amazon ECS: platform, tenants, and a local AWS.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain errors: one line for logs and pipes
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option("--config", envvar="ECS_SAAS_CONFIG", help="The configuration file.")
    ] = Path("saas.tfvars"),
    target: Annotated[
        Target,
        typer.Option("--target", envvar="ECS_SAAS_TARGET", help="AWS, or the local AWS."),
    ] = Target.AWS,
    modules: Annotated[
        Path | None,
        typer.Option(
            "--modules",
            envvar="ECS_SAAS_MODULES",
            help="Where synthesis wrote the root modules; cdktf.out/stacks beside the "
            "configuration by default.",
        ),
    ] = None,
) -> None:
    context.obj = Settings(config, target, modules)


def main() -> None:
    """Run the command line; expected failures become one message and an exit code."""
    from services.cli.failures import exit_code_of, message_of  # noqa: PLC0415 - after the start

    try:
        app()
    except Exception as error:
        code = exit_code_of(error)
        if code is None:
            raise
        sys.stderr.write(f"error: {message_of(error)}\n")
        sys.exit(code)


if __name__ == "__main__":
    main()

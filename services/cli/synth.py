"""`ecs-saas synth`: the root modules of the configuration, in a process of its own.

What runs never loads the synthesis (docs/adr/0019), so the command starts it as a program.
"""

from __future__ import annotations

import os
import subprocess
import sys

import typer

from services.cli.output import write_line
from services.cli.settings import Settings

synth_app = typer.Typer(
    help="Synthesise the Terraform JSON of every root module.",
    rich_markup_mode=None,
    add_completion=False,
)


@synth_app.command()
def synth(context: typer.Context) -> None:
    """Synthesise the Terraform JSON of every root module, as `stacks/<stack>/cdk.tf.json`.

    They are written to cdktf.out beside the configuration, or to what --modules names.
    """
    settings: Settings = context.obj
    outdir = settings.modules_dir.absolute().parent
    if settings.modules_dir.name != "stacks":
        raise typer.BadParameter(
            f"got {settings.modules_dir}; allowed a directory that is called stacks, for this is "
            "what synthesis writes",
            param_hint="--modules",
        )
    done = subprocess.run(
        [sys.executable, "-m", "tiers", str(settings.config.absolute())],
        cwd=settings.project if settings.project.is_dir() else None,
        env={**os.environ, "CDKTF_OUTDIR": str(outdir)},
        check=False,
    )
    if done.returncode:
        raise typer.Exit(done.returncode)
    write_line(f"root modules: {settings.modules_dir}")

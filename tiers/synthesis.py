"""The system, from its configuration to its root modules.

ecs-saas synth                   synthesise into cdktf.out
python -m tiers [saas.tfvars]    the same, without the command line
python main.py [saas.tfvars]     the same, in a checkout
cdktf synth                      the same, by the CLI of cdktf
build(configuration, outdir)     the same, for a test
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import tiers
from services.configuration import Configuration, ConfigurationError, load
from services.configuration.release import FILE_NAME, derived
from services.contracts.stacks import APPLIED_ONCE, NEEDS
from services.tenancy import Tier

if TYPE_CHECKING:
    from cdktf import App, TerraformStack

CONFIGURATION = "saas.tfvars"
OUTPUT = "cdktf.out"
SHARED = "shared"
"""The directory, beside `stacks`, of the manifest that cdktf's CLI is given by `cdktf.json`."""
_MANIFEST: Final = "manifest.json"
_PATHS: Final = ("stackMetadataPath", "synthesizedStackPath", "workingDirectory")


def build(configuration: Configuration, outdir: str | Path = OUTPUT) -> App:
    """Return the whole system as an app that is ready to synthesise.

    Parameters
    ----------
    configuration : Configuration
        The deployment.
    outdir : path, default "cdktf.out"
        Where the root modules go, each as `stacks/<stack>/cdk.tf.json`.
    """
    # Here, because it starts Node.js, which a bad configuration shall not wait for.
    from cdktf import App  # noqa: PLC0415

    app = App(outdir=str(outdir))

    tiers.Platform(app, configuration=configuration)

    for tier in Tier:
        tiers.shared_stack(app, configuration=configuration, tier=tier)
    tenants = {
        tier: tiers.tenant_stack(app, configuration=configuration, tier=tier) for tier in Tier
    }

    cells = tiers.RoutingCellModule(app, configuration=configuration)

    facts = tiers.deployment_facts(configuration, tenants, cells)
    tiers.ControlPlane(app, configuration=configuration, facts=facts)
    tiers.ApplicationPlane(app, configuration=configuration, tenants=[*tenants.values(), cells])

    for stack, needed in NEEDS.items():
        for each in needed:
            _stack(app, stack).add_dependency(_stack(app, each))

    return app


def _stack(app: App, name: str) -> TerraformStack:
    return cast("TerraformStack", app.node.find_child(name))


def made(directory: str | Path) -> Path:
    """Return a directory that is there; `OSError` if it cannot be."""
    path = Path(directory)
    path.mkdir(parents=True, exist_ok=True)
    return path


def synthesize(configuration: Configuration, outdir: str | Path = OUTPUT) -> list[str]:
    """Write all root modules to `outdir` and return their names.

    Directories of root modules that are gone are removed: cdktf leaves them, and a tool that
    walks the directory would apply them.
    """
    # Before a minute's work, and in Python's words: those of cdktf are a stack of two languages.
    with tempfile.TemporaryFile(dir=made(outdir)):
        pass
    build(configuration, outdir).synth()
    stacks = Path(outdir) / "stacks"
    manifest = json.loads((Path(outdir) / _MANIFEST).read_text(encoding="utf-8"))
    kept = sorted(manifest["stacks"])
    for directory in stacks.iterdir():
        if directory.is_dir() and directory.name not in kept:
            shutil.rmtree(directory)
    (stacks / FILE_NAME).write_text(f"{configuration.release}\n", encoding="utf-8")
    shared = json.dumps(_shared(manifest), indent=2)
    (made(Path(outdir) / SHARED) / _MANIFEST).write_text(f"{shared}\n", encoding="utf-8")
    return kept


def _shared(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest of what is applied once, as seen from the directory `SHARED`.

    cdktf's CLI knows no workspaces, so `cdktf deploy '*'` shall not mean the root modules of
    tenants and cells; and it removes every directory beside its manifest, in `stacks`, that the
    manifest does not name (docs/adr/0030).
    """
    return {
        **manifest,
        "stacks": {
            name: {
                key: f"../{value}" if key in _PATHS else value
                for key, value in manifest["stacks"][name].items()
            }
            for name in APPLIED_ONCE
        },
    }


def output_directory(named: str) -> Path:
    """Return where to synthesise to, if `CDKTF_OUTDIR` names `named`.

    cdktf's CLI names where its manifest shall be.

    >>> output_directory("out").as_posix(), output_directory("out/shared").as_posix()
    ('out', 'out')
    """
    path = Path(named)
    return path.parent if path.name == SHARED else path


def main(arguments: list[str] | None = None) -> int:
    """Synthesise the configuration that is named, by default `saas.tfvars`.

    Returns
    -------
    int
        0, or 2 if the configuration cannot be used, or the output not written.
    """
    from constructs_lib.errors import ConfigError  # noqa: PLC0415

    given = (sys.argv[1:] if arguments is None else arguments) or [CONFIGURATION]
    try:
        configuration = derived(load(given[0]), Path(__file__).parents[1], Path(given[0]))
        synthesize(configuration, output_directory(os.environ.get("CDKTF_OUTDIR", OUTPUT)))
    except (ConfigurationError, ConfigError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        if error.filename is None:
            raise
        allowed = "allowed a directory to write to; CDKTF_OUTDIR names another"
        sys.stderr.write(f"{error.filename}: {error.strerror}; {allowed}\n")
        return 2
    return 0

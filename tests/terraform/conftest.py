"""Terraform for tests that run it for real."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.provisioning.terraform import schema
from services.provisioning.terraform.mirror import AWS_PROVIDER, cli_config
from services.provisioning.terraform.provider import SharedProvider

Run = Callable[..., str]


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Run Terraform in a directory and return its output, or fail with it.

    All runs share one provider, as those of a build do: none of them configures it, for they
    validate, or plan with a mock in its place. Starting it is most of what such a run costs.
    """
    directory = tmp_path_factory.mktemp("terraform")
    environment = {
        # No account and no settings of the machine: what runs here needs neither.
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "TF_CLI_CONFIG_FILE": str(cli_config(directory)),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }
    shared: list[SharedProvider] = []
    with ExitStack() as held:

        def run(where: Path, *arguments: str, fails: bool = False) -> str:
            if not shared and arguments[0] in ("test", "validate"):
                (binary,) = (where / ".terraform/providers" / AWS_PROVIDER).glob("*/*/terraform-*")
                provider = SharedProvider(binary.resolve(), environment, directory)
                shared.append(held.enter_context(provider))
            attached: dict[str, str] = {}
            if shared and arguments[0] != "init":
                (provider,) = shared
                provider.use(schema.types_in(schema.sources(where, where / ".terraform")))
                attached = provider.variables()
            done = subprocess.run(
                ["terraform", f"-chdir={where}", *arguments, "-no-color"],
                check=False,
                capture_output=True,
                text=True,
                timeout=300,
                env={**environment, **attached},
            )
            said = f"{done.stdout}\n{done.stderr}"
            assert (done.returncode != 0) is fails, f"terraform {' '.join(arguments)}\n{said}"
            return said

        yield run

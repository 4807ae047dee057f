"""Where Terraform gets its providers from: a directory of this machine, or the registry.

A filesystem mirror makes `terraform init` work offline and in parallel; a plug-in cache directory
(`TF_PLUGIN_CACHE_DIR`) is not safe for the latter.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

AWS_PROVIDER = "registry.terraform.io/hashicorp/aws"
CONFIG_NAME = "cli-config.tfrc"


def cli_config(workdir: Path, *, environment: Mapping[str, str] | None = None) -> Path:
    """Return the Terraform CLI configuration to use, writing one under `workdir` if need be.

    An existing file that `TF_CLI_CONFIG_FILE` names is honoured. Otherwise the first mirror found
    that holds the AWS provider is named; with none, providers come from the registry.
    """
    environment = os.environ if environment is None else environment
    given = environment.get("TF_CLI_CONFIG_FILE", "")
    if given and Path(given).is_file():
        return Path(given).absolute()
    path = workdir.absolute() / "terraform" / CONFIG_NAME
    content = render(find_mirror(candidates(environment)))
    if not path.is_file() or path.read_text() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(content)
        draft.replace(path)  # runs of other tenants may be reading it
    return path


def candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the directories that may be mirrors, most specific first.

    Terraform's implied local mirrors [1]_ first, then add-on software under /opt.

    .. [1] https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    """
    home = Path(environment.get("HOME", "~")).expanduser()
    data_home = environment.get("XDG_DATA_HOME") or home / ".local/share"
    yield Path.cwd() / "terraform.d/plugins"
    yield home / ".terraform.d/plugins"
    yield Path(data_home) / "terraform/plugins"
    for directory in (environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":"):
        yield Path(directory) / "terraform/plugins"
    add_ons = Path("/opt")
    if add_ons.is_dir():
        yield from sorted(path for path in add_ons.iterdir() if path.is_dir())


def find_mirror(directories: Iterable[Path]) -> Path | None:
    """Return the first of `directories` that holds the AWS provider for some platform."""
    for directory in directories:
        provider = directory / AWS_PROVIDER
        try:
            unpacked = any(provider.glob("*/*/terraform-provider-aws*"))
            if unpacked or any(provider.glob("terraform-provider-aws_*.zip")):
                return directory.absolute()
        except OSError:
            continue
    return None


def render(mirror: Path | None) -> str:
    """Return the text of a CLI configuration that installs from `mirror`, or from the registry."""
    if mirror is None:
        return "provider_installation {\n  direct {}\n}\n"
    return (
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f"    path    = {json.dumps(str(mirror))}\n"
        f"    include = [{json.dumps(AWS_PROVIDER)}]\n"
        "  }\n"
        "  direct {\n"
        f"    exclude = [{json.dumps(AWS_PROVIDER)}]\n"
        "  }\n"
        "}\n"
    )

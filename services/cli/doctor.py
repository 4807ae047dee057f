"""`ecs-saas doctor`: what this machine lacks for this project, and how to get it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from services.cli.options import Port
from services.cli.output import write_json, write_table
from services.cli.settings import Settings, Target

doctor_app = typer.Typer(
    help="Say what this machine lacks, and how to get it.",
    rich_markup_mode=None,
    add_completion=False,
)

#: The oldest of each that CI runs with, and the first that is known to be another program.
PYTHON: Final = (3, 11)
NODE: Final = (20, 19)
TERRAFORM: Final = ((1, 11), (2,))
# A system with a tenant in each tier: the local AWS, 30 tasks, a Terraform.
_MEMORY_MIB: Final = 4_096
# Environment, provider, images and states.
_DISK_MIB: Final = 4_096
_REGISTRY: Final = "registry.terraform.io"
_SECONDS: Final = 10


@dataclass(frozen=True)
class Examination:
    """What was looked at.

    Attributes
    ----------
    subject : str
    found : str
    remedy : str
        What to do; empty if it is as it should be.
    """

    subject: str
    found: str
    remedy: str = ""


@doctor_app.command()
def doctor(
    context: typer.Context,
    port: Port = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say what this machine lacks for what the target needs. Exit code 1 if it lacks something."""
    settings: Settings = context.obj
    findings = list(examine(settings, port))
    if as_json:
        write_json([asdict(each) for each in findings])
    else:
        rows = [(each.subject, each.found, each.remedy or "good") for each in findings]
        write_table(["what", "found", "to do"], rows)
    if any(each.remedy for each in findings):
        raise typer.Exit(1)


def examine(settings: Settings, port: int | None = None) -> Iterator[Examination]:
    """Yield what was found; nothing is changed. `port` is the local AWS's, if it is not its own."""
    yield _python()
    yield _program("node", NODE, None, "https://nodejs.org/en/download")
    yield _program("terraform", *TERRAFORM, "https://developer.hashicorp.com/terraform/install")
    yield _program("make", (), None, "the package `make` of this system")
    yield _provider(settings)
    yield from _variables(settings)
    yield _configuration(settings)
    yield _modules(settings)
    if settings.target is Target.LOCAL:
        yield from _machine(settings, port)
    else:
        yield from _account(settings)


def _python() -> Examination:
    found = ".".join(map(str, sys.version_info[:3]))
    wanted = ".".join(map(str, PYTHON))
    return Examination("python", found, "" if sys.version_info >= PYTHON else f"Python {wanted}+")


def _program(
    name: str, least: Sequence[int], below: Sequence[int] | None, source: str
) -> Examination:
    """Look for a program of a version; without `least` any will do."""
    path = shutil.which(name)
    wanted = ".".join(map(str, least))
    said = f"{wanted or 'any version'} or newer" if below is None else f"{wanted}, not {below[0]}"
    if path is None:
        return Examination(name, "not on PATH", f"install {said}: {source}")
    printed = _printed(path, "--version")
    version = re.search(r"(\d+)\.(\d+)(?:\.\d+)?", printed)
    if version is None:
        return Examination(name, f"{path}: {printed.strip()[:80]!r}", f"install {said}: {source}")
    numbers = [int(each) for each in version.groups()]
    right = numbers >= list(least) and (below is None or numbers < list(below))
    return Examination(name, version[0], "" if right else f"install {said}: {source}")


def _printed(*command: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stdout or done.stderr


def _provider(settings: Settings) -> Examination:
    """Look for where Terraform would get the provider of AWS."""
    from services.provisioning.terraform.mirror import candidates, find_mirror  # noqa: PLC0415

    named = Path(os.environ.get("TF_CLI_CONFIG_FILE") or "")
    if named.is_file():
        return Examination("AWS provider", f"as {named} says")
    if mirror := find_mirror(candidates(os.environ)):
        return Examination("AWS provider", f"mirror {mirror}")
    kept = settings.workdir / "terraform"
    if any(kept.glob("*/*/init/*/data/providers/*/hashicorp/aws")):
        return Examination("AWS provider", "downloaded before")
    try:
        socket.create_connection((_REGISTRY, 443), timeout=_SECONDS).close()
    except OSError as error:
        return Examination(
            "AWS provider",
            f"no mirror, and {_REGISTRY} does not answer: {error}",
            "a way to the registry, or `terraform providers mirror "
            "~/.local/share/terraform/plugins` where there is one",
        )
    return Examination("AWS provider", f"from {_REGISTRY}")


def _variables(settings: Settings) -> Iterator[Examination]:
    """Look at variables of the environment that lead Terraform or AWS astray."""
    named = os.environ.get("TF_CLI_CONFIG_FILE")
    if named and not Path(named).is_file():
        # Terraform itself warns and goes on; the engine takes a file of its own.
        yield Examination("TF_CLI_CONFIG_FILE", f"names {named}, which is no file", "unset it")
    if os.environ.get("TF_WORKSPACE"):
        found = os.environ["TF_WORKSPACE"]
        yield Examination("TF_WORKSPACE", found, "unset it: each command names its own")
    if settings.target is Target.AWS and os.environ.get("AWS_ENDPOINT_URL"):
        found = os.environ["AWS_ENDPOINT_URL"]
        yield Examination("AWS_ENDPOINT_URL", found, "unset it, or say --target local")
    if settings.target is Target.AWS and os.environ.get("AWS_CA_BUNDLE"):
        found = os.environ["AWS_CA_BUNDLE"]
        remedy = "unset it if nothing on the way needs it: each run then starts a provider"
        yield Examination("AWS_CA_BUNDLE", found, remedy)


def _configuration(settings: Settings) -> Examination:
    from services.configuration import ConfigurationError  # noqa: PLC0415
    from services.local_aws.errors import LocalAwsError  # noqa: PLC0415

    try:
        found = settings.configuration()
    except (ConfigurationError, LocalAwsError) as error:
        return Examination("configuration", str(settings.config), str(error))
    return Examination("configuration", f"{found.name}, {found.environment} in {found.region}")


def _modules(settings: Settings) -> Examination:
    stacks = sorted(path.parent.name for path in settings.modules_dir.glob("*/cdk.tf.json"))
    if not stacks:
        return Examination("root modules", f"none in {settings.modules_dir}", "make synth")
    return Examination("root modules", f"{len(stacks)} in {settings.modules_dir}")


def _machine(settings: Settings, port: int | None) -> Iterator[Examination]:
    """Look at what the local AWS and its tasks need."""
    from services.local_aws.errors import PortInUseError  # noqa: PLC0415
    from services.local_aws.machine import require_free  # noqa: PLC0415

    if sys.platform != "linux":
        yield Examination(
            "system", sys.platform, "Linux: tasks listen on 127.20.x.y, which it alone has"
        )
    memory = _available_mib()
    if memory is not None:
        lacking = f"{_MEMORY_MIB:,} MiB: it and its tasks need them"
        yield Examination("memory", f"{memory:,} MiB", "" if memory >= _MEMORY_MIB else lacking)
    disk = shutil.disk_usage(settings.project).free >> 20
    remedy = "" if disk >= _DISK_MIB else f"{_DISK_MIB:,} MiB in {settings.project}"
    yield Examination("disk", f"{disk:,} MiB", remedy)
    status = settings.local_aws(port).status()
    if status.running:
        yield Examination("local AWS", f"runs at {status.endpoint}")
        return
    try:
        require_free(status.port)
    except PortInUseError as error:
        yield Examination(
            "local AWS", f"port {status.port} is taken by another program", str(error)
        )
    else:
        yield Examination("local AWS", f"does not run; port {status.port} is free")


def _available_mib() -> int | None:
    try:
        text = Path("/proc/meminfo").read_text()
    except OSError:
        return None
    found = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) >> 10 if found else None


def _account(settings: Settings) -> Iterator[Examination]:
    """Look at credentials, and at what builds images."""
    yield _guarded("credentials", lambda: _identity(settings))
    from services.provisioning.errors import ProvisionerError  # noqa: PLC0415
    from services.provisioning.images.builders import find_builder  # noqa: PLC0415

    try:
        yield Examination("images", type(find_builder()).__name__.lower())
    except ProvisionerError as error:
        yield Examination("images", "nothing that builds them", str(error))


def _identity(settings: Settings) -> Examination:
    import boto3  # noqa: PLC0415

    configuration = settings.configuration()
    caller = boto3.client("sts", region_name=configuration.region).get_caller_identity()
    found = f"{caller['Arn']} in {caller['Account']}"
    if caller["Account"] == configuration.account:
        return Examination("credentials", found)
    remedy = f"credentials of {configuration.account}, or another `account` in {settings.config}"
    return Examination("credentials", found, remedy)


def _guarded(subject: str, look: Callable[[], Examination]) -> Examination:
    """Return what `look` finds; why it could not look is a finding too."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from services.configuration import ConfigurationError  # noqa: PLC0415

    try:
        return look()
    except ConfigurationError:
        return Examination(
            subject, "not asked for: the configuration does not say whose they should be"
        )
    except (BotoCoreError, ClientError) as error:
        return Examination(subject, str(error), "`aws sts get-caller-identity` must work")

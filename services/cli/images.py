"""`ecs-saas images`: building, pushing and pinning the system's container images."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.output import write_line
from services.cli.settings import Settings, Target
from services.configuration import Configuration
from services.configuration.images import LOCK_NAME, ImageLock
from services.contracts.images import RUNNER, dockerfile, folder
from services.contracts.stacks import contract_path
from services.provisioning.images.builders import Credentials, Recipe, find_builder
from services.provisioning.images.errors import RegistryError, UnknownImageError

images_app = typer.Typer(
    help="Build, push and pin the container images.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

_Service = Annotated[
    list[str] | None, typer.Option("--service", help="Only this image; may be repeated.")
]
_Tag = Annotated[str | None, typer.Option("--tag", help="The configuration's release by default.")]
_Platform = Annotated[
    list[str] | None,
    typer.Option("--platform", help="linux/amd64 by default; may be repeated."),
]


@images_app.command()
def build(
    context: typer.Context,
    service: _Service = None,
    tag: _Tag = None,
    platform: _Platform = None,
) -> None:
    """Build images on this machine."""
    settings: Settings = context.obj
    configuration = settings.configuration()
    for name in chosen(settings.project, configuration, service):
        reference = f"{configuration.prefix}/{name}:{tag or configuration.release}"
        _build(_recipe(settings.project, name, reference, platform), None)
        write_line(f"{name}: built {reference}")


@images_app.command()
def push(
    context: typer.Context,
    service: _Service = None,
    tag: _Tag = None,
    platform: _Platform = None,
) -> None:
    """Build images, push them to the deployment's registry, and lock their digests."""
    settings: Settings = context.obj
    configuration = settings.configuration()
    names = chosen(settings.project, configuration, service)
    find_builder()  # before AWS is asked for anything
    settings.use_target()
    repositories = repositories_of(configuration, names)
    local = settings.target is Target.LOCAL
    credentials = ecr_credentials(configuration.region, local=local)
    release = tag or configuration.release
    path = settings.project / LOCK_NAME
    lock = ImageLock.read(path)
    if lock is None or lock.release != release:
        lock = ImageLock(release)
    for name in names:
        repository = repositories[name].partition("/")[2]
        reference = f"{credentials.registry}/{repository}:{release}"
        recipe = _recipe(settings.project, name, reference, platform)
        digest = _build(recipe, credentials, insecure=local)
        lock = lock.with_digest(name, digest)
        lock.write(path)
        write_line(f"{name}: pushed {repositories[name]}@{digest}")


@images_app.command()
def pin(context: typer.Context, service: _Service = None) -> None:
    """Write into the Dockerfiles what their base images are in their registries now."""
    settings: Settings = context.obj
    names = chosen(settings.project, settings.configuration(), service)
    paths = [dockerfile(settings.project, name) for name in names]
    from services.provisioning.images.pins import pin as pin_bases  # noqa: PLC0415

    for image, digest in pin_bases(paths).items():
        write_line(f"{image}@{digest}")


def chosen(project: Path, configuration: Configuration, wanted: list[str] | None) -> list[str]:
    """Return the images that are built here: all, or the wanted ones if they all exist."""
    own = [name for name, spec in configuration.services.items() if not spec.image]
    gateway = [] if configuration.gateway.image else ["gateway"]
    known = [*own, *gateway, RUNNER]
    problems = [
        f"image: got {name!r}; allowed {', '.join(known)}"
        for name in wanted or ()
        if name not in known
    ]
    names = [name for name in known if not wanted or name in wanted]
    problems += [
        f"image {name}: there is no {folder(name)}/Dockerfile to build it from; write it, or "
        f"name an image in saas.tfvars (services.{name}.image)"
        for name in names
        if not dockerfile(project, name).is_file()
    ]
    if problems:
        raise UnknownImageError("\n".join(problems))
    return names


def repositories_of(configuration: Configuration, names: list[str]) -> Mapping[str, str]:
    """Return the repositories of these images, as the shared stacks publish them."""
    found: dict[str, str] = {}
    if set(names) - {RUNNER}:
        found |= dict(_contract(configuration, "platform")["repository_urls"])
    if RUNNER in names:
        found[RUNNER] = str(_contract(configuration, "application-plane")["runner_repository_url"])
    if missing := [name for name in names if name not in found]:
        raise RegistryError(
            f"images {', '.join(missing)}: the platform has no repository for them yet: run "
            "`ecs-saas platform apply`"
        )
    return found


def ecr_credentials(region: str, *, local: bool = False) -> Credentials:
    """Return what the account's registry lets push for some hours.

    The name it has is known on AWS alone: on the local AWS it is where ECR itself is.
    """
    import boto3  # noqa: PLC0415 - after the start

    client = boto3.client("ecr", region_name=region)
    data = client.get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    registry = client.meta.endpoint_url if local else data["proxyEndpoint"]
    return Credentials(registry.partition("://")[2], user, password)


def _contract(configuration: Configuration, stack: str) -> dict[str, Any]:
    import boto3  # noqa: PLC0415
    from botocore.exceptions import ClientError  # noqa: PLC0415

    path = contract_path(configuration.name, configuration.environment, stack)
    client = boto3.client("ssm", region_name=configuration.region)
    try:
        value = client.get_parameter(Name=path)["Parameter"]["Value"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        raise RegistryError(
            f"{stack} has not published {path}: run `ecs-saas platform apply` first"
        ) from None
    found: dict[str, Any] = json.loads(value)
    return found


def _build(
    recipe: Recipe, credentials: Credentials | None, *, insecure: bool = False
) -> str | None:
    with tempfile.TemporaryDirectory(prefix="ecs-saas-images-") as scratch:
        return find_builder().build(recipe, Path(scratch), credentials, insecure=insecure)


def _recipe(project: Path, name: str, reference: str, platforms: list[str] | None) -> Recipe:
    return Recipe(name, project, reference, platforms or ("linux/amd64",))

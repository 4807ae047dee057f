"""`ecs-saas images`: building, pushing and pinning the system's container images."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.output import write_line
from services.cli.settings import Settings, Target
from services.configuration import Configuration
from services.configuration.images import LOCK_NAME, ImageLock
from services.contracts.images import RUNNER, dockerfile, folder
from services.contracts.stacks import contract_path
from services.provisioning.images.builders import Credentials, Recipe, find_builder
from services.provisioning.images.errors import ImagesError, RegistryError, UnknownImageError
from services.provisioning.terraform.mirror import candidates, find_mirror

if TYPE_CHECKING:
    from services.provisioning.deployment import Deployment

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
    release = tag or configuration.release
    if settings.target is Target.AWS:
        require_version(release)
    names = chosen(settings.project, configuration, service)
    if settings.target is Target.AWS:
        find_builder()  # before AWS is asked for anything
    settings.use_target()
    registry = Registry.of(configuration, names)
    missing = names if settings.target is Target.LOCAL else registry.missing(names, release)
    if not missing:
        raise UnknownImageError(
            f"release: got {release}, which is pushed already, and its tags cannot move; allowed "
            "another version: `release` in saas.tfvars or --tag"
        )
    path = settings.project / LOCK_NAME
    lock = ImageLock.read(path)
    if lock is None or lock.release != release:
        lock = ImageLock(release)
    for name in missing:
        digest = _push(settings, registry, name, release, platform)
        lock = lock.with_digest(name, digest)
        lock.write(path)
        write_line(f"{name}: pushed {registry.urls[name]}@{digest}")


def push_missing(settings: Settings, deployment: Deployment) -> None:
    """Push what the deployment's release has not in its registry, before it is started.

    Raises
    ------
    BuilderMissingError
        If something is missing on AWS, and nothing here builds it.
    """
    configuration = deployment.configuration
    release = configuration.release
    names = chosen(settings.project, configuration, None)
    registry = Registry.of(configuration, names)
    local = settings.target is Target.LOCAL
    missing = names if local else registry.missing(names, release)
    if missing and not local:
        try:
            find_builder()
            require_version(release)
        except ImagesError as error:
            raise type(error)(
                f"the registry lacks {', '.join(missing)} of release {release}: push them from "
                f"where images are built (`ecs-saas images push`), and apply again: {error}"
            ) from None
    for name in missing:
        deployment.progress.stage("images", f"push {name}:{release}")
        _push(settings, registry, name, release, None)


def require_version(release: str) -> None:
    """Raise `UnknownImageError` for a release that a second push would want to move."""
    if release == "latest":
        raise UnknownImageError(
            "release: got latest; allowed a version, for tags of the repositories cannot move: "
            "set `release` in saas.tfvars and run `make synth`, or leave it out there to have it "
            "derived, or give --tag"
        )


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
        f"image {name}: there is no {folder(name)}/__main__.py to run, nor a Dockerfile of its "
        f"own there; write one, or name an image in saas.tfvars (services.{name}.image)"
        for name in names
        if not dockerfile(project, name).is_file()
    ]
    if problems:
        raise UnknownImageError("\n".join(problems))
    return names


@dataclass(frozen=True)
class Registry:
    """The deployment's repositories.

    Attributes
    ----------
    urls : mapping of str to str
        By the image's name, as the platform publishes them.
    """

    region: str
    urls: Mapping[str, str]

    @classmethod
    def of(cls, configuration: Configuration, names: list[str]) -> Registry:
        """Return the repositories of these images.

        Raises
        ------
        RegistryError
            If the platform has not made them yet.
        """
        found: Mapping[str, str] = _contract(configuration, "platform")["repository_urls"]
        if missing := [name for name in names if name not in found]:
            raise RegistryError(
                f"images {', '.join(missing)}: the platform has no repository for them yet: run "
                "`ecs-saas platform apply`"
            )
        return cls(configuration.region, found)

    def repository(self, name: str) -> str:
        """Return the name of an image's repository, without the registry's."""
        return self.urls[name].partition("/")[2]

    def missing(self, names: list[str], tag: str) -> list[str]:
        """Return the images whose repositories lack a tag."""
        ecr = self.client()
        wanted = [{"imageTag": tag}]

        def lacks(name: str) -> bool:
            asked = ecr.batch_get_image(repositoryName=self.repository(name), imageIds=wanted)
            return not asked["images"]

        return [name for name in names if lacks(name)]

    def client(self) -> Any:
        """Return a client of ECR."""
        import boto3  # noqa: PLC0415 - after the start

        return boto3.client("ecr", region_name=self.region)


def ecr_credentials(ecr: Any) -> tuple[Credentials, bool]:
    """Return what the account's registry lets push for some hours, and whether it is insecure.

    The name it has is known on AWS alone: of an emulator, it is where ECR itself is.
    """
    data = ecr.get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    endpoint: str = ecr.meta.endpoint_url
    insecure = endpoint.startswith("http://")
    registry = endpoint if insecure else data["proxyEndpoint"]
    return Credentials(registry.partition("://")[2], user, password), insecure


def _push(
    settings: Settings, registry: Registry, name: str, release: str, platforms: list[str] | None
) -> str | None:
    if settings.target is Target.LOCAL:
        from services.local_aws.images import pushing  # noqa: PLC0415
        from services.local_aws.images.layer import Machine  # noqa: PLC0415

        home = settings.local_home
        machine = Machine(providers=_providers(settings.workdir))
        image = pushing.build(home, settings.project, name, machine)
        return pushing.push(registry.client(), home, image, registry.repository(name), release)
    credentials, insecure = ecr_credentials(registry.client())
    reference = f"{credentials.registry}/{registry.repository(name)}:{release}"
    recipe = _recipe(settings.project, name, reference, platforms)
    return _build(recipe, credentials, insecure=insecure)


def _providers(workdir: Path) -> Path | None:
    """Return what has Terraform's providers here: a mirror, or what an `init` has downloaded."""
    downloaded = workdir.glob("terraform/*/*/templates/*/data/providers")
    return find_mirror([*candidates(os.environ), *sorted(downloaded)])


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

"""The part of a Docker client that the emulator's ECS uses."""

from __future__ import annotations

from dataclasses import dataclass

from docker.errors import ImageNotFound as DockerImageNotFound  # type: ignore[import-untyped]

from services.local_aws.ecs.containers import Containers
from services.local_aws.images import pulling
from services.local_aws.images.errors import ImageNotFoundError


@dataclass(frozen=True)
class Registry:
    """What the emulator asks of an image in a registry: its digest."""

    id: str

    def tag(self, *_: object, **__: object) -> bool:
        """Accept a tag: a digest names what is run, whatever else does."""
        return True


class Images:
    """The images that were pushed."""

    def __init__(self, registry: pulling.Registry) -> None:
        self._registry = registry

    def get(self, reference: str) -> Registry:
        """Return the image, or raise Docker's own error."""
        try:
            return Registry(self._registry.pull(reference).digest)
        except ImageNotFoundError as error:
            raise DockerImageNotFound(str(error)) from error

    def get_registry_data(self, reference: str, **_: object) -> Registry:
        """Return the image with the digest that the registry has it under."""
        return self.get(reference)

    def pull(self, reference: str, **_: object) -> Registry:
        """Do what a pull would do, which is nothing for an image that exists."""
        return self.get(reference)


@dataclass(frozen=True)
class Client:
    """A Docker client, as far as the emulator's ECS goes."""

    containers: Containers
    images: Images

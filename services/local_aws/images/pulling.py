"""Finds the image that a task or a build names: in the account's own registry, as AWS does."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from ministack.core.responses import request_scope
from ministack.services import ecr

from services.local_aws.images.errors import ImageNotFoundError
from services.local_aws.images.image import Image
from services.local_aws.images.store import ImageStore

_ECR: Final = re.compile(
    r"^(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/"
    r"(?P<repository>[a-z0-9][a-z0-9._/-]*)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]+))?$"
)


@dataclass(frozen=True)
class Pulled:
    """An image and the digest that the registry has it under."""

    image: Image
    digest: str


@dataclass(frozen=True)
class Registry:
    """The images that were pushed to the local ECR, as processes run them."""

    store: ImageStore

    def pull(self, reference: str) -> Pulled:
        """Return the image that a reference names.

        Raises
        ------
        ImageNotFoundError
            As AWS says it: there is no such repository, tag or digest. Other registries than the
            account's are none of this machine, and nothing is pulled from them.
        """
        said = f"pull image manifest has been retried 1 time(s): failed to resolve ref {reference}"
        named = _ECR.match(reference)
        if named is None:
            raise ImageNotFoundError(
                f"{said}: only images of the account's own registry are on this machine"
            )
        with request_scope(named["account"], named["region"]):
            found = _find(named["repository"], named["tag"], named["digest"])
        if found is None:
            raise ImageNotFoundError(f"{said}: {reference}: not found")
        image = self.store.get(_config_of(found))
        if image is None:
            raise ImageNotFoundError(
                f"{said}: its files are not in {self.store.home}: push it with "
                "`ecs-saas --target local images push`"
            )
        return Pulled(image, str(found["imageDigest"]))


def _find(repository: str, tag: str | None, digest: str | None) -> dict[str, Any] | None:
    if repository not in ecr._repositories:
        return None
    wanted = {"imageDigest": digest} if digest else {"imageTag": tag or "latest"}
    found: dict[str, Any] | None = ecr._find_image(repository, wanted)
    return found


def _config_of(found: dict[str, Any]) -> str:
    try:
        return str(json.loads(found["imageManifest"])["config"]["digest"])
    except (ValueError, KeyError, TypeError):  # a list of images, by another builder
        return ""

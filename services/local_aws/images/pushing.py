"""Pushes an image to the local ECR: lays it out, and registers its digest under a tag."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from services.contracts.images import arguments, dockerfile
from services.local_aws.images.build import lay_out
from services.local_aws.images.errors import ImageConflictError
from services.local_aws.images.image import Image
from services.local_aws.images.layer import Machine
from services.local_aws.images.store import ImageStore

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"


def build(home: Path, project: Path, name: str, machine: Machine | None = None) -> Image:
    """Lay out the image `name` of a project in the local AWS of `home`.

    Raises
    ------
    DockerfileError
        If its Dockerfile says what cannot be laid out here.
    """
    given = arguments(project, name)
    return ImageStore(home).add(lay_out(project, dockerfile(project, name), given, machine))


def push(ecr: Any, home: Path, image: Image, repository: str, tag: str) -> str:
    """Register an image under a tag unless it is already; return its digest in the registry.

    Parameters
    ----------
    ecr : client
        Of the local AWS.
    repository : str
        Its name, without the registry's.

    Raises
    ------
    ImageConflictError
        If the tag names another image and the repository's tags cannot move.
    """
    manifest = _manifest(ImageStore(home).config(image.digest))
    digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
    wanted = [{"imageTag": tag}]
    known = ecr.batch_get_image(repositoryName=repository, imageIds=wanted)["images"]
    if any(each["imageId"]["imageDigest"] == digest for each in known):
        return digest
    try:
        ecr.put_image(
            repositoryName=repository,
            imageTag=tag,
            imageManifest=manifest,
            imageManifestMediaType=MANIFEST,
        )
    except ecr.exceptions.ImageTagAlreadyExistsException:
        raise ImageConflictError(
            f"{repository}: the tag {tag} names an image of other files, and tags of this "
            "repository cannot move: push another release (`release` in saas.tfvars or --tag; "
            "without one, `make synth` derives it from the files)"
        ) from None
    return digest


def _manifest(config: str) -> str:
    """Return an image manifest [1]_: the digest of its configuration names the files.

    .. [1] https://github.com/opencontainers/image-spec/blob/main/manifest.md
    """
    listed: Mapping[str, Any] = json.loads(config)
    layer = {
        "mediaType": "application/vnd.oci.image.layer.v1.tar",
        "digest": listed["rootfs"]["diff_ids"][0],
        "size": 0,  # files are where both sides have them
    }
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": f"sha256:{hashlib.sha256(config.encode()).hexdigest()}",
                "size": len(config.encode()),
            },
            "layers": [layer],
        },
        indent=2,
    )

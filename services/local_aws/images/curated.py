"""The images that CodeBuild brings itself (`aws/codebuild/...`): Python and the SDK."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Final

from services.local_aws.images.bases import LIBRARY, base
from services.local_aws.images.dockerfile import Instruction
from services.local_aws.images.image import Image
from services.local_aws.images.layer import Machine
from services.local_aws.images.store import ImageStore
from services.local_aws.images.tree import Link

PREFIX: Final = "aws/codebuild/"
_INSTALLED: Final = (
    *("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"),
)


def curated(store: ImageStore) -> Image:
    """Return what stands for such an image, whichever it is."""
    layer = base("python", Machine(), Instruction("FROM", "python", PREFIX))
    for name in _INSTALLED:
        distribution = metadata.distribution(name)
        for file in distribution.files or ():
            first = file.parts[0]
            if first not in ("..", "__pycache__"):
                place = Path(str(distribution.locate_file(first)))
                layer.tree.put(f"/usr/local/{LIBRARY}/{first}", Link(place, name))
    return store.add(layer)

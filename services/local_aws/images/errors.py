"""What can go wrong with images here.

::

    LocalAwsError
    └── ImageError
        ├── DockerfileError      a Dockerfile says what cannot be laid out
        ├── ImageConflictError   a tag that cannot move names another image
        ├── ImageNotFoundError   a registry does not have it
        └── NoCommandError       neither image nor container says what to run
"""

from __future__ import annotations

from services.local_aws.errors import LocalAwsError


class ImageError(LocalAwsError):
    """Base of all of them."""


class DockerfileError(ImageError):
    """A Dockerfile says what cannot be laid out here; the message names file and line."""


class ImageConflictError(ImageError):
    """A tag of a repository whose tags cannot move names another image."""


class ImageNotFoundError(ImageError):
    """A registry does not have the image; the message is what ECS and CodeBuild say then."""


class NoCommandError(ImageError):
    """Neither the image nor the container says what to run."""

"""What can go wrong with images.

::

    ProvisionerError
    └── ImagesError
        ├── BuilderMissingError   exit code 2: nothing here builds images
        ├── BuildError            a build or a push failed
        ├── RegistryError         a registry did not answer as it should
        └── UnknownImageError     exit code 2: an image that the project does not have
"""

from __future__ import annotations

from services.provisioning.errors import ProvisionerError


class ImagesError(ProvisionerError):
    """Base of all of them."""


class BuilderMissingError(ImagesError):
    """Nothing here builds images; the message says what to install."""

    exit_code = 2


class BuildError(ImagesError):
    """A build or a push failed; the message ends with what the builder said."""


class RegistryError(ImagesError):
    """A registry did not answer as it should."""


class UnknownImageError(ImagesError):
    """An image is asked for that the project does not have."""

    exit_code = 2

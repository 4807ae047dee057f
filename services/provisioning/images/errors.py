"""What can go wrong with images.

::

    ImagesError
    ├── BuilderMissingError   nothing here builds images
    ├── BuildError            a build or a push failed
    ├── RegistryError         a registry did not answer as it should
    └── UnknownImageError     an image is asked for that the project does not have
"""


class ImagesError(Exception):
    """Base of all of them."""


class BuilderMissingError(ImagesError):
    """Nothing here builds images; the message says what to install."""


class BuildError(ImagesError):
    """A build or a push failed; the message ends with what the builder said."""


class RegistryError(ImagesError):
    """A registry did not answer as it should."""


class UnknownImageError(ImagesError):
    """An image is asked for that the project does not have."""

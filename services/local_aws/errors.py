"""What can go wrong with the local AWS.

LocalAwsError
├── PortInUseError
├── NotRunningError
├── NotLocalError (services.local_aws.limits)
├── PostgresError (services.local_aws.postgres)
├── StartupError
└── OverlayError

Builds, containers, load balancers and deliveries have more below the same root, for what they
answer to the emulator.
"""

from __future__ import annotations


class LocalAwsError(Exception):
    """The local AWS cannot do what was asked; the message says what to change."""


class PortInUseError(LocalAwsError):
    """Another program listens on the port."""


class NotRunningError(LocalAwsError):
    """The local AWS of this home is not running."""


class StartupError(LocalAwsError):
    """The local AWS was started and did not become ready."""


class OverlayError(LocalAwsError):
    """The emulator no longer has a symbol that a patch replaces."""

"""What metering and billing refuse; the tree is in the package's docstring."""

from __future__ import annotations

from services.control_plane import ControlPlaneError


class MeteringError(ControlPlaneError):
    """Something metering or billing refuses."""


class MeterUnknownError(MeteringError):
    """No meter has this id."""

    def __init__(self, meter_id: str) -> None:
        super().__init__(f"Meter not found for id {meter_id}")


class MeterExistsError(MeteringError):
    """There is a meter of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"name: {name!r} is another meter's; choose another")


class MeterChangedError(MeteringError):
    """Others changed the meter since it was read."""

    def __init__(self, meter_id: str) -> None:
        super().__init__(f"meter {meter_id} has changed; read it again")


class TokenRefusedError(MeteringError):
    """A next token that this list did not give out."""


class WebhookRefusedError(MeteringError):
    """A billing plug-in does not take what was sent to its webhook.

    Parameters
    ----------
    message : str
        What the sender is told.
    status : int, default 400
        The HTTP status of the answer, 400 to 499.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        self.message = message
        self.status = status
        super().__init__(message)


class PluginError(MeteringError):
    """A plug-in that cannot be loaded, or does not do what its protocol says."""

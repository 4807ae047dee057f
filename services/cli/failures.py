"""Which failures are expected, and the exit codes they have."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer


class CommentError(Exception):
    """A comment could not be written where it should be."""


BAD_INPUT = 2
"""Wrong input or environment: nothing was tried."""

FAILED = 1
"""The operation was tried and failed."""


_CALLERS_FAULT = range(400, 429)


def exit_code_of(error: BaseException) -> int | None:
    """Return the exit code of an expected failure, None for a defect of the program."""
    from services.cli.visit import VisitError  # noqa: PLC0415
    from services.client.errors import ClientError, ControlPlaneMissingError, RefusedError  # noqa: PLC0415
    from services.local_aws.errors import LocalAwsError  # noqa: PLC0415
    from services.provisioning.errors import ProvisionerError  # noqa: PLC0415
    from services.tenancy import InputError  # noqa: PLC0415

    if isinstance(error, ProvisionerError):
        return error.exit_code
    if isinstance(error, InputError | LocalAwsError):
        return BAD_INPUT
    if isinstance(error, ControlPlaneMissingError) or (
        isinstance(error, RefusedError) and error.status in _CALLERS_FAULT
    ):
        return BAD_INPUT
    if isinstance(error, VisitError | ClientError | CommentError):
        return FAILED
    if isinstance(error, OSError) and error.filename is not None:
        return BAD_INPUT
    return None


def message_of(error: BaseException) -> str:
    """Return what is told of an expected failure."""
    if isinstance(error, OSError) and error.filename is not None:
        return (
            f"{error.filename}: {error.strerror}; "
            "allowed a place that may be read and written: what is made lies in .ecs-saas beside "
            "the configuration (--config), the local AWS in ECS_SAAS_LOCAL_HOME"
        )
    return str(error)


@contextmanager
def failing_with_one() -> Iterator[None]:
    """Make every expected failure inside the block one of exit code 1.

    For commands whose exit code 2 means something else, as in `terraform plan -detailed-exitcode`.
    """
    try:
        yield
    except Exception as error:
        if exit_code_of(error) is None:
            raise
        sys.stderr.write(f"error: {message_of(error)}\n")
        sys.exit(FAILED)


def confirm(yes: bool, question: str, why: str = "this deletes data") -> None:
    """Ask before something that is not done lightly; without a terminal, demand `--yes`."""
    from services.provisioning.errors import PreconditionError  # noqa: PLC0415

    if yes:
        return
    if not sys.stdin.isatty():
        raise PreconditionError(f"{why}: say --yes where nobody can be asked")
    typer.confirm(question, abort=True)

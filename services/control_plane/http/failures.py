"""Errors as answers: the toolkit's shapes, and never a 500 for what a caller sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.control_plane import ControlPlaneError


@dataclass(frozen=True)
class Failure:
    """One answer that is no success."""

    status: int
    body: Mapping[str, Any]


Finding = tuple[tuple[str | int, ...], str] | tuple[tuple[str | int, ...], str, str]
"""Where, which kind of problem, and what a person should know of it."""


class AnswerError(ControlPlaneError):
    """Raised by an endpoint to answer with an error."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(str(failure.body))


def problem(status: int, message: str) -> AnswerError:
    """Return the exception that answers `{"statusCode", "message"}`."""
    return AnswerError(_message(status, message))


def unprocessable(*problems: Finding) -> AnswerError:
    """Return the exception that answers 422 with where and what, for each problem."""
    return AnswerError(detailed(problems))


def detailed(problems: Iterable[Finding]) -> Failure:
    """Return the 422 the toolkit gives: where and which kind, never the value.

    Beside its fields there is `msg`, for a person, where the kind alone does not say what to do.
    """
    detail = [
        {"loc": list(where), "type": kind, **({"msg": why[0]} if why else {})}
        for where, kind, *why in problems
    ]
    return Failure(422, {"statusCode": 422, "detail": detail})


def of_domain(error: Exception) -> Failure | None:
    """Return the answer to an error of the registry or the domain; None if it is neither's."""
    # Here, because only a request that reached the registry can fail so.
    from services.control_plane import admin_users, cost  # noqa: PLC0415
    from services.control_plane.metering import errors as metering  # noqa: PLC0415
    from services.control_plane.registry import errors  # noqa: PLC0415
    from services.control_plane.traffic.periods import WindowError  # noqa: PLC0415
    from services.tenancy import InputError  # noqa: PLC0415
    from services.tenancy.events import InvalidDetailError  # noqa: PLC0415
    from services.tenancy.lifecycle import TransitionRefusedError  # noqa: PLC0415

    unknown = (
        errors.TenantUnknownError,
        errors.RegistrationUnknownError,
        errors.OperationUnknownError,
        metering.MeterUnknownError,
    )
    conflict = (
        errors.NameTakenError,
        errors.OperationRunningError,
        errors.VersionConflictError,
        errors.MoveUnconfirmedError,
        errors.NothingKeptError,
        metering.MeterExistsError,
        metering.MeterChangedError,
        TransitionRefusedError,
        admin_users.UserStateRefusedError,
        cost.PriceUnknownError,
    )
    refused: dict[type[Exception], Finding] = {
        errors.IdempotencyMismatchError: (("header", "idempotency-key"), "idempotency_mismatch"),
        errors.InvalidTokenError: (("query", "next_token"), "invalid_token"),
        metering.TokenRefusedError: (("query", "next_token"), "invalid_token"),
        errors.InvalidSortError: (("query", "sort"), "invalid_sort"),
        InvalidDetailError: (("body",), "too_large"),
        admin_users.UserInputRefusedError: (("body",), "value_error"),
    }
    if isinstance(error, unknown):
        return _message(404, str(error))
    if isinstance(error, conflict):
        return _message(409, str(error))
    if isinstance(error, errors.FieldRefusedError):
        return detailed([(("body", name), "field_refused", error.why) for name in error.fields])
    if isinstance(error, WindowError):
        return detailed([(("query", error.field), "window", error.why)])
    if isinstance(error, InputError):
        return detailed(
            [
                (("body", *p.path.split(".")), "value_error", f"allowed {p.allowed}")
                for p in error.problems
            ]
        )
    return detailed([refused[type(error)]]) if type(error) in refused else None


def _message(status: int, message: str) -> Failure:
    return Failure(status, {"statusCode": status, "message": message})

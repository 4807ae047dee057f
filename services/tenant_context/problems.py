"""Answers that say what is wrong, and where: `{"statusCode", "message"}`, 422 with `detail`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.tenant_context.credentials import CredentialsUnavailable
from services.tenant_context.tokens import KeysUnavailable

_log = logging.getLogger("services.problems")

#: The table or its credentials are not there for the moment; the caller may try again.
_PASSING = frozenset(
    (
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
    )
)


class Problem(Exception):  # noqa: N818 - an answer, not a failure
    """An answer other than success.

    Parameters
    ----------
    field : str, optional
        The field that is the reason, as it is named on the wire.
    """

    def __init__(self, status: int, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field = field


def answer(
    status: int,
    message: str,
    *,
    field: str | None = None,
    detail: Sequence[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Return a problem as it goes over the wire."""
    content: dict[str, Any] = {"statusCode": status, "message": message}
    if field is not None:
        content["field"] = field
    if detail is not None:
        content["detail"] = list(detail)
    return JSONResponse(content, status_code=status, headers=headers)


def install(app: FastAPI) -> None:
    """Make the application answer its errors so."""

    @app.exception_handler(Problem)
    async def on_problem(_: Request, error: Problem) -> JSONResponse:
        challenge = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
        return answer(error.status, error.message, field=error.field, headers=challenge)

    @app.exception_handler(HTTPException)
    async def on_http(_: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers) if error.headers else None
        return answer(error.status_code, str(error.detail), headers=headers)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        detail = [
            {"loc": list(each["loc"]), "type": each["type"], "msg": each["msg"]}
            for each in error.errors()
        ]
        fields = sorted({".".join(str(part) for part in each["loc"][1:]) for each in detail})
        named = ", ".join(field for field in fields if field) or "the request"
        return answer(422, f"not valid: {named}", detail=detail)

    @app.exception_handler(CredentialsUnavailable)
    @app.exception_handler(KeysUnavailable)
    async def on_unavailable(_: Request, error: Exception) -> JSONResponse:
        _log.error("%s", error)
        return answer(503, "not available for the moment", headers={"Retry-After": "1"})

    @app.exception_handler(ClientError)
    async def on_aws(_: Request, error: ClientError) -> JSONResponse:
        _log.error("AWS refused: %s", error)
        if error.response.get("Error", {}).get("Code") in _PASSING:
            return answer(503, "not available for the moment", headers={"Retry-After": "1"})
        return answer(500, "the service could not do its work")

    @app.exception_handler(BotoCoreError)
    async def on_no_aws(_: Request, error: BotoCoreError) -> JSONResponse:
        _log.error("AWS does not answer: %s", error)
        return answer(503, "not available for the moment", headers={"Retry-After": "1"})

    @app.exception_handler(Exception)
    async def on_bug(_: Request, error: Exception) -> JSONResponse:
        _log.error("unexpected: %r", error, exc_info=error)
        return answer(500, "the service could not do its work")

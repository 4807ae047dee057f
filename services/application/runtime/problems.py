"""Answers that say what is wrong, and where: RFC 9457, `application/problem+json`.

```
{"type": "urn:problem:order-status-refused", "title": "Conflict", "status": 409,
 "detail": "status: got SHIPPED; an order that is CREATED may become CONFIRMED or CANCELLED",
 "errors": [{"field": "status", "detail": "..."}],
 "statusCode": 409, "message": "..."}
```

`statusCode` and `message` repeat status and detail in the words of the system's other answers, so
that a client has one place to look at, whoever refused it: the API, the gateway or a service.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from services.application import ApplicationError
from services.application.runtime.credentials import CredentialsUnavailableError, ForeignTenantError
from services.application.signing_keys import KeysUnavailableError
from services.storage import DocumentRefusedError, TenantRefusedError, UnavailableError
from services.storage.engines.dynamodb.store import PASSING

_log = logging.getLogger("services.problems")

MEDIA_TYPE: Final = "application/problem+json"
_NOT_NOW: Final = "not available for the moment"
_RETRY: Final = {"Retry-After": "1"}

#: The table or its credentials are not there for the moment; the caller may try again.
_PASSING: Final = PASSING | {"TooManyRequestsException"}


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="as it is named on the wire, as orderProducts.0.quantity")
    detail: str


class ProblemDetails(BaseModel):
    """An answer other than success, as RFC 9457 has it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []
    status_code: int = Field(alias="statusCode", description="the same as status")
    message: str = Field(description="the same as detail")


#: What every operation may answer, for the service's OpenAPI document.
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {
        "description": text,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
    }
    for status, text in {
        401: "No token, or one that proves nothing",
        403: "The token's user may not do this",
        404: "There is no such thing",
        409: "It is not as the request takes it to be",
        413: "The request is too long",
        422: "Fields are not valid; each is named",
        503: "Not available for the moment",
    }.items()
}


def schemas() -> dict[str, Any]:
    """Return what `RESPONSES` refers to, for the OpenAPI document."""
    schema = ProblemDetails.model_json_schema(
        ref_template="#/components/schemas/{model}", mode="serialization"
    )
    return {**schema.pop("$defs"), "ProblemDetails": schema}


class ProblemError(ApplicationError):
    """An answer other than success.

    Parameters
    ----------
    field : str, optional
        The field that is the reason, as it is named on the wire.
    errors : sequence of FieldProblem, optional
        All of them, where there are several.
    name : str, optional
        Which kind of problem it is, for programs: `order-status-refused`.
    retry : bool, default False
        Whether the same request may succeed in a moment.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        field: str | None = None,
        errors: Sequence[FieldProblem] = (),
        name: str | None = None,
        retry: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field = field
        self.errors = list(errors) or ([FieldProblem(field=field, detail=message)] if field else [])
        self.name = name
        self.retry = retry


def answer(
    status: int,
    message: str,
    *,
    errors: Sequence[FieldProblem] = (),
    name: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return a problem as it goes over the wire."""
    content: dict[str, Any] = {
        "type": f"urn:problem:{name}" if name else "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": message,
        "statusCode": status,
        "message": message,
    }
    if errors:
        content["errors"] = [each.model_dump() for each in errors]
        if len(errors) == 1:
            content["field"] = errors[0].field
    # As ASCII: a field may be named by half a surrogate pair, which UTF-8 cannot write.
    return Response(json.dumps(content), status_code=status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make the application answer its errors so."""

    @app.exception_handler(ProblemError)
    async def on_problem(_: Request, error: ProblemError) -> Response:
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
        headers |= _RETRY if error.retry else {}
        return answer(
            error.status, error.message, errors=error.errors, name=error.name, headers=headers
        )

    @app.exception_handler(HTTPException)
    async def on_http(_: Request, error: HTTPException) -> Response:
        headers = dict(error.headers) if error.headers else None
        return answer(error.status_code, str(error.detail), headers=headers)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_: Request, error: RequestValidationError) -> Response:
        errors = [
            # The first part says whether it is body, query, path or header.
            FieldProblem(field=".".join(str(part) for part in each["loc"][1:]), detail=each["msg"])
            for each in error.errors()
        ]
        named = ", ".join(sorted({each.field for each in errors if each.field}))
        return answer(422, f"not valid: {named or 'the request'}", errors=errors)

    @app.exception_handler(CredentialsUnavailableError)
    @app.exception_handler(KeysUnavailableError)
    @app.exception_handler(UnavailableError)
    async def on_unavailable(_: Request, error: Exception) -> Response:
        _log.error("%s", error)
        return answer(503, _NOT_NOW, headers=_RETRY)

    @app.exception_handler(DocumentRefusedError)
    async def on_unstorable(_: Request, error: DocumentRefusedError) -> Response:
        return answer(422, f"not valid: {error}")

    @app.exception_handler(TenantRefusedError)
    @app.exception_handler(ForeignTenantError)
    async def on_foreign(_: Request, error: Exception) -> Response:
        _log.error("a handler reached for another tenant: %s", error)
        return answer(403, "not the tenant of the token")

    @app.exception_handler(ClientError)
    async def on_aws(_: Request, error: ClientError) -> Response:
        _log.error("AWS refused: %s", error)
        if error.response.get("Error", {}).get("Code") in _PASSING:
            return answer(503, _NOT_NOW, headers=_RETRY)
        return answer(500, "the service could not do its work")

    @app.exception_handler(BotoCoreError)
    async def on_no_aws(_: Request, error: BotoCoreError) -> Response:
        _log.error("AWS does not answer: %s", error)
        return answer(503, _NOT_NOW, headers=_RETRY)

    @app.exception_handler(Exception)
    async def on_bug(_: Request, error: Exception) -> Response:
        _log.error("unexpected: %r", error, exc_info=error)
        return answer(500, "the service could not do its work")

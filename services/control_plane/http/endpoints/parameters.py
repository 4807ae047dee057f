"""Parameters that several routes take."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

Id = Annotated[str, Path(min_length=1, max_length=128)]
Limit = Annotated[int, Query(gt=0, le=1000, description="how many at most")]
Month = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", description="such as 2026-01; the running one"),
]
NextToken = Annotated[str, Query(max_length=4096, description="from the page before; '' is first")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        description="the same key and the same request are done once",
    ),
]

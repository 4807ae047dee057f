"""What the shared stacks have published: which routing cells there are, and where the pool is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from services.contracts.stacks import FIRST_CELL, cell_path, contract_path
from services.provisioning.aws import access_errors
from services.tenancy import Cell, Tier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.configuration import Configuration
    from services.provisioning.aws import Aws


def published_cells(aws: Aws, configuration: Configuration) -> Sequence[Cell]:
    """Return the cells in the order in which they fill; the first one before it is made, too."""
    root = cell_path(configuration.name, configuration.environment, "")
    with access_errors():
        pages = aws.ssm.get_paginator("get_parameters_by_path").paginate(Path=root.rstrip("/"))
        names = [
            str(each["Name"]).removeprefix(root) for page in pages for each in page["Parameters"]
        ]
    known = sorted({FIRST_CELL, *names}, key=_age)
    return [Cell(name, configuration.routing.cell_capacity) for name in known]


def published_pool(aws: Aws, configuration: Configuration) -> Mapping[str, Any] | None:
    """Return the contract of the basic tier's pool, None if there is none."""
    stack = Tier.BASIC.shared_stack
    return None if stack is None else published(aws, configuration, stack)


def published(aws: Aws, configuration: Configuration, stack: str) -> Mapping[str, Any] | None:
    """Return a shared stack's contract, None if there is none."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    path = contract_path(configuration.name, configuration.environment, stack)
    try:
        with access_errors():
            answer = aws.ssm.get_parameter(Name=path)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise
    found: Mapping[str, Any] = json.loads(answer["Parameter"]["Value"])
    return found


def _age(name: str) -> tuple[int, str]:
    found = re.fullmatch(r"cell-(\d+)", name)
    return (int(found[1]) if found else 10**9, name)

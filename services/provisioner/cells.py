"""Routing cells: which there are, and the next one, made before the last one is full."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from services.provisioner.aws import access_errors
from services.provisioner.engine import Operation, Request
from services.provisioner.errors import ProvisionerError, StateLockedError
from services.provisioner.workspace import require_module
from services.tenancy import Cell, next_cell
from tiers.contracts import CELL_NOT_MADE, FIRST_CELL, cell_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.configuration import Configuration
    from services.provisioner.aws import Aws
    from services.provisioner.deployment import Deployment

ROUTING_CELL: Final = "routing-cell"
"""The root module of a cell; its workspace is the cell's id."""


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


def make_room(deployment: Deployment) -> None:
    """Make the next cell if it is time.

    Failing that fails nobody's onboarding: there are slots left, and the next one tries again. An
    alarm listens for the note.
    """
    try:
        make_next(deployment)
    except ProvisionerError as error:
        deployment.progress.note(ROUTING_CELL, f"error: {CELL_NOT_MADE}: {error}")


def make_next(deployment: Deployment) -> Cell | None:
    """Make the next cell if the last one has passed its high-water mark; return it.

    Of several jobs that see so at once, one makes it; the others wait for nothing.
    """
    configuration = deployment.configuration
    cells = published_cells(deployment.aws, configuration)
    taken = len(deployment.placements.taken())
    cell = next_cell(cells, taken, capacity=configuration.routing.cell_capacity)
    if cell is None:
        return None
    deployment.progress.note(
        ROUTING_CELL,
        f"{taken} slots of {', '.join(each.id for each in cells)} are taken: making {cell.id}",
    )
    request = replace(cell_request(deployment, Operation.APPLY, cell.id), lock_seconds=0.0)
    try:
        deployment.engine.execute(request)
    except StateLockedError:
        deployment.progress.note(ROUTING_CELL, f"{cell.id} is being made by another job")
        return None
    return cell


def cell_request(deployment: Deployment, operation: Operation, cell: str) -> Request:
    """Return the run of one routing cell's workspace."""
    # It imports the constructs' package, which commands that only show help need not load.
    from services.provisioner.strays import WorkspaceStrays  # noqa: PLC0415

    return Request(
        operation,
        require_module(deployment.modules, ROUTING_CELL),
        cell,
        {"cell": cell},
        lock_seconds=deployment.lock_seconds,
        strays=WorkspaceStrays(
            deployment, ROUTING_CELL, cell, {"Stack": ROUTING_CELL, "Cell": cell}
        ),
    )


def _age(name: str) -> tuple[int, str]:
    found = re.fullmatch(r"cell-(\d+)", name)
    return (int(found[1]) if found else 10**9, name)

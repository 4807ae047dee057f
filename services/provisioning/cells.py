"""The next routing cell, made before the last one is full."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.contracts.stacks import CELL_NOT_MADE, ROUTING_CELL
from services.provisioning.errors import ProvisionerError, StateLockedError
from services.provisioning.records.published import published_cells
from services.provisioning.terraform.engine import Request, RunKind
from services.provisioning.terraform.workspace import require_module
from services.tenancy import Cell, next_cell

if TYPE_CHECKING:
    from services.provisioning.deployment import Deployment


def make_room(deployment: Deployment) -> None:
    """Make the next cell if it is time.

    Failing that fails nobody's onboarding: there are slots left, and the next one tries again. An
    alarm listens for the note.
    """
    try:
        make_next(deployment)
    except ProvisionerError as error:
        deployment.progress.note(ROUTING_CELL, f"error: {CELL_NOT_MADE}: {error}")


def make_next(deployment: Deployment, *, wait: bool = False) -> Cell | None:
    """Make the next cell if the last one has passed its high-water mark; return it.

    Of several jobs that see so at once, one makes it.

    Parameters
    ----------
    wait : bool, default False
        Whether the others wait until it is there. If not, they have None.
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
    request = cell_request(deployment, RunKind.APPLY, cell.id)
    if not wait:
        request = replace(request, lock_seconds=0.0)
    try:
        deployment.engine.execute(request)
    except StateLockedError:
        if wait:
            raise
        deployment.progress.note(ROUTING_CELL, f"{cell.id} is being made by another job")
        return None
    return cell


def cell_request(deployment: Deployment, kind: RunKind, cell: str) -> Request:
    """Return the run of one routing cell's workspace."""
    # It imports the constructs' package, which commands that only show help need not load.
    from services.provisioning.recovery.strays import WorkspaceStrays  # noqa: PLC0415

    return Request(
        kind,
        require_module(deployment.modules, ROUTING_CELL),
        cell,
        {"cell": cell},
        lock_seconds=deployment.lock_seconds,
        locks=deployment.locks or kind is not RunKind.PLAN,
        strays=WorkspaceStrays(
            deployment, ROUTING_CELL, cell, {"Stack": ROUTING_CELL, "Cell": cell}
        ),
    )

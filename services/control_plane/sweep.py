"""What got lost, found again: run every minute, it sends old events and ends dead operations.

And it records what was done outside the registry when whoever did it could not any more.

The outbox's stream gives up on an entry after its last retry, and a result may be lost on the way
back: the bus was out, the build was killed together with everything that could tell. So entries
that are not noted as published are published again, and an operation whose execution is over or
unknown is recorded as failed, with the reason. A retry converges, whatever the job had done.

Environment: STATE_MACHINE (the state machine's ARN, whose executions are named by operations),
OUTBOX_AGE_SECONDS (60), RESULT_GRACE_SECONDS (300: how long a result may be on its way),
OPERATION_LIMIT_SECONDS (4500: the longest an execution may take, with some margin).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from services.contracts import metrics
from services.control_plane.intents import settle
from services.control_plane.outbox import publish
from services.control_plane.runtime import Runtime, current
from services.tenancy.operations import OperationKind, State

if TYPE_CHECKING:
    from services.control_plane.registry.outbox import OutboxEntry
    from services.tenancy.operation import Operation

_log = logging.getLogger(__name__)

_PAGE = 100
_ROUNDS = 10  # pages of one run: the next run goes on
_OVER = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"})


@dataclass(frozen=True)
class Limits:
    """How long is too long."""

    state_machine: str = ""
    outbox_age: timedelta = timedelta(seconds=60)
    result_grace: timedelta = timedelta(seconds=300)
    operation: timedelta = timedelta(seconds=4500)

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> Limits:
        """Return what the stack set."""

        def seconds(name: str, default: timedelta) -> timedelta:
            given = environment.get(name)
            return timedelta(seconds=float(given)) if given else default

        return cls(
            environment.get("STATE_MACHINE", ""),
            seconds("OUTBOX_AGE_SECONDS", cls.outbox_age),
            seconds("RESULT_GRACE_SECONDS", cls.result_grace),
            seconds("OPERATION_LIMIT_SECONDS", cls.operation),
        )


def handler(_event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Send what is old in the outbox, end dead operations, and settle what was interrupted.

    What could not be looked after is in the log and in a metric with an alarm; the next run tries
    again.
    """
    runtime, limits, now = current(), Limits.of_environment(), datetime.now(UTC)
    problems = Problems()
    sent = waiting = failed = stuck = settled = 0
    with problems.of("the outbox"):
        sent, waiting = resend(runtime, limits, now)
    with problems.of("operations"):
        failed, stuck = end_dead_operations(runtime, limits, now, problems)
    with problems.of("moves"):
        metrics.measured(metrics.FAILED_MOVES, failed_moves(runtime))
    with problems.of("intents"):
        settled = settle_intents(runtime, limits, now, problems)
    metrics.measured(metrics.SWEEP_PROBLEMS, len(problems.found))
    done = {"resent": sent, "waiting": waiting, "failed": failed, "stuck": stuck}
    return {**done, "settled": settled, "problems": problems.found}


class Problems:
    """What failed and held up nothing else."""

    def __init__(self) -> None:
        self.found: list[str] = []

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """Note an exception in looking after `what`, and go on."""
        try:
            yield
        except Exception as error:
            _log.exception("%s could not be looked after", what)
            self.found.append(f"{what}: {type(error).__name__}: {error}")


def resend(runtime: Runtime, limits: Limits, now: datetime) -> tuple[int, int]:
    """Publish the entries that were not noted as published in time.

    One tenant's entries stay in order: what follows a refused one waits with it. Others do not.

    Returns
    -------
    tuple of int
        How many the bus took, and how many still wait.
    """
    old = list(_unpublished(runtime, now - limits.outbox_age))
    metrics.measured(metrics.OUTBOX_AGE, _age(old[0], now) if old else 0.0)
    left, sent, refused = old, 0, set[str]()
    try:
        while left:
            taken, failed = publish(runtime.events, runtime.settings.event_bus, left)
            if taken:
                sent += len(taken)
                runtime.registry.published([entry.key for entry in taken])
            if failed is None:
                break
            refused.add(failed.tenant)
            done = {entry.key for entry in taken}
            left = [e for e in left if e.key not in done and e.tenant not in refused]
    finally:
        metrics.measured(metrics.OUTBOX_RESENT, sent)
    if sent:
        _log.warning("%d events were sent by the sweep: the outbox's stream had not", sent)
    return sent, len(old) - sent


def end_dead_operations(
    runtime: Runtime, limits: Limits, now: datetime, problems: Problems
) -> tuple[int, int]:
    """Record the failure of operations whose execution is over, unknown or endless.

    One that cannot be looked after is one of `problems`, and holds up no other.

    Returns
    -------
    tuple of int
        How many were recorded as failed, and how many have run longer than they may.
    """
    if not limits.state_machine:
        _log.error("STATE_MACHINE is not set: operations are not looked after")
        return 0, 0
    executions = runtime.client("stepfunctions")
    failed = stuck = 0
    try:
        for operation in _running(runtime, now - limits.result_grace):
            late = (operation.started_at or operation.requested_at) < now - limits.operation
            stuck += late
            with problems.of(f"operation {operation.id}"):
                reason = _why_dead(executions, operation, limits, now, late=late)
                if reason and _asked_long_ago(runtime, operation, now - limits.result_grace):
                    failed += _ended(runtime, operation, reason)
    finally:
        metrics.measured(metrics.STUCK_OPERATIONS, stuck)
    return failed, stuck


def failed_moves(runtime: Runtime) -> int:
    """Return how many tenants wait for their move to be retried or rolled back."""
    token: str | None = None
    found = 0
    for _ in range(_ROUNDS):
        page = runtime.registry.tenants(_PAGE, token, status=State.FAILED)
        for tenant in page.items:
            if tenant.last_operation is not None:
                last = runtime.registry.operation(tenant.id, tenant.last_operation)
                found += last.kind is OperationKind.MOVE
        token = page.next_token
        if token is None:
            break
    return found


def settle_intents(runtime: Runtime, limits: Limits, now: datetime, problems: Problems) -> int:
    """Record or give up what was intended and was interrupted; return how many were recorded."""
    settled = 0
    page = runtime.registry.intents(now - limits.outbox_age, _PAGE)
    for intent in page.items:  # few: the next run takes the others
        with problems.of(f"intent {intent.action} {intent.target}"):
            settled += settle(runtime, intent)
    return settled


def _ended(runtime: Runtime, operation: Operation, reason: str) -> bool:
    """Record the failure of a dead operation; False if it has ended meanwhile."""
    _log.error("operation %s of %s: %s", operation.id, operation.tenant_id, reason)
    failed = runtime.registry.fail(
        operation.registration_id,
        event_id=f"{operation.id}-swept",
        reason=reason,
        operation_id=operation.id,
        kinds=(operation.kind,),
    )
    if failed:
        metrics.measured(metrics.FAILED_OPERATIONS, 1)
    return failed


def _why_dead(
    executions: Any, operation: Operation, limits: Limits, now: datetime, *, late: bool
) -> str | None:
    """Return why nobody will report the operation's end; None if somebody still may."""
    arn = f"{limits.state_machine.replace(':stateMachine:', ':execution:')}:{operation.id}"
    try:
        found = executions.describe_execution(executionArn=arn)
    except executions.exceptions.ExecutionDoesNotExist:
        return "its execution never started, or was lost; retry the operation"
    status = found["status"]
    if status in _OVER:
        if found.get("stopDate", now) > now - limits.result_grace:
            return None  # its result may be on its way
        cause = found.get("cause") or found.get("error")
        told = f": {cause}" if cause else ""
        return f"its execution is {status}, but no result arrived; retry the operation{told}"
    if not late:
        return None
    minutes = limits.operation.total_seconds() / 60
    try:
        executions.stop_execution(executionArn=arn, error="Stuck", cause="longer than it may run")
    except executions.exceptions.ClientError as error:
        _log.warning("execution %s could not be stopped: %s", arn, error)
    return f"its execution ran longer than {minutes:.0f} minutes and was stopped; retry it"


def _asked_long_ago(runtime: Runtime, operation: Operation, before: datetime) -> bool:
    """Return whether the operation's request reached the bus so long ago that it must have begun.

    During an outage of the bus requests wait in the outbox, and nobody may give them up.
    """
    published = runtime.registry.last_published(operation.tenant_id)
    return published is not None and published < before


def _unpublished(runtime: Runtime, before: datetime) -> Iterator[OutboxEntry]:
    token: str | None = None
    for _ in range(_ROUNDS):
        page = runtime.registry.unpublished(before, _PAGE, token)
        yield from page.items
        token = page.next_token
        if token is None:
            return


def _running(runtime: Runtime, before: datetime) -> Iterator[Operation]:
    token: str | None = None
    for _ in range(_ROUNDS):
        page = runtime.registry.running_since(before, _PAGE, token)
        yield from page.items
        token = page.next_token
        if token is None:
            return


def _age(entry: OutboxEntry, now: datetime) -> float:
    return max(0.0, (now - entry.written).total_seconds())

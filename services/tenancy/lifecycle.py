"""A tenant's states and the only transitions between them.

::

    REGISTERED → PROVISIONING → ACTIVE ⇄ SUSPENDED
                      ↓            ↕ UPDATING (release, size, tier)
                   FAILED ← any running operation; FAILED → retry → the state it came from,
                                                             or → DEPROVISIONING
                                                             or → UPDATING, see below
    ACTIVE|SUSPENDED|FAILED → DEPROVISIONING → DELETED

An operation begins in one state (its *origin*), holds the tenant in another while it runs, and
leaves it in a third. Suspending and resuming hold the tenant where it is: until the job has
refused the last request, a tenant that is being suspended still is active.

An update that failed may have been wrong itself. It need not be repeated as it was: another update
corrects it, a reconciliation gives it up; both return to where the first one began.
"""

from __future__ import annotations

from services.tenancy.errors import TenancyError
from services.tenancy.operations import SPECS, OperationKind, State


class TransitionRefusedError(TenancyError):
    """The tenant's state does not allow what was asked.

    Attributes
    ----------
    state : State
        Where the tenant is.
    wanted : str
        What was asked: an operation's kind, or "retry".
    allowed : tuple of State
        Where a tenant must be for it.
    """

    def __init__(self, state: State, wanted: str, allowed: tuple[State, ...]) -> None:
        self.state = state
        self.wanted = wanted
        self.allowed = allowed
        super().__init__(f"{wanted}: the tenant is {state}; it must be {' or '.join(allowed)}")


def begin(state: State, kind: OperationKind) -> State:
    """Return where a tenant in `state` is while an operation of `kind` runs.

    Raises
    ------
    TransitionRefusedError
        If no such operation may begin in `state`.

    Examples
    --------
    >>> begin(State.ACTIVE, OperationKind.UPDATE)
    <State.UPDATING: 'UPDATING'>
    """
    spec = SPECS[kind]
    if state not in spec.origins:
        raise TransitionRefusedError(state, kind, spec.origins)
    return spec.running or state


def corrects(kind: OperationKind, failed: OperationKind) -> bool:
    """Return whether an operation of `kind` may follow one that failed, in its stead."""
    return kind in SPECS[failed].corrected_by


def begin_again(
    state: State, failed: OperationKind, origin: State, kind: OperationKind | None = None
) -> State:
    """Return where a failed tenant is while the operation that failed is repeated or corrected.

    Parameters
    ----------
    failed, origin
        The operation that failed: its kind, and where it began.
    kind : OperationKind, optional
        Of the one that begins now; `failed` itself by default.

    Raises
    ------
    TransitionRefusedError
        If the tenant has not failed, or the one does not correct the other.
    """
    wanted = kind or failed
    if state is not State.FAILED:
        raise TransitionRefusedError(state, "retry", (State.FAILED,))
    if wanted is not failed and not corrects(wanted, failed):
        raise TransitionRefusedError(state, wanted, SPECS[wanted].origins)
    return begin(origin, wanted)


def serves(state: State, kind: OperationKind, origin: State | None) -> bool:
    """Return whether a tenant's users are let in.

    Parameters
    ----------
    kind, origin
        The operation that began last: its kind, and where it began. While it runs and after it
        has failed, what served before serves on; only an offboarding refuses everybody first.

    Examples
    --------
    >>> serves(State.UPDATING, OperationKind.UPDATE, State.SUSPENDED)
    False
    >>> serves(State.FAILED, OperationKind.UPDATE, State.ACTIVE)
    True
    """
    if state in (State.UPDATING, State.FAILED):
        return origin is State.ACTIVE and SPECS[kind].serves
    return state is State.ACTIVE


def finish(state: State, kind: OperationKind, ok: bool, origin: State) -> State:
    """Return where an operation that ended leaves its tenant.

    Parameters
    ----------
    origin : State
        Where the tenant was before it: what an update returns to.

    Raises
    ------
    TransitionRefusedError
        If the tenant is not where such an operation holds it.

    Examples
    --------
    >>> finish(State.UPDATING, OperationKind.MOVE, True, State.SUSPENDED)
    <State.SUSPENDED: 'SUSPENDED'>
    """
    running = begin(origin, kind)
    if state is not running:
        raise TransitionRefusedError(state, f"end of {kind}", (running,))
    if not ok:
        return State.FAILED
    return SPECS[kind].done or origin

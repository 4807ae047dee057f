"""The state machine: the transitions that are drawn, and no others."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.tenancy import OperationKind, State, TransitionRefusedError
from services.tenancy.lifecycle import begin, begin_again, corrects, finish, serves
from services.tenancy.operations import SPECS

S, K = State, OperationKind
DRAWN = {
    (S.REGISTERED, S.PROVISIONING),
    (S.PROVISIONING, S.ACTIVE),
    (S.ACTIVE, S.SUSPENDED),
    (S.SUSPENDED, S.ACTIVE),
    (S.ACTIVE, S.UPDATING),
    (S.UPDATING, S.ACTIVE),
    (S.SUSPENDED, S.UPDATING),
    (S.UPDATING, S.SUSPENDED),
    *((state, S.DEPROVISIONING) for state in (S.ACTIVE, S.SUSPENDED, S.FAILED)),
    (S.DEPROVISIONING, S.DELETED),
    # A running operation fails, and is retried.
    *((state, S.FAILED) for state in (S.PROVISIONING, S.UPDATING, S.DEPROVISIONING)),
    *((S.FAILED, state) for state in (S.PROVISIONING, S.UPDATING)),
    # Suspending and resuming run where the tenant was.
    *((state, S.FAILED) for state in (S.ACTIVE, S.SUSPENDED)),
    *((S.FAILED, state) for state in (S.ACTIVE, S.SUSPENDED)),
}


@pytest.mark.parametrize(("state", "kind"), list(itertools.product(State, OperationKind)))
def test_an_operation_begins_where_it_may(state: State, kind: OperationKind) -> None:
    if state in SPECS[kind].origins:
        running = begin(state, kind)
        assert running is state or (state, running) in DRAWN
        assert (finish(running, kind, False, state)) is State.FAILED
    else:
        with pytest.raises(
            TransitionRefusedError, match=f"{kind}: the tenant is {state}"
        ) as refused:
            begin(state, kind)
        assert (refused.value.state, refused.value.wanted) == (state, kind)


@given(
    st.sampled_from(State), st.sampled_from(OperationKind), st.sampled_from(State), st.booleans()
)
def test_an_operation_ends_only_where_it_runs(
    state: State, kind: OperationKind, origin: State, ok: bool
) -> None:
    try:
        after = finish(state, kind, ok, origin)
    except TransitionRefusedError:
        assert origin not in SPECS[kind].origins or state is not begin(origin, kind)
    else:
        assert (state, after) in DRAWN


def test_an_update_returns_to_where_it_began() -> None:
    for origin in (S.ACTIVE, S.SUSPENDED):
        for kind in (K.UPDATE, K.MOVE, K.RECONCILE):
            assert finish(begin(origin, kind), kind, True, origin) is origin


def test_only_what_failed_is_retried() -> None:
    assert begin_again(S.FAILED, K.ONBOARD, S.REGISTERED) is S.PROVISIONING
    assert begin_again(S.FAILED, K.UPDATE, S.SUSPENDED) is S.UPDATING
    for state in set(State) - {S.FAILED}:
        with pytest.raises(
            TransitionRefusedError, match=f"retry: the tenant is {state}; it must be FAILED"
        ):
            begin_again(state, K.ONBOARD, S.REGISTERED)


def test_a_failed_update_is_corrected_or_given_up() -> None:
    for origin in (S.ACTIVE, S.SUSPENDED):
        for failed in (K.UPDATE, K.RECONCILE):
            for kind in (K.UPDATE, K.RECONCILE):
                running = begin_again(S.FAILED, failed, origin, kind)
                assert running is S.UPDATING
                assert finish(running, kind, True, origin) is origin
    for failed in set(K) - {K.UPDATE, K.RECONCILE}:
        with pytest.raises(
            TransitionRefusedError, match="update: the tenant is FAILED; it must be ACTIVE"
        ):
            begin_again(S.FAILED, failed, S.ACTIVE, K.UPDATE)
    for kind in set(K) - {K.UPDATE, K.RECONCILE}:
        with pytest.raises(TransitionRefusedError, match=f"{kind}: the tenant is FAILED"):
            begin_again(S.FAILED, K.UPDATE, S.ACTIVE, kind)


@pytest.mark.parametrize(
    ("state", "kind", "origin", "served"),
    [
        (S.REGISTERED, K.ONBOARD, None, False),
        (S.PROVISIONING, K.ONBOARD, S.REGISTERED, False),
        (S.FAILED, K.ONBOARD, S.REGISTERED, False),
        (S.ACTIVE, K.ONBOARD, S.REGISTERED, True),
        (S.ACTIVE, K.SUSPEND, S.ACTIVE, True),
        (S.SUSPENDED, K.SUSPEND, S.ACTIVE, False),
        (S.UPDATING, K.UPDATE, S.SUSPENDED, False),
        (S.UPDATING, K.MOVE, S.ACTIVE, True),
        (S.FAILED, K.UPDATE, S.ACTIVE, True),
        (S.FAILED, K.UPDATE, S.SUSPENDED, False),
        (S.FAILED, K.RESUME, S.SUSPENDED, False),
        (S.DEPROVISIONING, K.OFFBOARD, S.ACTIVE, False),
        (S.FAILED, K.OFFBOARD, S.ACTIVE, False),
        (S.DELETED, K.OFFBOARD, S.ACTIVE, False),
    ],
)
def test_what_served_before_an_update_serves_on(
    state: State, kind: OperationKind, origin: State | None, served: bool
) -> None:
    assert serves(state, kind, origin) is served


class Life(RuleBasedStateMachine):
    """Any life of a tenant."""

    def __init__(self) -> None:
        super().__init__()
        self.state = S.REGISTERED
        self.running: tuple[OperationKind, State] | None = None
        self.last: tuple[OperationKind, State] | None = None
        self.lived = [self.state]

    def _go(self, state: State) -> None:
        self.state = state
        if state is not self.lived[-1]:
            self.lived.append(state)

    @precondition(lambda self: self.running is None)
    @rule(kind=st.sampled_from(OperationKind))
    def ask(self, kind: OperationKind) -> None:
        origin = self.state
        if origin in SPECS[kind].origins:
            self.running = self.last = (kind, origin)
            self._go(begin(origin, kind))

    @precondition(lambda self: self.running is not None)
    @rule(ok=st.booleans())
    def end(self, ok: bool) -> None:
        assert self.running is not None
        kind, origin = self.running
        self.running = None
        self._go(finish(self.state, kind, ok, origin))

    @precondition(lambda self: self.running is None and self.state is S.FAILED)
    @rule()
    def retry(self) -> None:
        assert self.last is not None
        self.running = self.last
        self._go(begin_again(self.state, *self.last))

    @precondition(lambda self: self.running is None and self.state is S.FAILED)
    @rule(kind=st.sampled_from([K.UPDATE, K.RECONCILE]))
    def correct(self, kind: OperationKind) -> None:
        assert self.last is not None
        failed, origin = self.last
        if corrects(kind, failed):
            self.running = self.last = (kind, origin)
            self._go(begin_again(self.state, failed, origin, kind))

    @invariant()
    def transitions_are_drawn(self) -> None:
        assert set(itertools.pairwise(self.lived)) <= DRAWN

    @invariant()
    def nothing_is_stuck(self) -> None:
        if self.running is None and self.state is not S.DELETED:
            assert any(self.state in spec.origins for spec in SPECS.values())


TestLife = Life.TestCase

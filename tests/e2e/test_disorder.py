"""Whatever goes wrong, in whatever order: nothing of a tenant is another's, and nothing is left.

Two names are each given to one tenant after another. Each of them has a life in which builds are
killed, states are lost and operations asked for again, as a seed has it, and an end. The next one
of that name must find nothing, and must be closed to whoever was in the one before.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
import pytest

from services.client import ClientError, Operation
from services.local_aws.layout import ACCOUNT_ID
from tests.e2e.builds import Build
from tests.e2e.system import PREFIX, System, Tenant
from tests.e2e.traces import traces
from tests.e2e.users import KETTLE, Place, SignedInUser
from tests.waiting import eventually

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

SEED = int(os.environ.get("ECS_SAAS_SEED", "0")) or secrets.randbits(32)
LANES = ("basic", "advanced")
LIVES = 2
ACTS = 2
"""What happens to a tenant between its beginning and its end."""

_RUNNING = frozenset({"REGISTERED", "PROVISIONING", "UPDATING", "DEPROVISIONING"})


@dataclass
class Life:
    """One tenant, from registration to the last trace, and what is done to it."""

    system: System
    tenant: Tenant
    chance: Random
    http: httpx.Client
    id: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)
    user: SignedInUser | None = None
    told: list[str] = field(default_factory=list)

    def begin(self) -> None:
        with self.system.control_plane() as api:
            email = self.tenant.email
            operation = api.register(self.tenant.name, tier=self.tenant.tier, email=email)
        self.id = operation.tenant_id
        self._maybe_killed(operation)

    def act(self) -> None:
        """Do one thing to it that goes with where it is."""
        state = self.state()
        acts: dict[str, list[Callable[[], None]]] = {
            "ACTIVE": [self.lose_state, self.reconcile, self.use],
            "FAILED": [self.retry, self.retry, self.lose_state],
        }
        act = self.chance.choice(acts[state])
        self.told.append(f"{state} {act.__name__}")
        act()

    def end(self) -> None:
        """Offboard it, again and again if builds are killed over it."""
        with self.system.control_plane() as api:
            operation = api.delete(api.tenant(self.id))
        self._maybe_killed(operation)
        for _ in range(3):
            if self.state() == "DELETED":
                return
            self.retry(kill=False)
        raise AssertionError(f"{self.told}: it does not end: {self._row()}")

    def use(self) -> None:
        """Sign in as its administrator and leave a mark; nobody else's may be there."""
        self._look()
        place = Place.of(self.system, self.tenant.name)
        assert place.id == self.id
        self.user = user = SignedInUser.of(self.system, place, self.http)
        eventually(user.is_served, 90)
        seen = {each["sku"] for each in user.listed("/products")}
        assert seen <= {self.id}, f"{self.told}: another's products: {seen}"
        user.data("POST", "/products", {**KETTLE, "sku": self.id})

    def lose_state(self) -> None:
        self._look()
        bucket = f"{PREFIX}-tfstate-{ACCOUNT_ID}"
        for key in self.system.state_keys():
            if self.id in key and key.endswith(".tfstate"):
                self.system.client("s3").delete_object(Bucket=bucket, Key=key)

    def reconcile(self) -> None:
        with self.system.control_plane() as api:
            operation = api.request(self.id, "reconcile")
        self._maybe_killed(operation)

    def retry(self, *, kill: bool = True) -> None:
        with self.system.control_plane() as api:
            operation = api.request(self.id, "retry")
        self._maybe_killed(operation, kill=kill)

    def state(self) -> str:
        """Where it has come to rest."""

        def rested() -> str | None:
            state = str(self._row()["tenantStatus"])
            return None if state in _RUNNING else state

        return eventually(rested, 300, every=0.2, what=f"{self.told}: the end of an operation")

    def _look(self) -> None:
        """Learn where its users and its data are, while there is a state that says so."""
        with contextlib.suppress(AssertionError):
            self.outputs = self.tenant.outputs(self.system) or self.outputs

    def _row(self) -> dict[str, Any]:
        with self.system.control_plane() as api:
            return dict(api.tenant(self.id))

    def _maybe_killed(self, operation: Operation, *, kill: bool = True) -> None:
        if kill and self.chance.random() < 0.4:
            build = Build.of(self.system, operation)
            time.sleep(self.chance.uniform(0, 6))
            self.told.append(f"killed {operation.kind}")
            build.kill()
            # What it had made is on this machine, and on no other.
            self.state()
            build.forget(self.id)


def _shut_out(before: Life, now: Life) -> None:
    """The user of the tenant who had the name before is nobody in the one who has it now."""
    if before.user is None:
        return
    answer = now.http.get(
        f"{Place.of(now.system, now.tenant.name).api}/products",
        headers={"Authorization": f"Bearer {before.user.tokens.id}"},
    )
    # The authorizer believes what it knew of a tenant for a while, and what it knew is no more.
    assert answer.status_code in (401, 403), f"{before.told}, {now.told}: {answer.text}"


def _lived(system: System, lane: int, http: httpx.Client) -> list[Life]:
    lives: list[Life] = []
    for number in range(LIVES):
        tenant = Tenant(f"disorder-{lane}", LANES[lane])
        life = Life(system, tenant, Random(f"{SEED}/{lane}/{number}"), http)
        try:
            _live(life, lives)
        except (AssertionError, ClientError) as error:
            raise AssertionError(f"ECS_SAAS_SEED={SEED}: {tenant}: {life.told}: {error}") from error
        lives.append(life)
    return lives


def _live(life: Life, before: list[Life]) -> None:
    life.begin()
    for _ in range(ACTS):
        life.act()
    if life.state() == "ACTIVE":
        life.use()
        for each in before:
            _shut_out(each, life)
    life.end()
    for each in (*before, life):
        left = traces(life.system, each.id, each.outputs)
        assert left == {}, f"left of {each.id}: {left}"


def test_names_that_are_used_again(system: System) -> None:
    with (
        httpx.Client(timeout=30, trust_env=False) as http,
        ThreadPoolExecutor(len(LANES)) as lanes,
    ):
        lived = list(lanes.map(lambda lane: _lived(system, lane, http), range(len(LANES))))
    ids = [life.id for lives in lived for life in lives]
    assert len(set(ids)) == len(LANES) * LIVES

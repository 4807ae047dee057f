"""Drift of many tenants: found by plans at the release that each runs, and recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from services.provisioning.deployment import Deployment
from services.provisioning.errors import PlanUnreadableError
from services.provisioning.fleet.drift import Drifted, drift_of
from services.provisioning.fleet.planning import TenantPlan, plans_of
from services.provisioning.fleet.selection import Member

_RECORDED: Final = 100


class DriftLog(Protocol):
    """Whoever keeps what was found of each tenant."""

    def note_drift(
        self, tenant_id: str, attributes: Sequence[tuple[str, str]], *, more: int = 0
    ) -> Any:
        """Record it; nothing found closes what was open."""
        ...


@dataclass(frozen=True)
class Scan:
    """What a scan has found.

    Attributes
    ----------
    names : dict of str to str
        Of all that were looked at, by tenant id.
    drifted : dict
        What has drifted, by tenant id; of those alone that have.
    repaired : tuple of str
        The ids of those that had drifted before they were reconciled.
    failed : dict of str to str
        By tenant id, why nothing is known of it.
    """

    names: dict[str, str] = field(default_factory=dict)
    drifted: dict[str, tuple[Drifted, ...]] = field(default_factory=dict)
    repaired: tuple[str, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0: nothing has drifted, 2: something has, 1: a tenant could not be looked at."""
        if self.failed:
            return 1
        return 2 if self.drifted else 0

    def after(self, again: Scan) -> Scan:
        """Return it with what a second scan, of those that had drifted, has found."""
        return replace(
            self,
            drifted=again.drifted,
            repaired=tuple(each for each in self.drifted if each not in again.drifted),
            failed={**self.failed, **again.failed},
        )

    def lines(self) -> Iterator[str]:
        """Yield it for people."""
        count = len(self.drifted)
        yield f"{len(self.names)} tenants: {count or 'none'} drifted"
        for tenant_id, found in sorted(self.drifted.items(), key=lambda each: self._name(each[0])):
            yield f"{self._name(tenant_id)} ({tenant_id})"
            yield from (f"  {each}" for each in found)
        for tenant_id in self.repaired:
            yield f"repaired: {self._name(tenant_id)} ({tenant_id})"
        for tenant_id, error in sorted(self.failed.items()):
            yield f"failed: {self._name(tenant_id)} ({tenant_id}): {error}"

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "tenants": len(self.names),
            "drifted": {
                tenant_id: [{"address": each.address, "path": each.path} for each in found]
                for tenant_id, found in sorted(self.drifted.items())
            },
            "repaired": list(self.repaired),
            "failed": self.failed,
            "exitCode": self.exit_code,
        }

    def _name(self, tenant_id: str) -> str:
        return self.names.get(tenant_id, tenant_id)


def scan(
    deployment: Deployment,
    log: DriftLog,
    members: Sequence[Member],
    parallel: int,
    told: Callable[[TenantPlan], None] = lambda plan: None,
) -> Scan:
    """Plan each tenant as it is in the registry, and record what has drifted, and what no longer.

    Parameters
    ----------
    parallel : int
        How many tenants are planned at once.
    told : callable, optional
        Receives each plan.
    """
    found = Scan()
    for plan in plans_of(deployment, members, parallel, told):
        tenant_id = plan.member.tenant_id
        found.names[tenant_id] = plan.member.name
        try:
            drifted = drift_of(plan.shown)
        except PlanUnreadableError as error:
            found.failed[tenant_id] = str(error)
            continue
        if plan.error:
            found.failed[tenant_id] = plan.error
            continue
        named = [(each.address, each.path) for each in drifted[:_RECORDED]]
        log.note_drift(tenant_id, named, more=len(drifted) - len(named))
        if drifted:
            found.drifted[tenant_id] = drifted
    return found

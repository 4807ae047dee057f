"""What a rollout does to tenants: by the control plane's API, by plans, and by visits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from services.cli.output import write_line
from services.client.errors import RefusedError
from services.contracts.metrics import FAILED_OPERATIONS
from services.provisioning.errors import InterruptedRunError
from services.provisioning.fleet.carrier import Replanned, SkippedError
from services.provisioning.fleet.planning import TenantPlan, plans_of
from services.provisioning.fleet.report import FleetReport, report_of
from services.provisioning.fleet.rollout import GONE, Unit
from services.provisioning.fleet.selection import Member, document_of
from services.provisioning.fleet.visitor import Visitor, alarms_of
from services.provisioning.review.markdown import comment_of
from services.tenancy.operations import State

if TYPE_CHECKING:
    from services.client import ControlPlaneClient
    from services.provisioning.deployment import Deployment

_GONE: Final = 404
# Of the tenant's state. What is refused of the caller, such as a right, is no tenant's business.
_REFUSED: Final = frozenset({409, 422})
_ENDING: Final = frozenset({State.DEPROVISIONING, State.DELETED})
_LONGEST_PAUSE: Final = 5.0


class FleetDoor:
    """The tenants of one deployment, as a rollout reaches them.

    Parameters
    ----------
    deployment : Deployment
    client : ControlPlaneClient
    parallel : int
        How many tenants are planned at once.
    shows : bool, default True
        Whether plans that have changed are written to standard output.
    """

    def __init__(
        self,
        deployment: Deployment,
        client: ControlPlaneClient,
        parallel: int,
        *,
        shows: bool = True,
    ) -> None:
        self._deployment = deployment
        self._client = client
        self._parallel = parallel
        self._shows = shows
        services = deployment.configuration.services.values()
        path = next((each.path for each in services if not each.admin_only), None)
        self._visitor = Visitor(deployment, path) if path else None

    def report(
        self,
        units: Sequence[Unit],
        told: Callable[[TenantPlan], None] = lambda plan: None,
    ) -> FleetReport:
        """Plan these tenants at the releases that they are to run, but those that are gone."""
        members = []
        report = FleetReport()
        for unit in units:
            try:
                row = self._client.tenant(unit.tenant_id)
            except RefusedError as error:
                if error.status != _GONE:
                    report.failed[unit.tenant_id] = (unit.name, str(error))
                continue
            state = State(row["tenantStatus"])
            if state not in _ENDING:
                members.append(Member(document_of(row, unit.target), row["release"], state))
        if members:
            made = report_of(plans_of(self._deployment, members, self._parallel, told))
            made.failed |= report.failed
            return made
        return report

    def plan(self, units: Sequence[Unit]) -> Mapping[str, Replanned]:
        """Plan tenants, by their ids; show those whose plan is not the one that was shown."""
        report = self.report(units)
        found = {
            unit.tenant_id: Replanned(report.digests.get(unit.tenant_id, "")) for unit in units
        }
        found |= {
            tenant_id: Replanned(error=error)
            for tenant_id, (_, error) in (report.failed | report.refused).items()
        }
        stale = [each for each in units if found[each.tenant_id].digest not in ("", each.plan)]
        if stale and self._shows:
            again = self.report(stale)
            names = ", ".join(each.name for each in stale)
            write_line(f"\nnot applied, for the plan is not the one that was shown: {names}\n")
            if again.review is not None:
                write_line(comment_of(again.review, name="fleet").rstrip("\n"))
        return found

    def ask(self, unit: Unit, key: str) -> str:
        """Ask for the tenant's update; return the operation's id.

        Raises
        ------
        SkippedError
            If it is gone, or something else is done to it.
        """
        parameters = {"release": unit.target, "plan": unit.plan}
        try:
            return self._client.request(unit.tenant_id, "update", parameters, key).id
        except RefusedError as error:
            if error.status == _GONE:
                raise SkippedError(GONE) from None
            if error.status in _REFUSED:
                raise SkippedError(str(error)) from None
            raise

    def wait(self, unit: Unit) -> str:
        """Wait until the operation has ended; return why it failed, nothing if it did not."""
        pause = 0.25
        while True:
            if self._deployment.interruption.requested:
                raise InterruptedRunError(f"{unit.name}: operation {unit.operation} goes on")
            operations = self._client.operations(unit.tenant_id)
            found: Any = next((each for each in operations if each.id == unit.operation), None)
            if found is None:
                return f"operation {unit.operation} is not among the tenant's last ones"
            if found.status == "SUCCEEDED":
                return ""
            if found.status == "FAILED":
                return found.reason or "no reason"
            time.sleep(pause)
            pause = min(pause * 1.3, _LONGEST_PAUSE)

    def check(self, unit: Unit) -> str:
        """Send a request as one of the tenant's users; return what is wrong with the answer."""
        return self._visitor.check(unit.tenant_id, unit.tier) if self._visitor else ""

    def alarms(self) -> tuple[str, ...]:
        """Return the names of the alarms that have gone off, but for what the budget counts."""
        return alarms_of(self._deployment, frozenset({FAILED_OPERATIONS}))

"""Plans of many tenants, by a few workers that keep their provider.

Each worker has one provider process, through the relay, and gives it tenants one after the other;
two workers never share one. So a tenant costs the two Terraform processes that plan it and show the
plan, and none where nothing changes.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from services.provisioning.deployment import Deployment
from services.provisioning.errors import InterruptedRunError, ProvisionerError
from services.provisioning.fleet.selection import Member
from services.provisioning.tenants.tenants import Tenants
from services.provisioning.terraform.kept import KeptProvider
from services.tenancy import InputError

_END: Final = None


@dataclass(frozen=True)
class TenantPlan:
    """What a plan said of one tenant.

    Attributes
    ----------
    shown : Mapping, optional
        The plan as Terraform's JSON; None if nothing changes, or it failed.
    refusal : str
        Why an apply would be refused, if it would.
    error : str
        Why there is no plan.
    """

    member: Member
    shown: Mapping[str, Any] | None = None
    refusal: str = ""
    error: str = ""


def plans_of(
    deployment: Deployment,
    members: Sequence[Member],
    parallel: int,
    told: Callable[[TenantPlan], None] = lambda plan: None,
) -> Iterator[TenantPlan]:
    """Yield a plan of each member as soon as there is one; no more are held than there are workers.

    Parameters
    ----------
    parallel : int
        How many tenants are planned at once.
    told : callable, optional
        Receives each plan before it is yielded.

    Notes
    -----
    Whoever stops asking, and whoever is interrupted, waits for the tenants at work and no others.
    """
    count = max(1, min(parallel, len(members)))
    waiting: queue.SimpleQueue[Member] = queue.SimpleQueue()
    # Of one tier after the other, so that Terraform's caches, and ours, are warm.
    for member in sorted(members, key=lambda each: each.document.tier):
        waiting.put(member)
    done: queue.Queue[TenantPlan | BaseException | None] = queue.Queue(maxsize=count)
    stop = threading.Event()
    if deployment.environment.get("AWS_CA_BUNDLE", "") and _over_tls(deployment):
        deployment.progress.note(
            "", "AWS_CA_BUNDLE is set, with which a provider serves once: one is started per tenant"
        )
    workers = [
        threading.Thread(
            target=_work, args=(deployment, waiting, done, stop), name=f"planner-{number}"
        )
        for number in range(count)
    ]
    for worker in workers:
        worker.start()
    running = count
    try:
        while running:
            found = done.get()
            if found is _END:
                running -= 1
            elif isinstance(found, BaseException):
                raise found
            else:
                told(found)
                yield found
        if deployment.interruption.requested:
            raise InterruptedRunError("stopped: nothing was changed")
    finally:
        stop.set()
        for worker in workers:
            while worker.is_alive():  # it may wait for room in the queue
                _drop(done)
                worker.join(0.05)


def _work(
    deployment: Deployment,
    waiting: queue.SimpleQueue[Member],
    done: queue.Queue[TenantPlan | BaseException | None],
    stop: threading.Event,
) -> None:
    """Plan tenants until there is none; what is no failure of a tenant ends everything."""
    try:
        with contextlib.closing(KeptProvider()) as provider:
            tenants = Tenants(replace(deployment, provider=provider))
            while not stop.is_set() and not deployment.interruption.requested:
                try:
                    member = waiting.get_nowait()
                except queue.Empty:
                    break
                done.put(_plan(tenants, member))
    except BaseException as error:
        done.put(error)
    done.put(_END)


def _plan(tenants: Tenants, member: Member) -> TenantPlan:
    try:
        result = tenants.plan(member.document, workspace=member.tenant_id, shows=True)
    except (ProvisionerError, InputError) as error:
        return TenantPlan(member, error=str(error))
    return TenantPlan(member, result.shown, result.refusal)


def _drop(done: queue.Queue[Any]) -> None:
    while True:
        try:
            done.get_nowait()
        except queue.Empty:
            return


def _over_tls(deployment: Deployment) -> bool:
    return not deployment.environment.get("AWS_ENDPOINT_URL", "").startswith("http://")

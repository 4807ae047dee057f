"""Suspending and resuming: the tenant's requests and sign-ins are refused, its data is kept.

Its services keep running, so that it is back within seconds. Each step may be repeated, and a job
that is killed between two of them is resumed by the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.provisioning.records.mapping import Reason, Refusal
from services.provisioning.tenants.tenant_copy import TenantCopy

if TYPE_CHECKING:
    from services.provisioning.records.mapping import MappingTable


def suspend(mapping: MappingTable, copy: TenantCopy, reason: Reason = Reason.SUSPENDED) -> Refusal:
    """Refuse the tenant's requests, then its users' sign-ins.

    Who is disabled before is written into the row together with the refusal, at the only moment
    at which it can be told from who is disabled by it.
    """
    before = tuple(sorted(user.name for user in copy.users if not user.enabled))
    refusal = mapping.refuse(copy.tenant_id, reason, before)
    copy.users.disable([user.name for user in copy.users if user.enabled])
    return refusal


def resume(mapping: MappingTable, copy: TenantCopy) -> None:
    """Let the users sign in who could before, then serve the tenant's requests.

    The row is last: until then it remembers who stays disabled.
    """
    refusal = mapping.refusal(copy.tenant_id)
    if refusal is None or refusal.reason is not Reason.SUSPENDED:
        return
    copy.users.enable(
        [user.name for user in copy.users if not user.enabled and user.name not in refusal.users]
    )
    mapping.admit(copy.tenant_id, Reason.SUSPENDED)

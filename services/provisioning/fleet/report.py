"""What the plans of a fleet come to: alike ones together, what failed, and one exit code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.provisioning.fleet.drift import drift_of
from services.provisioning.fleet.planning import TenantPlan
from services.provisioning.review.approval import approval_of
from services.provisioning.review.changes import Planned
from services.provisioning.review.review import Review, Verdict, review_of
from services.provisioning.review.waivers import Waiver


@dataclass
class FleetReport:
    """The plans of many tenants, of which none is kept.

    Attributes
    ----------
    review : Review or None
        Of the plans that change anything; None if none does.
    digests : dict of str to str
        By tenant id, the digest by which its plan is known again; of those alone.
    unchanged, failed, refused : dict
        By tenant id: the name; the name and the error; the name and why an apply would be refused.
    """

    review: Review | None = None
    digests: dict[str, str] = field(default_factory=dict)
    unchanged: dict[str, str] = field(default_factory=dict)
    failed: dict[str, tuple[str, str]] = field(default_factory=dict)
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def tenants(self) -> int:
        """How many were planned, or were to be."""
        return len(self.digests) + len(self.unchanged) + len(self.failed)

    @property
    def exit_code(self) -> int:
        """0: nothing changes, 2: something does, 1: a plan failed or must not be applied.

        As of `terraform plan -detailed-exitcode`; what only moves, imports or forgets is a change.
        """
        if self.failed or self.refused or (self.review and self.review.verdict is Verdict.REFUSED):
            return 1
        return 2 if self.digests else 0

    def headline(self) -> str:
        """Return it in one line, as `200 tenants: 198 alike; 2 differ`."""
        told = f"{self.tenants} tenant{'' if self.tenants == 1 else 's'}: "
        if not self.digests and not self.failed:
            return told + "nothing to change"
        sizes = sorted((len(each.members) for each in self._groups()), reverse=True)
        parts = [f"{sizes[0]} alike"] if sizes and sizes[0] > 1 else []
        rest = sizes[1:] if parts else sizes
        if rest:
            groups = f" (in {len(rest)} groups)" if parts and len(rest) > 1 else ""
            parts.append(f"{sum(rest)} {'differ' if sum(rest) > 1 else 'differs'}{groups}")
        if not parts[1:] and sizes == [1]:
            parts = ["1 changes"]
        if self.unchanged:
            parts.append(f"{len(self.unchanged)} unchanged")
        if self.failed:
            parts.append(f"{len(self.failed)} failed")
        return told + "; ".join(parts)

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "tenants": self.tenants,
            "groups": [
                {
                    "tenants": [each.tenant for each in group.members],
                    "tier": group.changes.planned.tier,
                    "plan": self.digests.get(group.members[0].tenant, ""),
                    "changes": dict(group.changes.counts()),
                }
                for group in self._groups()
            ],
            "unchanged": sorted(self.unchanged),
            "failed": {key: error for key, (_, error) in sorted(self.failed.items())},
            "refused": {key: error for key, (_, error) in sorted(self.refused.items())},
            "verdict": self.review.verdict.value if self.review else Verdict.NOTHING.value,
            "exitCode": self.exit_code,
        }

    def _groups(self) -> Sequence[Any]:
        return self.review.groups if self.review else ()


def report_of(plans: Iterable[TenantPlan], waivers: Sequence[Waiver] = ()) -> FleetReport:
    """Return what plans come to, of which one at a time is in memory."""
    report = FleetReport()
    changing = _changing(plans, report)
    first = next(changing, None)
    if first is not None:
        report.review = review_of(_with(first, changing), waivers)
    return report


def _changing(
    plans: Iterable[TenantPlan], report: FleetReport
) -> Iterator[tuple[dict[str, Any], Planned]]:
    for plan in plans:
        member = plan.member
        if plan.error:
            report.failed[member.tenant_id] = (member.name, plan.error)
            continue
        if plan.refusal:
            report.refused[member.tenant_id] = (member.name, plan.refusal)
        if plan.shown is None:
            report.unchanged[member.tenant_id] = member.name
            continue
        document = _without_idle_drift(plan)
        report.digests[member.tenant_id] = approval_of(document)
        tier = member.document.tier
        yield (
            document,
            Planned(
                member.name,
                tenant=member.tenant_id,
                tier=tier.value,
                workspace=member.tenant_id,
                stack=tier.tenant_stack,
            ),
        )


def _without_idle_drift(plan: TenantPlan) -> dict[str, Any]:
    """Return the plan without what has changed outside Terraform and stays as it is.

    Each tenant has something of it, such as a user who has signed in. To another release nothing
    of it is told: the provider takes the old default tags of each resource for a change.
    """
    document = dict(plan.shown or {})
    same = plan.member.document.release == plan.member.release
    drifted = {each.address for each in drift_of(document)} if same else set()
    document["resource_drift"] = [
        each for each in document.get("resource_drift") or () if each.get("address") in drifted
    ]
    return document


def _with(first: Any, others: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from others

"""Which tenants of the registry a fleet is, and what each of them is to be. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Any, Final

from services.provisioning.errors import PreconditionError
from services.tenancy import TenantDocument, Tier
from services.tenancy.operations import State

PINNED: Final = "releasePinnedUntil"
"""The field of a tenant's data that keeps it at its release: a day, which is the last one."""

_PLANNED: Final = frozenset({State.ACTIVE, State.SUSPENDED})


@dataclass(frozen=True)
class Member:
    """A tenant of the fleet.

    Attributes
    ----------
    document : TenantDocument
        What it is to be.
    release : str
        What it runs now.
    status : State
    """

    document: TenantDocument
    release: str
    status: State

    @property
    def tenant_id(self) -> str:
        """The tenant's id, which names its workspace."""
        return self.document.tenant_id

    @property
    def name(self) -> str:
        """The tenant's name."""
        return self.document.tenant_name


@dataclass(frozen=True)
class Selection:
    """Who is planned, and who is not and why.

    Attributes
    ----------
    left_out : Mapping of str to str
        By name, the reason.
    """

    members: tuple[Member, ...]
    left_out: Mapping[str, str]


def document_of(row: Mapping[str, Any], release: str | None = None) -> TenantDocument:
    """Return what a tenant is by its row in the registry, at another release if one is given.

    Raises
    ------
    services.tenancy.TenantDocumentError
    """
    given = {
        "tenant_id": row["tenantId"],
        "tenant_name": row["tenantName"],
        "tier": row["tier"],
        "admin_email": row["email"],
        "release": release or row["release"],
        "overrides": row.get("overrides"),
        "federation": row.get("federation"),
    }
    present = {name: value for name, value in given.items() if value is not None}
    return TenantDocument.parse(present, source=f"the registry's row of {row['tenantName']}")


def selected(
    rows: Iterable[Mapping[str, Any]],
    *,
    names: Sequence[str] = (),
    tier: Tier | None = None,
    running: str | None = None,
    release: str | None = None,
    today: date | None = None,
) -> Selection:
    """Return the tenants that are asked for, in the order of their names, or as they are named.

    Parameters
    ----------
    rows : iterable of Mapping
        All tenants, as the control plane lists them.
    names : sequence of str, optional
        Names or ids; all tenants by default.
    tier, running : optional
        Only those of this tier, and of this release.
    release : str, optional
        The one that they are to run; what each runs by default. Who is pinned is left out then.

    Raises
    ------
    PreconditionError
        If a name or id is nobody's, or nobody is left.
    """
    all_rows = sorted(rows, key=lambda row: str(row["tenantName"]))
    chosen = _named(all_rows, names) if names else all_rows
    members, left_out = [], {}
    for row in chosen:
        if (tier and row["tier"] != tier) or (running and row["release"] != running):
            continue
        if why := _why_not(row, release, today or datetime.now(UTC).date()):
            left_out[str(row["tenantName"])] = why
            continue
        status = State(row["tenantStatus"])
        members.append(Member(document_of(row, release), row["release"], status))
    if not members and not left_out:
        raise PreconditionError(_nobody(tier, running, all_rows))
    return Selection(tuple(members), left_out)


def _why_not(row: Mapping[str, Any], release: str | None, today: date) -> str:
    state = State(row["tenantStatus"])
    if state not in _PLANNED:
        return f"it is {state}"
    until = _pinned_until(row)
    if release is not None and until is not None and today <= until and release != row["release"]:
        return f"it is pinned to release {row['release']} until {until}"
    return ""


def _pinned_until(row: Mapping[str, Any]) -> date | None:
    try:
        return date.fromisoformat(str(row.get(PINNED) or ""))
    except ValueError:
        return None


def _named(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[Mapping[str, Any]]:
    known = {str(row[key]): row for row in rows for key in ("tenantId", "tenantName")}
    if unknown := [each for each in names if each not in known]:
        close = [get_close_matches(each, known, n=1) for each in unknown]
        meant = ", ".join(each[0] for each in close if each)
        hint = f"; did you mean {meant}?" if meant else ""
        raise PreconditionError(
            f"no tenant has the name or id {', '.join(unknown)}{hint} "
            "(`ecs-saas tenant list` shows them all)"
        )
    return list({known[each]["tenantId"]: known[each] for each in names}.values())


def _nobody(tier: Tier | None, running: str | None, rows: Sequence[Mapping[str, Any]]) -> str:
    asked = [f"tier {tier}"] if tier else []
    asked += [f"release {running}"] if running else []
    if not rows:
        return "there is no tenant: `ecs-saas tenant create` registers one"
    releases = ", ".join(sorted({str(row["release"]) for row in rows}))
    return f"no tenant is of {' and '.join(asked)}; tenants run {releases}"

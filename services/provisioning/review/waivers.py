"""What may be done although a policy refuses it, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from services.provisioning.errors import WaiverError
from services.provisioning.review.changes import Finding
from services.provisioning.review.policies import POLICIES

_KEYS = {"policy", "address", "reason"}


@dataclass(frozen=True, slots=True)
class Waiver:
    """One policy set aside at the addresses of one pattern, with the reason."""

    policy: str
    address: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether it is about this finding; `[` in an address means itself."""
        pattern = self.address.replace("[", "[[]")
        return self.policy == finding.policy and fnmatchcase(finding.address, pattern)


def parsed(option: str) -> Waiver:
    """Return the waiver that `POLICY[:ADDRESS]=REASON` says.

    The reason is what follows the last `=`, because an address may have one in a key.

    Raises
    ------
    WaiverError
        It has no reason, or names no policy.
    """
    scope, _, reason = option.rpartition("=")
    policy, _, address = scope.partition(":")
    return _checked(policy.strip(), address.strip() or "*", reason.strip(), option)


def from_document(document: dict[str, Any], source: str) -> list[Waiver]:
    """Return the waivers of a file: `{"waivers": [{"policy": …, "address": …, "reason": …}]}`.

    Raises
    ------
    WaiverError
        One has no reason, names no policy, or says what nobody understands.
    """
    listed = document.get("waivers")
    if not isinstance(listed, list) or set(document) != {"waivers"}:
        raise WaiverError(f"{source}: allowed is one list, waivers")
    found = []
    for number, each in enumerate(listed, 1):
        where = f"{source}: waiver {number}"
        if not isinstance(each, dict) or not set(each) <= _KEYS:
            raise WaiverError(f"{where}: allowed are {', '.join(sorted(_KEYS))}")
        values = {key: value.strip() for key, value in each.items() if isinstance(value, str)}
        found.append(
            _checked(
                values.get("policy", ""),
                values.get("address") or "*",
                values.get("reason", ""),
                where,
            )
        )
    return found


def waiver_of(finding: Finding, waivers: Iterable[Waiver]) -> Waiver | None:
    """Return the waiver that covers a finding, if any does."""
    return next((each for each in waivers if each.covers(finding)), None)


def _checked(policy: str, address: str, reason: str, where: str) -> Waiver:
    known = [each.id for each in POLICIES]
    if policy not in known:
        raise WaiverError(f"{where}: no policy {policy!r}; allowed {', '.join(known)}")
    if len(reason.split()) < 2:
        raise WaiverError(f"{where}: a waiver says why, in words: POLICY[:ADDRESS]=REASON")
    return Waiver(policy, address, reason)

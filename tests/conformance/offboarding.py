"""The end of tenants whose application plane the tests are."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from tests.conformance.bus import Bus
from tests.waiting import eventually

_STEPS = (("provisionSuccess", "DEPROVISIONING"), ("deprovisionSuccess", "DELETED"))


def offboard(api: httpx.Client, bus: Bus, registrations: Sequence[str]) -> None:
    """Delete tenants, and answer for their application plane until they are gone.

    Parameters
    ----------
    registrations : sequence of str
        The ids of their registrations. No operation runs on them but their onboarding.
    """
    left = [each for each in registrations if each in _statuses(api)]
    for each in left:
        api.delete(f"/tenant-registrations/{each}").raise_for_status()
    for event, reached in _STEPS:
        found = _statuses(api)
        output: dict[str, dict[str, str]] = {"tenantData": {}, "tenantRegistrationData": {}}
        for each in left:
            if found[each] != reached:
                bus.say(event, {"tenantRegistrationId": each, "jobOutput": output})
        _await(api, left, reached)


def _await(api: httpx.Client, registrations: Sequence[str], status: str) -> None:
    def reached() -> bool:
        found = _statuses(api)
        return all(found.get(each, "DELETED") == status for each in registrations)

    eventually(reached)


def _statuses(api: httpx.Client) -> dict[str, str]:
    """Return the status of every tenant that is not gone, by its registration."""
    found: dict[str, str] = {}
    token = ""
    while True:
        answer = api.get("/tenants", params={"limit": 1000, "next_token": token})
        page = answer.raise_for_status().json()
        found |= {row["tenantRegistrationId"]: row["tenantStatus"] for row in page["data"]}
        token = page.get("next_token", "")
        if not token:
            return found

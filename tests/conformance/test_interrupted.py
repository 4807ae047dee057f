"""What a crash leaves between a write elsewhere and its record is completed, and only once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.control_plane import runtime, sweep
from services.tenancy.events import EventName
from tests.conformance.test_events import send
from tests.conformance.test_lifecycle import _audit, onboarded

pytestmark = [
    pytest.mark.local_aws,
    pytest.mark.skipif(
        "CONTROL_PLANE_URL" in os.environ, reason="interrupts handlers that are deployed elsewhere"
    ),
]


@contextmanager
def crashing(monkeypatch: pytest.MonkeyPatch, what: str = "fulfil") -> Iterator[None]:
    """Let the function die where it calls the registry's method."""

    def dies(*_: Any, **__: Any) -> None:
        raise RuntimeError("the function was killed")

    with monkeypatch.context() as patched:
        patched.setattr(runtime.current().registry, what, dies)
        yield


def swept(monkeypatch: pytest.MonkeyPatch) -> int:
    with monkeypatch.context() as patched:
        patched.setenv("OUTBOX_AGE_SECONDS", "0")
        held = runtime.current()
        patched.setattr(sweep, "resend", lambda *_: (0, 0))
        found: int = sweep.handler({}, None)["settled"]
        assert not held.registry.intents(datetime.now(UTC)).items
    return found


def recorded(api: httpx.Client, name: str) -> list[tuple[str, str]]:
    found = [each for each in _audit(api) if name in str(each)]
    return [(each["action"], each["actor"]) for each in found]


def told(name: str) -> list[EventName]:
    later = datetime.now(UTC) + timedelta(minutes=1)
    page = runtime.current().registry.unpublished(later, 1000)
    return [e.name for e in page.items if json.loads(e.detail).get("userName") == name]


def user(name: str, role: str = "SupportReader") -> dict[str, str]:
    return {"userName": name, "userRole": role, "email": f"{name}@example.com"}


def test_creating_a_user_is_completed_by_the_callers_repetition(
    api: httpx.Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with crashing(monkeypatch):
        assert api.post("/users", json=user(name)).status_code == 500
    assert (recorded(api, name), told(name)) == ([], [])
    other = user(name, "SystemAdmin")
    assert api.post("/users", json=other).status_code == 409  # another request is no repetition
    assert api.post("/users", json=user(name)).status_code == 201
    assert api.post("/users", json=user(name)).status_code == 409
    assert swept(monkeypatch) == 0
    assert recorded(api, name) == [("user.create", "conformance")]
    assert told(name) == [EventName.TENANT_USER_CREATED]


def test_what_nobody_repeats_is_completed_by_the_sweep(
    api: httpx.Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with crashing(monkeypatch):
        assert api.post("/users", json=user(name)).status_code == 500
    assert swept(monkeypatch) == 1
    with crashing(monkeypatch):
        assert api.put(f"/users/{name}/disable").status_code == 500
        assert api.delete(f"/users/{name}").status_code == 500
    assert api.delete(f"/users/{name}").status_code == 404
    assert swept(monkeypatch) == 2
    actions = [action for action, _ in recorded(api, name)]
    assert actions == ["user.create", "user.disable", "user.delete"]
    assert set(told(name)) == {EventName.TENANT_USER_CREATED, EventName.TENANT_USER_DELETED}


def test_what_was_not_done_leaves_nothing(
    api: httpx.Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(runtime.current().users, "create", lambda *_: 1 / 0)
        assert api.post("/users", json=user(name)).status_code == 500
    assert swept(monkeypatch) == 0
    assert (recorded(api, name), told(name)) == ([], [])


def test_meters_and_cancelled_usage(
    api: httpx.Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = onboarded(api, f"{name}t")
    metric = {"name": name, "unit": "", "value": "1"}
    usage = {"tenantId": data["tenantId"], "timestamp": "2026-01-05T00:00:00Z", "metric": metric}
    send(EventName.INGEST_USAGE, f"{name}-u", usage)
    with crashing(monkeypatch):
        assert api.post("/meters", json={"name": name}).status_code == 500
        cancelled = api.request("DELETE", "/usage", json={"eventIds": [f"{name}-u"]})
        assert cancelled.status_code == 500
    made = api.post("/meters", json={"name": name})
    assert made.status_code == 201
    path = f"/meters/{made.json()['data']['meterId']}"
    with crashing(monkeypatch):
        assert api.put(path, json={"unit": "call"}).status_code == 500
        assert api.delete(path).status_code == 500
    assert swept(monkeypatch) == 3
    actions = [action for action, _ in recorded(api, name) if "tenant" not in action]
    assert sorted(a for a in actions if a.startswith("meter")) == [
        "meter.create",
        "meter.delete",
        "meter.update",
    ]
    assert "usage.cancel" in actions

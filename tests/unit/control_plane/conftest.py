"""Each test has a registry of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.control_plane import runtime
from tests.unit.control_plane.requests import NotingRegistry, use


@pytest.fixture(autouse=True)
def what_was_held() -> Iterator[None]:
    """Give back what the process held before: other tests of the same run may hold a real one."""
    before = list(runtime._held)
    yield
    runtime._held[:] = before


@pytest.fixture
def registry() -> NotingRegistry:
    noting = NotingRegistry()
    use(noting)
    return noting

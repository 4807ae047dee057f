"""Each test has a registry of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.control_plane import runtime
from tests.unit.control_plane.requests import NotingRegistry, use


@pytest.fixture
def registry() -> Iterator[NotingRegistry]:
    noting = NotingRegistry()
    use(noting)
    yield noting
    runtime.use(None)

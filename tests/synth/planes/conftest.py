"""Both planes, of the system that is synthesised once."""

from __future__ import annotations

import pytest

from tests.synth.template import Template


@pytest.fixture(scope="session")
def planes(templates: dict[str, Template]) -> dict[str, Template]:
    """The root modules of both planes."""
    return {name: templates[name] for name in ("control-plane", "application-plane")}

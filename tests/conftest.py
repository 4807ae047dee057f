"""What every test run needs before its first test is imported, and what its packages share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# Before anything starts jsii's Node process: it prepares the lazy import of the AWS bindings.
import constructs_lib  # noqa: F401
from services.local_aws.machine import LocalAws
from tests.aws import free_port

# How long cases take to draw says how busy the machine is, where phases of CI go on side by side.
settings.register_profile("beside", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("beside")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files of minutes first; `--no-loadscope-reorder` hands files out in this order."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def shared_local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """A local AWS that all tests of a process share: each names what it makes as no other does.

    Who kills it, or reads of it what others may have made, starts one of their own.
    """
    local = LocalAws(tmp_path_factory.mktemp("shared-local-aws"), free_port())
    local.up()
    try:
        yield local
    finally:
        local.down()

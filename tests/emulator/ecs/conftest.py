"""What the runner's tests share."""

from __future__ import annotations

import pytest

from services.local_aws.machine import LocalAws
from tests.emulator.ecs.environment import Environment


@pytest.fixture(scope="session")
def pool(shared_local_aws: LocalAws) -> Environment:
    environment = Environment(shared_local_aws.status().endpoint, "pool")
    environment.build()
    return environment

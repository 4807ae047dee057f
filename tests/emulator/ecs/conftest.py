"""What the runner's tests share."""

from __future__ import annotations

import pytest

from services.local_aws.machine import LocalAws
from tests.emulator.ecs.environment import Environment
from tests.emulator.images import pushed


@pytest.fixture(scope="session")
def pool(shared_local_aws: LocalAws) -> Environment:
    ecr = Environment(shared_local_aws.status().endpoint, "registry").client("ecr")
    pushed(shared_local_aws, ecr, "acme", "products", "users", "orders", "gateway")
    environment = Environment(shared_local_aws.status().endpoint, "pool")
    environment.build()
    return environment

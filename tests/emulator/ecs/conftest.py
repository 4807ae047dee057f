"""A local AWS of its own for the runner's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.local_aws.machine import LocalAws
from tests.aws import free_port
from tests.emulator.ecs.environment import Environment
from tests.emulator.images import pushed


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    local = LocalAws(tmp_path_factory.mktemp("local"), free_port())
    local.up()
    ecr = Environment(local.status().endpoint, "registry").client("ecr")
    pushed(local, ecr, "acme", "products", "users", "orders", "gateway")
    yield local
    local.down()


@pytest.fixture(scope="session")
def pool(local: LocalAws) -> Environment:
    environment = Environment(local.status().endpoint, "pool")
    environment.build()
    return environment

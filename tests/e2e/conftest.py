"""The system that all tests of this folder use, one after the other."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.e2e.system import PROJECT, System


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    modules = PROJECT / "cdktf.out/stacks/platform/cdk.tf.json"
    assert modules.is_file(), "the root modules are missing: run `make synth`"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    system = System.create(tmp_path_factory.mktemp("system"), port)
    yield system
    system.local.reset()

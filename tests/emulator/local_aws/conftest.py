"""A patched and a stock emulator, each with a home and a port of its own."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from services.local_aws.machine import LocalAws
from tests.aws import aws_client, free_port


@dataclass(frozen=True)
class Aws:
    """An emulator's endpoint and how to speak to it."""

    endpoint: str

    def client(self, service: str, **credentials: str) -> Any:
        """Return a boto3 client; of the account's root unless credentials are given."""
        once = Config(retries={"total_max_attempts": 1})
        return aws_client(service, self.endpoint, credentials, config=once)


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """The local AWS as users start it."""
    local = LocalAws(tmp_path_factory.mktemp("local"), free_port())
    local.up()
    yield local
    local.down()


@pytest.fixture(scope="session")
def patched(local: LocalAws) -> Aws:
    """The emulator with the overlay."""
    return Aws(local.environment()["AWS_ENDPOINT_URL"])


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The emulator as it comes."""
    port = free_port()
    home = tmp_path_factory.mktemp("stock")
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "services.local_aws.server.server",
                "--home",
                str(home),
                "--port",
                str(port),
                "--stock",
            ],
            cwd=Path(__file__).parents[3],
            stdout=log,
            stderr=log,
        )
    try:
        _await(port)
        yield Aws(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(30)


def _await(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("the stock emulator does not answer")

"""The command of each image, as a process in the image's files."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from constructs_lib.gateway.config import envoy_config
from constructs_lib.gateway.upstream import Route
from tests.aws import free_port
from tests.unit.provisioning.images.dockerfile import Container

SERVICES = ("orders", "products", "users")
needs_namespaces = pytest.mark.skipif(
    subprocess.run(
        ["unshare", "--mount", "--user", "--map-root-user", "true"], check=False
    ).returncode
    != 0,
    reason="this machine gives no process a root file system of its own (unshare)",
)


@needs_namespaces
def test_each_service_runs_well_in_its_image_s_files(tmp_path: Path) -> None:
    """With what the image installs alone, without rights, and with nothing to write on."""
    running = {}
    for name in SERVICES:
        settings = {
            "SERVICE_NAME": name,
            "PORT": str(free_port()),
            "BIND_HOST": "127.0.0.1",
            "TIER": "premium",
            "ISOLATION": "silo",
            "TENANT_ID": "acme",
            "USER_POOL_ID": "us-east-1_abc",
            "APP_CLIENT_ID": "client",
            "AWS_REGION": "us-east-1",
            "TABLE_NAME": f"acme-{name}",
            "PRODUCTS_URL": "http://127.0.0.1:9",
        }
        (tmp_path / name).mkdir()
        container = Container(name, tmp_path / name, settings)
        running[container] = container.start(*container.image.arguments())
    try:
        for container, process in running.items():
            await_answer(container, process)
            check = container.start(*container.image.health)
            said, _ = check.communicate(timeout=10)
            assert check.returncode == 0, said
    finally:
        for process in running.values():
            process.terminate()
        left = {c.name: p.communicate(timeout=10)[0] for c, p in running.items()}
    # uvicorn ends as the signal would have it, once it has drained.
    assert {process.returncode for process in running.values()} == {-signal.SIGTERM}, left


@needs_namespaces
def test_the_gateway_runs_well_in_its_image_s_files(tmp_path: Path) -> None:
    """As the services do: it has nothing to write on, and the image can ask how it is."""
    port = free_port()
    settings = {"PORT": str(port), "BIND_HOST": "127.0.0.1"}
    container = Container("gateway", tmp_path, settings)
    config = envoy_config([Route("orders", "/orders", 1)], "acme.sc", port=port)
    command = container.image.arguments(None, ["--config-yaml", json.dumps(config)])
    unwell = container.start(*container.image.health)
    said, _ = unwell.communicate(timeout=10)
    assert unwell.returncode == 1, said
    process = container.start(*command)
    try:
        await_answer(container, process)
        check = container.start(*container.image.health)
        said, _ = check.communicate(timeout=10)
        assert check.returncode == 0, said
    finally:
        process.terminate()
        left, _ = process.communicate(timeout=10)
    assert process.returncode == 0, left


def await_answer(container: Container, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 20
    while True:
        assert process.poll() is None, process.communicate()[0]
        try:
            port = int(container.environment["PORT"])
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "the service does not listen"
            time.sleep(0.02)
        else:
            return


@needs_namespaces
def test_the_runner_carries_out_a_request_without_the_project(tmp_path: Path) -> None:
    """It gets as far as AWS with what the image holds: the request is refused for its values."""
    operation = {
        "source": "sbt.control.plane",
        "detail-type": "sbt_aws_onboardingRequest",
        "detail": {},
    }
    settings = {"OPERATION": json.dumps(operation), "EVENT_BUS": "bus"}
    container = Container("provisioner", tmp_path, settings)
    process = container.start(*container.image.arguments())
    said, _ = process.communicate(timeout=20)
    assert "ModuleNotFoundError" not in said
    assert "eventId" in said
    deeper = container.start(
        "python",
        "-c",
        "import services.provisioning.tenants.tenants, services.provisioning.deployment as d;"
        "from services.configuration import load; print(load('saas.tfvars').name)",
    )
    said, _ = deeper.communicate(timeout=20)
    assert deeper.returncode == 0, said

"""From a container definition to a program: environment, Envoy's arguments, health check."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.gateway.config import envoy_config
from constructs_lib.gateway.upstream import Route
from services.local_aws.ecs.launch import HealthCheck, Launch, health_check, launch
from services.local_aws.images.image import Image

INJECTED = {
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:4566/v2/credentials/x",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
}
PYTHON = Image(
    "sha256:0",
    Path("/none"),
    command=("python", "-m", "services.application.runtime"),
    environment={"A": "image"},
)
ENVOY = Image(
    "sha256:1", Path("/none"), entrypoint=("/usr/local/bin/envoy", "--disable-hot-restart")
)


def launched(
    image: Image = PYTHON,
    definition: dict[str, Any] | None = None,
    *,
    has_role: bool = True,
    **environment: str,
) -> Launch:
    return launch(
        image,
        definition or {},
        {**INJECTED, **environment},
        address="127.20.1.2",
        region="eu-west-1",
        has_role=has_role,
        dns_port=5353,
    )


def test_nothing_of_the_parents_environment_reaches_a_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the developer's")
    monkeypatch.setenv("HOME", "/home/developer")
    environment = launched(PORT="3010").environment
    assert set(environment) == {
        *INJECTED,
        "A",
        "PORT",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_EC2_METADATA_DISABLED",
        "BIND_HOST",
        "PATH",
    }
    assert environment["BIND_HOST"] == "127.20.1.2"


def test_a_containers_variable_wins_over_the_images() -> None:
    assert launched(A="container").environment["A"] == "container"


def test_without_a_task_role_there_are_no_credentials() -> None:
    environment = launched(has_role=False).environment
    assert not [name for name in environment if name.startswith("AWS_CONTAINER")]


def test_python_modules_are_forked_and_other_programs_are_not(tmp_path: Path) -> None:
    assert not launched().fork  # there is no interpreter in the tree
    program = tmp_path / "usr/local/bin/python"
    program.parent.mkdir(parents=True)
    program.symlink_to(sys.executable)
    image = replace(PYTHON, tree=tmp_path)
    assert launched(image).fork
    assert not launched(image, {"command": ["python", "script.py"]}).fork
    assert not launched(ENVOY, {"command": ["--version"]}).fork


def test_ports_and_the_time_to_stop() -> None:
    plan = launched(
        definition={
            "portMappings": [{"containerPort": 80}, {"containerPort": 53, "protocol": "udp"}],
            "stopTimeout": 7,
        }
    )
    assert (plan.ports, plan.stop_timeout_seconds) == ((80,), 7)
    assert launched().stop_timeout_seconds == 30


def test_envoy_listens_on_the_tasks_address_and_asks_the_local_dns() -> None:
    config = envoy_config([Route("orders", "/orders", 3010)], "acme.sc")
    plan = launched(ENVOY, {"command": ["--config-yaml", json.dumps(config)]})
    assert plan.arguments[:2] == ("/usr/local/bin/envoy", "--disable-hot-restart")
    fitted = json.loads(plan.arguments[plan.arguments.index("--config-yaml") + 1])
    (listener,) = fitted["static_resources"]["listeners"]
    assert listener["address"]["socket_address"] == {"address": "127.20.1.2", "port_value": 8080}
    resolver = fitted["typed_dns_resolver_config"]["typed_config"]
    assert resolver["resolvers"] == [
        {"socket_address": {"address": "127.0.0.1", "port_value": 5353}}
    ]
    assert fitted["static_resources"]["clusters"] == config["static_resources"]["clusters"]  # type: ignore[index]
    assert plan.arguments.count("--concurrency") == 1


def test_an_envoy_that_says_how_many_workers_keeps_them() -> None:
    plan = launched(ENVOY, {"command": ["--concurrency", "4", "--config-yaml={}"]})
    assert plan.arguments.count("--concurrency") == 1
    assert '"typed_dns_resolver_config"' in next(
        each for each in plan.arguments if each.startswith("--config-yaml=")
    )


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["CMD-SHELL", "curl -f http://localhost:3010/health || exit 1"], (3010, "/health")),
        (
            ["CMD", "python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:80')"],
            (80, "/"),
        ),
    ],
)
def test_a_health_check_that_asks_a_url(command: list[str], expected: tuple[int, str]) -> None:
    found = health_check({"healthCheck": {"command": command, "interval": 10, "retries": 2}})
    assert found == HealthCheck(*expected, interval_seconds=10, retries=2)


def test_another_health_check_is_not_run() -> None:
    assert health_check({"healthCheck": {"command": ["CMD", "true"]}}) is None
    assert health_check({}) is None

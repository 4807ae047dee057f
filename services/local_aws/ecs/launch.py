"""How a container definition becomes a program on this machine. Pure decisions, no processes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from services.local_aws.ecs.names import VARIABLE as SERVICE_CONNECT_DNS
from services.local_aws.images.image import Image

#: ECS gives a container this long between SIGTERM and SIGKILL if its definition names no other.
STOP_TIMEOUT_SECONDS = 30

_ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - recognised in order to be replaced
_OWN_URL = re.compile(
    r"https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::(?P<port>\d+))?(?P<path>/[^\s'\"|)]*)?"
)
_CREDENTIALS = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN")


@dataclass(frozen=True)
class HealthCheck:
    """A container health check that asks a URL of the container itself."""

    port: int
    path: str
    interval_seconds: float = 30
    timeout_seconds: float = 5
    retries: int = 3
    start_seconds: float = 0


@dataclass(frozen=True)
class Launch:
    """A program to start.

    Attributes
    ----------
    fork : bool
        It is `python -m module ...`, which the prepared interpreter can become.
    ports : tuple of int
        Where it will listen; it is not ready before it does.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    fork: bool
    ports: tuple[int, ...]
    health: HealthCheck | None
    stop_timeout_seconds: float


def launch(
    image: Image,
    definition: Mapping[str, Any],
    environment: Mapping[str, str],
    *,
    address: str,
    region: str,
    has_role: bool,
    dns_port: int,
) -> Launch:
    """Decide what to run for one container of a task.

    Parameters
    ----------
    definition : mapping
        The container definition.
    environment : mapping
        The definition's variables and secrets, and what ECS injects.
    address : str
        The task's own loopback address; the program listens there and nowhere else.
    has_role : bool
        Whether the task has a role. Without one it gets no credentials, as on AWS.
    dns_port : int
        Where Service Connect aliases are resolved.
    """
    arguments = image.arguments(definition.get("entryPoint"), definition.get("command"))
    merged = {**image.variables(), **environment}
    if not has_role:
        for name in _CREDENTIALS:
            merged.pop(name, None)
    merged.setdefault("AWS_REGION", region)
    merged.setdefault("AWS_DEFAULT_REGION", region)
    merged.setdefault("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE")
    # A task that finds no credentials of its own must not go on to look for the machine's.
    merged["AWS_EC2_METADATA_DISABLED"] = "true"
    merged["BIND_HOST"] = address

    program = PurePosixPath(arguments[0]).name
    is_module = program.startswith("python") and len(arguments) > 2 and arguments[1] == "-m"
    fork = is_module and image.python is not None
    if program == "envoy":
        arguments = envoy_arguments(arguments, address=address, dns_port=dns_port)
    if fork:
        merged[SERVICE_CONNECT_DNS] = f"127.0.0.1:{dns_port}"
    return Launch(
        arguments=tuple(arguments),
        environment=merged,
        fork=fork,
        ports=tuple(
            mapping["containerPort"]
            for mapping in definition.get("portMappings", ())
            if mapping.get("protocol", "tcp") == "tcp"
        ),
        health=health_check(definition),
        stop_timeout_seconds=float(definition.get("stopTimeout") or STOP_TIMEOUT_SECONDS),
    )


def health_check(definition: Mapping[str, Any]) -> HealthCheck | None:
    """Return the container health check, if its command asks a URL of its own container.

    The runner asks the URL itself: a program started for each check, in each of a hundred tasks,
    would be most of what a small machine does. Another kind of command is not run.

    Examples
    --------
    >>> health_check({"healthCheck": {"command": ["CMD-SHELL", "curl -f http://localhost:80/up"]}})
    HealthCheck(port=80, path='/up', interval_seconds=30, timeout_seconds=5, retries=3, \
start_seconds=0)
    """
    given = definition.get("healthCheck") or {}
    found = _OWN_URL.search(" ".join(given.get("command", ())))
    if found is None:
        return None
    return HealthCheck(
        port=int(found["port"] or 80),
        path=found["path"] or "/",
        interval_seconds=given.get("interval") or 30,
        timeout_seconds=given.get("timeout") or 5,
        retries=given.get("retries") or 3,
        start_seconds=given.get("startPeriod") or 0,
    )


def envoy_arguments(arguments: Sequence[str], *, address: str, dns_port: int) -> list[str]:
    """Fit Envoy's command to a machine that many tasks share.

    Listeners on all addresses move to the task's own. Names are asked of the local AWS's DNS
    server, and only there: Envoy's resolver knows no other way to learn a Service Connect alias
    here, and the machine's resolver has no business with them.
    """
    fitted = list(arguments)
    for position, argument in enumerate(fitted):
        if argument == "--config-yaml" and position + 1 < len(fitted):
            fitted[position + 1] = _envoy_config(fitted[position + 1], address, dns_port)
        elif argument.startswith("--config-yaml="):
            text = argument.partition("=")[2]
            fitted[position] = f"--config-yaml={_envoy_config(text, address, dns_port)}"
    # One worker: each of Envoy's threads would cost memory in every task of every tenant. And the
    # access log within a second instead of ten.
    for flag, value in (("--concurrency", "1"), ("--file-flush-interval-msec", "500")):
        if flag not in fitted:
            fitted += [flag, value]
    if "--disable-hot-restart" not in fitted:
        fitted.append("--disable-hot-restart")
    return fitted


def _envoy_config(text: str, address: str, dns_port: int) -> str:
    config = json.loads(text)
    _move_listeners(config.get("static_resources", {}).get("listeners", []), address)
    config["typed_dns_resolver_config"] = {
        "name": "envoy.network.dns_resolver.cares",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3"
            ".CaresDnsResolverConfig",
            "resolvers": [{"socket_address": {"address": "127.0.0.1", "port_value": dns_port}}],
            "use_resolvers_as_fallback": False,
            "dns_resolver_options": {"no_default_search_domain": True},
        },
    }
    return json.dumps(config, separators=(",", ":"))


def _move_listeners(listeners: Sequence[dict[str, Any]], address: str) -> None:
    for listener in listeners:
        place = listener.get("address", {}).get("socket_address", {})
        if place.get("address") == _ANY_ADDRESS:
            place["address"] = address

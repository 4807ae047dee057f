"""The service manifest as what constructs take: statements, variables, tables, routes. No cdktf.

Whatever the manifest says literally is escaped here, so that Terraform does not evaluate it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from constructs_lib.compute.container import HealthCheck
from constructs_lib.identity.statement import UNNAMEABLE_ACTIONS, Statement
from services.configuration import Configuration, GatewaySpec, ServiceSpec
from services.gateway.config import Route, envoy_config

GATEWAY: Final = "gateway"


def component_names(configuration: Configuration) -> list[str]:
    """Return the services and the gateway, each of which has an image repository."""
    return [*configuration.services, GATEWAY]


def image(spec: ServiceSpec | GatewaySpec, repository_url: str, release: str) -> str:
    """Return the image of a service: the one the manifest names, else the release's own."""
    return literal(spec.image) if spec.image else f"{repository_url}:{release}"


def permissions(spec: ServiceSpec) -> list[Statement]:
    """Return what the manifest lets a service do beside reaching its own table."""
    statements = []
    for permission in spec.permissions:
        unnameable = [action for action in permission.actions if action in UNNAMEABLE_ACTIONS]
        nameable = [action for action in permission.actions if action not in UNNAMEABLE_ACTIONS]
        if unnameable:
            statements.append(Statement(unnameable))
        if nameable:
            resources = [literal(resource) for resource in permission.resources]
            statements.append(Statement(nameable, resources))
    return statements


def environment(spec: ServiceSpec) -> dict[str, str]:
    """Return the variables that the manifest gives a service."""
    return {name: literal(value) for name, value in spec.environment.items()}


def health_check(spec: ServiceSpec) -> HealthCheck | None:
    """Return the check inside the container; none for images of others, which may lack Python."""
    if spec.image:
        return None
    url = f"http://127.0.0.1:{spec.port}{spec.health_path}"
    return HealthCheck(
        ("python", "-c", f"import urllib.request as r; r.urlopen('{url}', timeout=3).read()")
    )


def gateway_command(configuration: Configuration, namespace: str) -> list[str]:
    """Return the gateway's command, which holds its whole configuration.

    `namespace` may be a Terraform expression.
    """
    config = envoy_config(
        [
            Route(name=name, path=spec.path, port=spec.port)
            for name, spec in configuration.services.items()
        ],
        namespace,
        port=configuration.gateway.port,
        health_path=configuration.gateway.health_path,
    )
    return ["--config-yaml", json.dumps(config, separators=(",", ":"))]


def ports(configuration: Configuration) -> list[int]:
    """Return the ports that services serve each other."""
    return sorted({spec.port for spec in configuration.services.values()})


def storages(configuration: Configuration) -> Mapping[str, ServiceSpec]:
    """Return the services that have a table."""
    return {name: spec for name, spec in configuration.services.items() if spec.storage}


def literal(text: str) -> str:
    """Return `text` so that Terraform takes it as it is.

    >>> literal("arn:aws:s3:::docs/${aws:PrincipalTag/TenantId}/*")
    'arn:aws:s3:::docs/$${aws:PrincipalTag/TenantId}/*'
    """
    return text.replace("${", "$${").replace("%{", "%%{")

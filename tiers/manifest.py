"""The service manifest as what constructs take: statements, variables, tables, routes. No cdktf.

Whatever the manifest says literally is escaped here, so that Terraform does not evaluate it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from graphlib import TopologicalSorter
from typing import Final

from constructs_lib.compute.container import HealthCheck
from constructs_lib.gateway.config import envoy_config
from constructs_lib.gateway.upstream import Route
from constructs_lib.identity.statement import UNNAMEABLE_ACTIONS, Statement
from services.configuration import Configuration, GatewaySpec, PlugIn, ServiceSpec
from services.storage.engine import Infrastructure
from services.storage.interface import Shape
from services.storage.registry import engine

GATEWAY: Final = "gateway"

_USER_ACTIONS: Final = (
    "cognito-idp:AdminAddUserToGroup",
    "cognito-idp:AdminCreateUser",
    "cognito-idp:AdminDeleteUser",
    "cognito-idp:AdminDisableUser",
    "cognito-idp:AdminEnableUser",
    "cognito-idp:AdminGetUser",
    "cognito-idp:AdminListGroupsForUser",
    "cognito-idp:AdminRemoveUserFromGroup",
    "cognito-idp:AdminUpdateUserAttributes",
    "cognito-idp:AdminUserGlobalSignOut",
    "cognito-idp:ListUsers",
    "cognito-idp:ListUsersInGroup",
)


def component_names(configuration: Configuration) -> list[str]:
    """Return the services and the gateway, each of which has an image repository."""
    return [*configuration.services, GATEWAY]


def image(configuration: Configuration, name: str, repository_url: str, release: str) -> str:
    """Return the image of a component: the one the manifest names, else the release's own.

    Of the release whose digests are known, the image is named by its digest, so that nothing
    that happens in the registry changes what runs. `release` may be a Terraform expression.
    """
    specs: Mapping[str, ServiceSpec | GatewaySpec] = {
        **configuration.services,
        GATEWAY: configuration.gateway,
    }
    if name in specs and (given := specs[name].image):
        return literal(given)
    lock = configuration.images
    if lock is None or name not in lock.digests:
        return f"{repository_url}:{release}"
    if "${" not in release:
        digest = lock.digests[name]
        return f"{repository_url}{f'@{digest}' if release == lock.release else f':{release}'}"
    known = f'"{release}" == "{lock.release}"'
    return f'{repository_url}${{{known} ? "@{lock.digests[name]}" : ":{release}"}}'


def permissions(spec: ServiceSpec | PlugIn) -> list[Statement]:
    """Return what the configuration lets a service or a plug-in do on top."""
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


def user_management(spec: ServiceSpec, user_pool_arn: str) -> list[Statement]:
    """Return what a service may do to the users of its pool: only what the manifest says.

    IAM knows user pools and not users: in a shared pool the service itself keeps tenants apart.
    """
    if not spec.manages_users:
        return []
    return [Statement(_USER_ACTIONS, [user_pool_arn], sid="ManageUsers")]


def service_urls(configuration: Configuration, spec: ServiceSpec, namespace: str) -> dict[str, str]:
    """Return, as `PRODUCTS_URL`, where a service finds those that it calls.

    `namespace` may be a Terraform expression.
    """
    return {
        f"{name.upper().replace('-', '_')}_URL": (
            f"http://{name}-api.{namespace}:{configuration.services[name].port}"
        )
        for name in spec.calls
    }


def called_first(configuration: Configuration) -> list[str]:
    """Return the services' names, each after those that it calls."""
    calls = {name: spec.calls for name, spec in configuration.services.items()}
    return list(TopologicalSorter(calls).static_order())


def environment(spec: ServiceSpec) -> dict[str, str]:
    """Return the variables that the manifest gives a service."""
    given = {name: literal(value) for name, value in spec.environment.items()}
    return {**given, "ADMIN_ONLY": "true"} if spec.admin_only else given


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
    return _stored_in(configuration, Infrastructure.TABLE)


def databases(configuration: Configuration) -> Mapping[str, ServiceSpec]:
    """Return the services that have a database."""
    return _stored_in(configuration, Infrastructure.SERVER)


def database_name(service: str) -> str:
    """Return the name of a service's database, which is that of its user too.

    It is none of PostgreSQL's own names, as a service's name may be.

    >>> database_name("order-lines")
    'order_lines_service'
    """
    return f"{service.replace('-', '_')}_service"


def storage_shape(spec: ServiceSpec) -> str:
    """Return the key and the indexes of a service's documents, as its migration takes them."""
    if spec.storage is None:
        raise LookupError(f"{spec.name} has no storage in the manifest")
    indexes = {index.name: index.sort_key for index in spec.storage.indexes}
    return Shape(spec.storage.sort_key, indexes).dump()


def _stored_in(configuration: Configuration, kind: Infrastructure) -> dict[str, ServiceSpec]:
    return {
        name: spec
        for name, spec in configuration.services.items()
        if spec.storage and engine(spec.storage.engine).infrastructure is kind
    }


def literal(text: str) -> str:
    """Return `text` so that Terraform takes it as it is.

    >>> literal("arn:aws:s3:::docs/${aws:PrincipalTag/TenantId}/*")
    'arn:aws:s3:::docs/$${aws:PrincipalTag/TenantId}/*'
    """
    return text.replace("${", "$${").replace("%{", "%%{")

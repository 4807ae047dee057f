"""ECS: clusters with services, namespaces that services are in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import ecs, servicediscovery

from services.local_aws.patches.registry import patch, replace, replace_entry, symbol


@patch
def clusters_with_services() -> None:
    """A cluster that has services is not deleted.

    Stock deletes it, and its services run on.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def delete(data: Mapping[str, Any]) -> Any:
            name = symbol(ecs, "_resolve_cluster_name")(data.get("cluster", "default"))
            cluster = ecs._clusters.get(name)
            if cluster is not None and any(
                service.get("clusterArn") == cluster["clusterArn"] for service in _active()
            ):
                return error_response_json(
                    "ClusterContainsServicesException",
                    "The Cluster cannot be deleted while Services are active.",
                    400,
                )
            return original(data)

        return delete

    replace_entry(symbol(ecs, "_ACTION_MAP"), "DeleteCluster", make)


@patch
def namespaces_of_service_connect() -> None:
    """A namespace is not deleted while a service of ECS is in it.

    Service Connect makes Cloud Map services of its own there; stock makes none, and deletes the
    namespace under the services that find each other by it.
    https://docs.aws.amazon.com/cloud-map/latest/api/API_DeleteNamespace.html
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def delete(data: Mapping[str, Any]) -> Any:
            namespace = symbol(servicediscovery, "_namespaces").get(data.get("Id")) or {}
            names = {namespace.get("Arn"), namespace.get("Name")} - {None}
            if any(_namespaces(service) & names for service in _active()):
                return error_response_json(
                    "ResourceInUse", "Namespace has associated services", 400
                )
            return original(data)

        return delete

    replace(servicediscovery, "_delete_namespace", make)


def _active() -> list[dict[str, Any]]:
    return [each for each in ecs._services.values() if each.get("status") != "INACTIVE"]


def _namespaces(service: Mapping[str, Any]) -> set[str]:
    configurations = [
        service.get("serviceConnectConfiguration"),
        *(each.get("serviceConnectConfiguration") for each in service.get("deployments") or ()),
    ]
    return {each["namespace"] for each in configurations if each and each.get("namespace")}

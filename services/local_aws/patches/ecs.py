"""ECS: fields of clusters, services and capacity providers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.services import ecs

from services.local_aws.patches.registry import patch, replace_entry, symbol

Handler = Callable[[dict[str, Any]], Any]

# Kept beside a service: a new deployment without a configuration of its own goes on with it.
_CONNECT = "_serviceConnectConfiguration"


@patch
def cluster_service_connect_defaults() -> None:
    """A cluster keeps the Service Connect namespace it was created with.

    Stock takes it in updates only, so the second plan wants to set it.
    """

    def make(original: Handler) -> Handler:
        def create(data: dict[str, Any]) -> Any:
            answer = original(data)
            cluster = ecs._clusters.get(data.get("clusterName", "default"))
            if cluster is not None and "serviceConnectDefaults" in data:
                cluster["serviceConnectDefaults"] = data["serviceConnectDefaults"]
            return answer

        return create

    replace_entry(symbol(ecs, "_ACTION_MAP"), "CreateCluster", make)


@patch
def service_fields() -> None:
    """A service keeps zone rebalancing and what its deployments say of Service Connect.

    Stock drops `availabilityZoneRebalancing`, `serviceConnectConfiguration` and updates of tags'
    propagation: the second plan wants to set them, and nobody can resolve a Service Connect name.
    """

    def apply(data: dict[str, Any], name: str) -> None:
        service = _service(data, name)
        if service is None:
            return
        if "availabilityZoneRebalancing" in data:
            service["availabilityZoneRebalancing"] = data["availabilityZoneRebalancing"]
        service.setdefault("availabilityZoneRebalancing", "DISABLED")
        for field in ("enableECSManagedTags", "propagateTags", "serviceRegistries"):
            if data.get(field) is not None:
                service[field] = data[field]
        if "serviceConnectConfiguration" in data:
            service[_CONNECT] = data["serviceConnectConfiguration"]
        if service.get(_CONNECT) is not None and service["deployments"]:
            service["deployments"][0]["serviceConnectConfiguration"] = service[_CONNECT]

    def make_create(original: Handler) -> Handler:
        def create(data: dict[str, Any]) -> Any:
            answer = original(data)
            if answer[0] != 200:
                return answer
            apply(data, data["serviceName"])
            return _with_service(answer, _service(data, data["serviceName"]))

        return create

    def make_update(original: Handler) -> Handler:
        def update(data: dict[str, Any]) -> Any:
            answer = original(data)
            if answer[0] != 200:
                return answer
            apply(data, data["service"])
            return _with_service(answer, _service(data, data["service"]))

        return update

    actions = symbol(ecs, "_ACTION_MAP")
    replace_entry(actions, "CreateService", make_create)
    replace_entry(actions, "UpdateService", make_update)


def _service(data: dict[str, Any], reference: str) -> dict[str, Any] | None:
    cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
    resolved = ecs._resolve_service_ref(reference)
    if resolved is None:
        return None
    service: dict[str, Any] | None = ecs._services.get(f"{cluster}/{resolved[0]}")
    return service


def _with_service(answer: Any, service: dict[str, Any] | None) -> Any:
    status, headers, body = answer
    if service is None:
        return answer
    content = {**json.loads(body), "service": ecs._sanitize(service)}
    return status, headers, json.dumps(content).encode()


@patch
def capacity_provider_draining() -> None:
    """A capacity provider keeps `managedDraining`.

    Stock drops it, so the second plan wants to set it.
    """

    def make(original: Handler) -> Handler:
        def write(data: dict[str, Any]) -> Any:
            answer = original(data)
            provider = ecs._capacity_providers.get(
                ecs._resolve_capacity_provider_name(data.get("name", ""))
            )
            if provider is not None:
                given = data.get("autoScalingGroupProvider", {}).get("managedDraining")
                group = provider["autoScalingGroupProvider"]
                group["managedDraining"] = given or group.get("managedDraining", "ENABLED")
            return answer

        return write

    actions = symbol(ecs, "_ACTION_MAP")
    replace_entry(actions, "CreateCapacityProvider", make)
    replace_entry(actions, "UpdateCapacityProvider", make)

"""Containers on ECS: a cluster with its capacity, and services that find each other in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.lazy_exports import lazily

if TYPE_CHECKING:
    from constructs_lib.compute.capacity import Capacity as Capacity
    from constructs_lib.compute.capacity import Ec2Capacity as Ec2Capacity
    from constructs_lib.compute.cluster import Cluster as Cluster
    from constructs_lib.compute.cluster import ClusterRef as ClusterRef
    from constructs_lib.compute.cluster import ICluster as ICluster
    from constructs_lib.compute.container import Container as Container
    from constructs_lib.compute.container import HealthCheck as HealthCheck
    from constructs_lib.compute.container import Preparation as Preparation
    from constructs_lib.compute.microservice import Microservice as Microservice
    from constructs_lib.compute.names import Names as Names
    from constructs_lib.compute.namespace import ServiceConnectNamespace as ServiceConnectNamespace
    from constructs_lib.compute.route import HeaderRoute as HeaderRoute
    from constructs_lib.compute.scaling import Scaling as Scaling
    from constructs_lib.compute.task_roles import ExecutionRole as ExecutionRole
    from constructs_lib.compute.task_roles import TaskRole as TaskRole

_MODULE_OF = {
    "Capacity": "capacity",
    "Cluster": "cluster",
    "ClusterRef": "cluster",
    "Container": "container",
    "Ec2Capacity": "capacity",
    "ExecutionRole": "task_roles",
    "HeaderRoute": "route",
    "HealthCheck": "container",
    "ICluster": "cluster",
    "Microservice": "microservice",
    "Names": "names",
    "Preparation": "container",
    "Scaling": "scaling",
    "ServiceConnectNamespace": "namespace",
    "TaskRole": "task_roles",
}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605 - a table is easier to keep true than two lists

__getattr__, __dir__ = lazily(__name__, _MODULE_OF)

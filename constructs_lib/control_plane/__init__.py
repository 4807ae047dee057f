"""What a control plane is made from: administrators, a registry, a bus and an HTTP API."""

from constructs_lib.control_plane.admin_pool import AdminPool, ResourceServer
from constructs_lib.control_plane.event_bus import EventBus, EventPattern, EventRule, Schedule
from constructs_lib.control_plane.expiring_table import ExpiringTable
from constructs_lib.control_plane.http_api import Access, HttpApi, Route, TokenIssuer
from constructs_lib.control_plane.pool_clients import PoolClients
from constructs_lib.control_plane.registry_table import RegistryTable, TableShape
from constructs_lib.control_plane.schema_registry import SchemaRegistry
from constructs_lib.identity.user_pool import SecondFactor

__all__ = [
    "Access",
    "AdminPool",
    "EventBus",
    "EventPattern",
    "EventRule",
    "ExpiringTable",
    "HttpApi",
    "PoolClients",
    "RegistryTable",
    "ResourceServer",
    "Route",
    "Schedule",
    "SchemaRegistry",
    "SecondFactor",
    "TableShape",
    "TokenIssuer",
]

"""Reusable CDKTF constructs for multi-tenant systems on AWS.

Importing this package loads neither cdktf nor the AWS bindings. Each name below is imported
when it is first used; the modules can be imported one by one as well.

Errors
------
`ConfigError` is the root; `constructs_lib.errors` draws the tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib import lazy_provider
from constructs_lib.lazy_exports import lazily

if TYPE_CHECKING:
    from constructs_lib.compute import Capacity as Capacity
    from constructs_lib.compute import Cluster as Cluster
    from constructs_lib.compute import ClusterRef as ClusterRef
    from constructs_lib.compute import Container as Container
    from constructs_lib.compute import Ec2Capacity as Ec2Capacity
    from constructs_lib.compute import ExecutionRole as ExecutionRole
    from constructs_lib.compute import HeaderRoute as HeaderRoute
    from constructs_lib.compute import HealthCheck as HealthCheck
    from constructs_lib.compute import ICluster as ICluster
    from constructs_lib.compute import Microservice as Microservice
    from constructs_lib.compute import Names as Names
    from constructs_lib.compute import Scaling as Scaling
    from constructs_lib.compute import ServiceConnectNamespace as ServiceConnectNamespace
    from constructs_lib.compute import TaskRole as TaskRole
    from constructs_lib.edge import ApiAccount as ApiAccount
    from constructs_lib.edge import AuthorizerRef as AuthorizerRef
    from constructs_lib.edge import EdgeRoute as EdgeRoute
    from constructs_lib.edge import SiteDomain as SiteDomain
    from constructs_lib.edge import StaticSite as StaticSite
    from constructs_lib.edge import TenantApi as TenantApi
    from constructs_lib.edge import TenantKey as TenantKey
    from constructs_lib.edge import UsageLimits as UsageLimits
    from constructs_lib.errors import ConfigError as ConfigError
    from constructs_lib.hcl.module import HclModule as HclModule
    from constructs_lib.hcl.module import ModuleInputError as ModuleInputError
    from constructs_lib.hcl.reader import HclSyntaxError as HclSyntaxError
    from constructs_lib.identity import Claim as Claim
    from constructs_lib.identity import Role as Role
    from constructs_lib.identity import SignInPage as SignInPage
    from constructs_lib.identity import Statement as Statement
    from constructs_lib.identity import Trust as Trust
    from constructs_lib.identity import UserPool as UserPool
    from constructs_lib.naming import NameTooLongError as NameTooLongError
    from constructs_lib.network import INetwork as INetwork
    from constructs_lib.network import Nat as Nat
    from constructs_lib.network import Network as Network
    from constructs_lib.network import NetworkRef as NetworkRef
    from constructs_lib.observability import Alarm as Alarm
    from constructs_lib.observability import AlarmTopic as AlarmTopic
    from constructs_lib.observability import LogGroup as LogGroup
    from constructs_lib.observability import Metric as Metric
    from constructs_lib.observability import MissingData as MissingData
    from constructs_lib.routing import CellRef as CellRef
    from constructs_lib.routing import ICell as ICell
    from constructs_lib.routing import RoutingCell as RoutingCell
    from constructs_lib.stack import SaasStack as SaasStack
    from constructs_lib.stack import StackSettings as StackSettings
    from constructs_lib.storage import Database as Database
    from constructs_lib.storage import DatabaseSize as DatabaseSize
    from constructs_lib.storage import LogBucket as LogBucket
    from constructs_lib.storage import ReleaseBucket as ReleaseBucket
    from constructs_lib.storage import SecureBucket as SecureBucket
    from constructs_lib.storage import SiteLogBucket as SiteLogBucket
    from constructs_lib.storage import TableIndex as TableIndex
    from constructs_lib.storage import TenantTable as TenantTable

_MODULE_OF = {
    "Alarm": "observability",
    "AlarmTopic": "observability",
    "ApiAccount": "edge",
    "AuthorizerRef": "edge",
    "Capacity": "compute",
    "CellRef": "routing",
    "Claim": "identity",
    "Cluster": "compute",
    "ClusterRef": "compute",
    "ConfigError": "errors",
    "Container": "compute",
    "Database": "storage",
    "DatabaseSize": "storage",
    "Ec2Capacity": "compute",
    "EdgeRoute": "edge",
    "ExecutionRole": "compute",
    "HclModule": "hcl.module",
    "HclSyntaxError": "hcl.reader",
    "HeaderRoute": "compute",
    "HealthCheck": "compute",
    "ICell": "routing",
    "ICluster": "compute",
    "INetwork": "network",
    "LogBucket": "storage",
    "LogGroup": "observability",
    "Metric": "observability",
    "Microservice": "compute",
    "MissingData": "observability",
    "ModuleInputError": "hcl.module",
    "NameTooLongError": "naming",
    "Names": "compute",
    "Nat": "network",
    "Network": "network",
    "NetworkRef": "network",
    "ReleaseBucket": "storage",
    "Role": "identity",
    "RoutingCell": "routing",
    "SaasStack": "stack",
    "Scaling": "compute",
    "SecureBucket": "storage",
    "ServiceConnectNamespace": "compute",
    "SignInPage": "identity",
    "SiteDomain": "edge",
    "SiteLogBucket": "storage",
    "StackSettings": "stack",
    "Statement": "identity",
    "StaticSite": "edge",
    "TableIndex": "storage",
    "TaskRole": "compute",
    "TenantApi": "edge",
    "TenantKey": "edge",
    "TenantTable": "storage",
    "Trust": "identity",
    "UsageLimits": "edge",
    "UserPool": "identity",
}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605 - a table is easier to keep true than two lists

# Here, so that it is done before any module of ours imports a provider resource.
lazy_provider.install()

__getattr__, __dir__ = lazily(__name__, _MODULE_OF)

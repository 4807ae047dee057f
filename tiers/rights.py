"""What the code of a service may do, in a pool and in a silo: its role, and where its data is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from constructs import Construct

from constructs_lib.compute import Names, TaskRole
from constructs_lib.identity import Statement
from constructs_lib.storage.database import Database
from constructs_lib.storage.tables import TenantTable
from services.configuration import Configuration
from tiers import manifest
from tiers.databases import sign_in, with_database
from tiers.workload import ServiceRights

TableAccess = Callable[
    [Construct, str, TenantTable, TaskRole], tuple[Sequence[Statement], Mapping[str, str]]
]
"""Takes where roles are made, a service, its table and its role; gives statements and variables."""


@dataclass(frozen=True)
class Rights:
    """Gives each service a role that reaches what is its own, and nothing else.

    Parameters
    ----------
    configuration : Configuration
        Its manifest says what a service may do on top.
    names : Names
        What the names of the roles begin with.
    cluster_arn, user_pool_arn : str
    tables : mapping of str to TenantTable
        By service.
    table_access : TableAccess
        How the code reaches its table.
    database : Database, optional
        Where services without a table keep their documents.
    environment : mapping, optional
        The variables of every service.
    """

    configuration: Configuration
    names: Names
    cluster_arn: str
    user_pool_arn: str
    tables: Mapping[str, TenantTable]
    table_access: TableAccess
    database: Database | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, parent: Construct, name: str) -> ServiceRights:
        """Return the rights of the service `name`, made in `parent`; no role if it needs none."""
        spec = self.configuration.services[name]
        statements = manifest.permissions(spec)
        statements += manifest.user_management(spec, self.user_pool_arn)
        environment = dict(self.environment)
        in_database = self.database and name in manifest.databases(self.configuration)
        if not statements and name not in self.tables and not in_database:
            return ServiceRights(role=None, environment=environment)
        role = TaskRole(
            parent,
            f"{name}-role",
            names=self.names,
            service=name,
            cluster_arn=self.cluster_arn,
        )
        if name in self.tables:
            more, variables = self.table_access(parent, name, self.tables[name], role)
            statements += more
            environment |= variables
        rights = ServiceRights(role=role, environment=environment)
        if self.database and in_database:
            statements.append(sign_in(self.database, name))
            rights = with_database(rights, self.database, self.configuration, name)
        role.allow(statements)
        return rights

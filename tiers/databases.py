"""The PostgreSQL server of a pool or of a silo tenant, and a service's own database on it.

A service has a database and a user of its own there: it cannot connect to another's.
"""

from __future__ import annotations

from dataclasses import replace

from cdktf import IResolvable
from constructs import Construct

from constructs_lib import naming
from constructs_lib.compute import Names
from constructs_lib.identity import Statement
from constructs_lib.storage.database import Database, DatabaseSize
from services.configuration import Configuration
from services.contracts.stacks import PlatformContract
from services.tenancy import Tier
from tiers import manifest
from tiers.workload import ServiceRights, network_of


def database_of(
    scope: Construct,
    *,
    configuration: Configuration,
    tier: Tier,
    names: Names,
    platform: PlatformContract,
    deletion_protection: bool | IResolvable,
    last_snapshot: bool,
) -> Database | None:
    """Return the server, or nothing if the manifest keeps no documents in PostgreSQL."""
    if not manifest.databases(configuration):
        return None
    size = configuration.tiers[tier].database
    return Database(
        scope,
        "Database",
        # In its short form, because RDS allows no two hyphens in a row, as a tenant's id may have.
        name=Names(names.short or names.parts).fit(naming.DATABASE, "db"),
        network=network_of(platform),
        region=configuration.region,
        size=DatabaseSize(
            instance_class=size.instance_class,
            storage_gib=size.storage_gib,
            max_storage_gib=size.max_storage_gib,
            multi_zone=size.multi_zone,
            backup_days=size.backup_days,
        ),
        deletion_protection=deletion_protection,
        last_snapshot=last_snapshot,
    )


def sign_in(database: Database, service: str) -> Statement:
    """Return the right of a service to use its own database."""
    return database.grant_connect(manifest.database_name(service))


def with_database(
    rights: ServiceRights, database: Database, configuration: Configuration, service: str
) -> ServiceRights:
    """Return `rights` with what tells a service, and its migration, where its database is."""
    place = place_of(database, configuration, service)
    where = {name: value for name, value in place.items() if name != "STORAGE_SHAPE"}
    return replace(rights, environment={**rights.environment, **where}, migration=place)


def place_of(database: Database, configuration: Configuration, service: str) -> dict[str, str]:
    """Return the variables that say where a service's documents are, and how they are found."""
    name = manifest.database_name(service)
    return {
        "DATABASE_HOST": database.address,
        "DATABASE_PORT": database.port,
        "DATABASE_NAME": name,
        "DATABASE_USER": name,
        "STORAGE_SHAPE": manifest.storage_shape(configuration.services[service]),
    }

"""Documents in PostgreSQL databases, each row seen by its tenant alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.storage.engine import Clients, Engine, Infrastructure, Place, TenantData
from services.storage.interface import DocumentStore, Shape

if TYPE_CHECKING:
    from services.storage.engines.postgresql.connections import Database

_SSL_MODES: Final = ("disable", "verify-full")


class Storage(Engine):
    """A database of the service's own; row-level security draws the line between tenants."""

    variable = "DATABASE_HOST"
    infrastructure = Infrastructure.SERVER
    # The migration of a database is part of this system's images.
    own_images = False
    private = True

    def problems(self, place: Place) -> list[str]:
        """Return what is wrong with the variables that name a database."""
        found = [
            f"{name}: got nothing; a service with a database needs DATABASE_NAME and DATABASE_USER"
            for name in ("DATABASE_NAME", "DATABASE_USER")
            if not place.get(name)
        ]
        port = place.get("DATABASE_PORT", "5432")
        if not (port.isdecimal() and 1 <= int(port) <= 65535):
            found.append(f"DATABASE_PORT: got {port!r}; allowed 1 to 65535")
        if (mode := place.get("DATABASE_SSLMODE", "verify-full")) not in _SSL_MODES:
            found.append(f"DATABASE_SSLMODE: got {mode!r}; allowed {' or '.join(_SSL_MODES)}")
        return found

    def open(self, place: Place, clients: Clients, shape: Shape) -> DocumentStore:
        """Return the store in the database."""
        del clients
        from services.storage.engines.postgresql import connections  # noqa: PLC0415
        from services.storage.engines.postgresql.store import PostgresStore  # noqa: PLC0415

        database = database_of(place)
        password = connections.iam_token(database, place["AWS_REGION"])
        return PostgresStore(connections.connect(database, password), shape)

    def tenant_data(self, place: Place, tenant_id: str, clients: Clients) -> TenantData:
        """Return the tenant's rows; `STORAGE_SHAPE` says what their documents are found by."""
        del clients
        from services.storage.engines.postgresql import connections  # noqa: PLC0415
        from services.storage.engines.postgresql.tenant_rows import TenantRows  # noqa: PLC0415

        database = database_of(place)
        password = connections.iam_token(database, place["AWS_REGION"])
        shape = Shape.parse(place["STORAGE_SHAPE"])
        return TenantRows(connections.connect_for_long(database, password), tenant_id, shape)


def database_of(place: Place) -> Database:
    """Return the database that a place names."""
    from services.storage.engines.postgresql.connections import Database  # noqa: PLC0415

    return Database(
        place["DATABASE_HOST"],
        int(place.get("DATABASE_PORT", "5432")),
        place["DATABASE_NAME"],
        place["DATABASE_USER"],
        place.get("DATABASE_SSLMODE", "verify-full"),
    )

"""Deletes a tenant's documents of a database.

`python -m services.application.runtime.forget <tenant>`.

For a tenant that has left a pool on PostgreSQL. It runs as a task of the service, with the
service's own role and environment: row-level security lets it reach that tenant's rows alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from services.application.runtime import Settings, SettingsError
from services.application.runtime.stores import postgres_store
from services.application.runtime.tenant import TENANT_ID
from services.application.storage.interface import StorageError


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Delete and say how much; return 2 for what cannot be tried, and 1 for what failed."""
    if len(arguments) != 1 or not TENANT_ID.fullmatch(arguments[0]):
        sys.stderr.write(f"tenant: got {' '.join(arguments) or 'nothing'}; allowed one tenant id\n")
        return 2
    (tenant_id,) = arguments
    try:
        settings = Settings.from_environment(environment)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if settings.database_host is None:
        sys.stderr.write("DATABASE_HOST: got nothing; this service has no database\n")
        return 2
    store = postgres_store(settings)
    try:
        deleted = store.forget(tenant_id)
    except StorageError as error:
        sys.stderr.write(f"not deleted: {error}\n")
        return 1
    finally:
        store.close()
    sys.stdout.write(f"{settings.service_name}: {deleted} documents of {tenant_id} deleted\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], os.environ))

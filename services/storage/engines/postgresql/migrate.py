"""Migrates a service's database before the service starts.

`python -m services.storage.engines.postgresql.migrate`.

It is the one container that is given the owner's credentials, which AWS keeps and rotates; it ends
before the service's own container begins.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

import psycopg
from pydantic import BaseModel, ConfigDict, Field, Json, ValidationError

from services.storage.engines.postgresql.connections import Database
from services.storage.engines.postgresql.migrations import Connection, MigrationError, migrate
from services.storage.interface import Shape

#: A new rule of a security group, or a failover, takes some seconds to be seen.
PATIENCE_SECONDS: Final = 90.0
_LONGEST_PAUSE_SECONDS: Final = 5.0

_log = logging.getLogger("services.storage.engines.postgresql.migrate")
_Text = Annotated[str, Field(min_length=1)]


class _Owner(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    username: _Text
    password: _Text


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: _Text
    indexes: dict[str, str] = Field(default_factory=dict)


class MigrationSettings(BaseModel):
    """The environment of a migration; nothing of it is ever shown."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    host: Annotated[_Text, Field(alias="DATABASE_HOST")]
    port: Annotated[int, Field(alias="DATABASE_PORT", ge=1, le=65535)] = 5432
    name: Annotated[_Text, Field(alias="DATABASE_NAME")]
    user: Annotated[_Text, Field(alias="DATABASE_USER")]
    ssl_mode: Annotated[str, Field(alias="DATABASE_SSLMODE")] = "verify-full"
    owner: Annotated[Json[_Owner], Field(alias="DATABASE_OWNER", repr=False)]
    shape: Annotated[Json[_Shape], Field(alias="STORAGE_SHAPE")]


def run(environment: Mapping[str, str], *, patience: float = PATIENCE_SECONDS) -> None:
    """Migrate what the environment names.

    Raises
    ------
    pydantic.ValidationError, MigrationError, psycopg.Error
    """
    settings = MigrationSettings.model_validate(dict(environment))
    database = Database(
        settings.host, settings.port, settings.name, settings.user, settings.ssl_mode
    )

    def connect(name: str) -> Connection:
        owned = replace(database, name=name, user=settings.owner.username)
        arguments: dict[str, Any] = owned.arguments(settings.owner.password)
        last, pause = time.monotonic() + patience, 0.5
        while True:
            try:
                return psycopg.connect(**arguments, autocommit=True)
            except psycopg.OperationalError:  # a server that is being made does not answer yet
                if time.monotonic() >= last:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    done = migrate(
        connect,
        database=settings.name,
        user=settings.user,
        shape=Shape(settings.shape.key, settings.shape.indexes),
    )
    applied = ", ".join(done.applied) or "nothing to do"
    _log.info("database %s: schema %d; %s", settings.name, done.version, applied)


def main() -> int:
    """Run; return 2 if the environment is wrong, and 1 if the migration fails."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    try:
        run(os.environ)
    except ValidationError as error:
        problems = [
            f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False)
        ]
        _log.error("the environment of this migration is not valid:\n%s", "\n".join(problems))
        return 2
    except (MigrationError, psycopg.Error, ValueError) as error:
        _log.error("not migrated: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

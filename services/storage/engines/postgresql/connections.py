"""Connections to PostgreSQL: as whom, how many, and what each is cleaned of between two uses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import boto3
import psycopg
from psycopg_pool import ConnectionPool

from services.storage.engines.postgresql.store import Connection, Pool

#: Where the image of a service has the certificates that sign those of RDS.
ROOT_CERTIFICATES: Final = f"{sys.prefix}/share/rds/global-bundle.pem"
#: Of one task. All tasks of all services together must stay below the instance's limit.
MOST_CONNECTIONS: Final = 10
#: A request waits that long for a connection, and then is told to try again.
WAIT_SECONDS: Final = 5.0
_OPTIONS: Final = "-c statement_timeout=5000 -c idle_in_transaction_session_timeout=10000"


@dataclass(frozen=True)
class Database:
    """A database, and the user of a service in it.

    Attributes
    ----------
    ssl_mode : str
        As libpq names it; what is not `verify-full` is for servers on this machine.
    """

    host: str
    port: int
    name: str
    user: str
    ssl_mode: str = "verify-full"

    def arguments(self, password: str) -> dict[str, Any]:
        """Return what psycopg connects with."""
        certificates = {"sslrootcert": ROOT_CERTIFICATES} if self.ssl_mode == "verify-full" else {}
        return {
            "host": self.host,
            "port": self.port,
            "dbname": self.name,
            "user": self.user,
            "password": password,
            "sslmode": self.ssl_mode,
            "connect_timeout": 3,
            **certificates,
        }


def iam_token(database: Database, region: str) -> Callable[[], str]:
    """Return what makes passwords out of the task's role: each is good for 15 minutes.

    RDS takes them from users that have been granted `rds_iam` [1]_. Nothing is stored, and no
    request is sent: a token is a signature.

    .. [1] https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
    """
    client = boto3.Session(region_name=region).client("rds")

    def token() -> str:
        made: str = client.generate_db_auth_token(
            DBHostname=database.host, Port=database.port, DBUsername=database.user, Region=region
        )
        return made

    return token


def connect(
    database: Database, password: Callable[[], str], *, most: int = MOST_CONNECTIONS
) -> Pool:
    """Return a pool of connections; it opens them as they are needed.

    Parameters
    ----------
    password : callable
        Asked for each new connection, because passwords end.
    most : int, default 10
        How many connections at most.
    """
    return ConnectionPool(
        connection_class=Connection,
        kwargs=lambda: {
            **database.arguments(password()),
            "autocommit": True,
            "options": _OPTIONS,
        },
        min_size=0,
        max_size=most,
        timeout=WAIT_SECONDS,
        max_lifetime=3600,
        # A connection that the server has ended, as in a failover, is replaced before it is used.
        check=ConnectionPool.check_connection,
        reset=_clean,
        name=database.name,
        open=True,
    )


def connect_for_long(
    database: Database, password: Callable[[], str]
) -> Callable[[], psycopg.Connection]:
    """Return what opens one connection each time, for statements that may take their time."""

    def connection() -> psycopg.Connection:
        arguments: dict[str, Any] = database.arguments(password())
        return psycopg.connect(**arguments, autocommit=True)

    return connection


def _clean(connection: Connection) -> None:
    """Undo all that a use has set for the session: the tenant above all.

    The store names it for one transaction only; this holds even for code that does not.
    """
    connection.execute("RESET ALL")

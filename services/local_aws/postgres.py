"""A PostgreSQL server of one's own: a directory, a port of this machine, and a process.

PostgreSQL is no Python package: its programs come from the system's packages.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import psycopg

from services.local_aws.errors import LocalAwsError

_DEBIAN = Path("/usr/lib/postgresql")
_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
# Only these come from the environment: `PGDATA` and its like would lead elsewhere.
_ENVIRONMENT: Mapping[str, str] = MappingProxyType({"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})


class PostgresError(LocalAwsError):
    """There is no PostgreSQL to run, or it does not start."""


def programs() -> Path:
    """Return the directory of `initdb` and `postgres`, of the newest version there is.

    Raises
    ------
    PostgresError
        If there is none, saying how to install it.
    """
    versions = sorted(_DEBIAN.glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    others = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    for directory in [*versions, *others]:
        if (directory / "initdb").exists() and (directory / "postgres").exists():
            return directory
    raise PostgresError(
        f"postgresql: got no initdb and postgres in {_DEBIAN}/*/bin or on the PATH; install them, "
        "on Debian and Ubuntu with `apt-get install postgresql`"
    )


class PostgresServer:
    """A server in a directory, on 127.0.0.1 alone.

    Parameters
    ----------
    directory : Path
        Of its data; made by the first start. Its parents must be open to the user `postgres`
        where this process is root, as whom PostgreSQL does not run.
    port : int
    settings : mapping, optional
        Of `postgresql.conf`, by name.

    Attributes
    ----------
    password : str
        Of the superuser `postgres`.
    """

    def __init__(
        self, directory: Path, port: int, *, settings: Mapping[str, str] | None = None
    ) -> None:
        self._programs = programs()
        self._directory = directory
        self._settings = settings or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._user = _unprivileged() if os.geteuid() == 0 else None
        self._log = directory.with_name(f"{directory.name}.log")
        self._secret = directory.with_name(f"{directory.name}.secret")
        self.port = port
        self.password = ""

    def start(self) -> None:
        """Start the server and wait until it answers."""
        if not (self._directory / "PG_VERSION").exists():
            self._make()
        self.password = self._secret.read_text()
        command = [str(self._programs / "postgres"), "-D", str(self._directory)]
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            # No socket in the file system: its path would have to be short.
            "unix_socket_directories": "",
            **self._settings,
        }
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self._user,
                env=dict(_ENVIRONMENT),
                cwd="/",
            )
        self._wait(self._process)

    def connect(
        self, database: str = "postgres", user: str = "postgres", password: str | None = None
    ) -> psycopg.Connection:
        """Return a connection in autocommit mode, of the superuser by default."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            dbname=database,
            user=user,
            password=self.password if password is None else password,
            sslmode="disable",
            autocommit=True,
            connect_timeout=5,
        )

    def stop(self) -> None:
        """End all connections and stop; a server that does not is killed."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        self._process = None

    def _make(self) -> None:
        self._directory.parent.mkdir(parents=True, exist_ok=True)
        self._directory.mkdir(mode=0o700, exist_ok=True)
        secret = secrets.token_urlsafe(24)
        self._secret.touch(mode=0o600)
        self._secret.write_text(secret)
        if self._user is not None:
            shutil.chown(self._directory, self._user)
        with tempfile.NamedTemporaryFile("w", prefix="initdb-") as given:
            given.write(secret)
            given.flush()
            if self._user is not None:
                shutil.chown(given.name, self._user)
            made = subprocess.run(
                [
                    str(self._programs / "initdb"),
                    f"--pgdata={self._directory}",
                    "--username=postgres",
                    f"--pwfile={given.name}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    "--no-sync",
                ],
                capture_output=True,
                text=True,
                user=self._user,
                env=dict(_ENVIRONMENT),
                cwd="/",
                check=False,
            )
        if made.returncode:
            raise PostgresError(f"initdb in {self._directory} failed: {made.stderr.strip()}")

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError as error:
                if process.poll() is not None or time.monotonic() > until:
                    self.stop()
                    log = self._log.read_text(errors="replace").strip().splitlines()[-5:]
                    raise PostgresError(
                        f"postgres in {self._directory} on port {self.port} does not answer: "
                        + "\n".join([str(error), *log])
                    ) from error
                time.sleep(0.05)
            else:
                return


def _unprivileged() -> int:
    """Return the id of the user to run as in place of root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise PostgresError("postgresql: this is root, and there is no user postgres or nobody")

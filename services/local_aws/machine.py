"""Start, stop and look at the local AWS."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from services.local_aws.errors import LocalAwsError, NotRunningError, PortInUseError, StartupError
from services.local_aws.layout import (
    ACCOUNT_ID,
    DEFAULT_PORT,
    DEFAULT_REGION,
    HOST,
    Layout,
    Running,
)

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_LOG_TAIL = 20
_LOG_BYTES = 20_000_000


@dataclass(frozen=True)
class Status:
    """How a local AWS is.

    Attributes
    ----------
    running : bool
        Whether it answers.
    port : int
        The port it answers on, or would.
    pid : int or None
        Its process, while it runs.
    """

    running: bool
    home: Path
    port: int
    region: str
    pid: int | None = None

    @property
    def endpoint(self) -> str:
        """The address of every AWS API."""
        return f"http://{HOST}:{self.port}"


class LocalAws:
    """One local AWS: a server process and the directory that holds its state.

    Parameters
    ----------
    home : Path
        Where state, log and process files are kept. One server at most runs per home.
    port : int, optional
        The port on 127.0.0.1. By default the port of the server that runs, else 4566.
    region : str, optional
        The region of requests that name none. By default that of the server that runs, else
        us-east-1.
    account : str, optional
        The account of a server that is started; one that runs has its own.
    """

    def __init__(
        self,
        home: Path,
        port: int | None = None,
        region: str | None = None,
        account: str = ACCOUNT_ID,
    ) -> None:
        self._layout = Layout(Path(home).resolve())
        self._port = port
        self._region = region
        self._account = account

    @property
    def home(self) -> Path:
        """The directory that holds state, log and process files."""
        return self._layout.home

    @property
    def log_path(self) -> Path:
        """The file the server prints to."""
        return self._layout.log

    def up(self) -> Status:
        """Start the server unless it runs, and wait until it answers.

        Raises
        ------
        PortInUseError
            If another program listens on the port.
        StartupError
            If the server ends or does not answer in time; the message ends with its log.
        """
        if self._await_other():
            return self.status()
        port = self._port or DEFAULT_PORT
        require_free(port)
        self._layout.running.unlink(missing_ok=True)
        self._layout.make_home()
        self._rotate_log()
        with self._layout.log.open("ab") as log:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "services.local_aws.server.server",
                    "--home",
                    str(self.home),
                    "--port",
                    str(port),
                    "--region",
                    self._region or DEFAULT_REGION,
                    "--account",
                    self._account,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=_server_environment(),
            )
        return self._await_ready(process)

    def down(self) -> bool:
        """Stop the server after it saved its state; False if none ran.

        Raises
        ------
        LocalAwsError
            If it does not end in time.
        """
        if not self._layout.is_locked():
            self._layout.running.unlink(missing_ok=True)
            return False
        self._await_ready(None)
        running = self._layout.read_running()
        if running is None:
            return False
        os.kill(running.pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while self._layout.is_locked():
            if time.monotonic() > deadline:
                raise LocalAwsError(
                    f"the local AWS (process {running.pid}) did not stop within"
                    f" {_STOP_SECONDS:.0f} s; its log is {self._layout.log}"
                )
            time.sleep(0.05)
        self._layout.running.unlink(missing_ok=True)
        return True

    def status(self) -> Status:
        """Say whether it runs, and where."""
        running = self._layout.read_running()
        if running is None:
            return Status(
                False, self.home, self._port or DEFAULT_PORT, self._region or DEFAULT_REGION
            )
        return Status(True, self.home, running.port, running.region, running.pid)

    def logs(self, lines: int = 200) -> list[str]:
        """Return the last lines that the server printed."""
        try:
            return self._layout.log.read_text(errors="replace").splitlines()[-lines:]
        except FileNotFoundError:
            return []

    def reset(self) -> bool:
        """Stop the server and remove everything it held; True if it ran.

        Returns
        -------
        bool
            Whether a server ran before. It is not started again.
        """
        ran = self.down()
        shutil.rmtree(self.home, ignore_errors=True)
        return ran

    def environment(self) -> dict[str, str]:
        """Return the variables that point boto3, Terraform and the AWS CLI here.

        Raises
        ------
        NotRunningError
            If the server does not run.
        """
        running = self._layout.read_running()
        if running is None:
            raise NotRunningError(
                f"the local AWS of {self.home} is not running: start it with `ecs-saas local up`"
            )
        return environment(running)

    def _rotate_log(self) -> None:
        log = self._layout.log
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))

    def _await_other(self) -> bool:
        """Wait while another server of this home lives; whether it answers in the end.

        Another `up` may be starting it, or it may be on its way out: a killed server holds its
        lock for a moment longer.
        """
        deadline = time.monotonic() + _START_SECONDS
        while self._layout.is_locked():
            running = self._layout.read_running()
            if running is not None and _answers(running.port):
                if self._port not in (None, running.port):
                    raise LocalAwsError(
                        f"the local AWS of {self.home} already runs on port {running.port}, not"
                        f" {self._port}: stop it first (`ecs-saas local down`) or leave --port out"
                    )
                return True
            if time.monotonic() > deadline:
                raise StartupError(
                    self._startup_message(f"did not answer within {_START_SECONDS:.0f} s")
                )
            time.sleep(0.05)
        return False

    def _await_ready(self, process: subprocess.Popen[bytes] | None) -> Status:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            running = self._layout.read_running()
            if running is not None and _answers(running.port):
                if process is not None:
                    process.returncode = 0  # else Python warns that it outlives us
                return self.status()
            if process is not None and process.poll() is not None:
                if not self._layout.is_locked():
                    what = f"ended with code {process.returncode}"
                    raise StartupError(self._startup_message(what))
                process = None  # another `up` was faster; its server is the one to wait for
            time.sleep(0.05)
        if process is not None:
            process.kill()
        raise StartupError(self._startup_message(f"did not answer within {_START_SECONDS:.0f} s"))

    def _startup_message(self, what: str) -> str:
        tail = "\n".join(self.logs(_LOG_TAIL))
        return f"the local AWS {what}; the end of {self._layout.log}:\n{tail}"


def environment(running: Running) -> dict[str, str]:
    """Return the variables that point any AWS client to a running server.

    The access key is the account id: such a key is the account's root, everything else is subject
    to IAM.
    """
    return {
        "AWS_ENDPOINT_URL": f"http://{HOST}:{running.port}",
        "AWS_ACCESS_KEY_ID": running.account,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": running.region,
        "AWS_DEFAULT_REGION": running.region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _server_environment() -> dict[str, str]:
    """Our environment without AWS settings: the server must never reach a real account."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    root = str(Path(__file__).resolve().parents[2])
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [root, kept.get("PYTHONPATH")]))
    return kept


def require_free(port: int) -> None:
    """Raise `PortInUseError` if a server could not listen on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OverflowError as error:
            raise PortInUseError(f"port {port} is not a port: use 1..65535 (--port)") from error
        except OSError as error:
            raise PortInUseError(
                f"port {port} on {HOST} cannot be used ({error.strerror}): stop the program that"
                " listens there or choose another port with --port"
            ) from error


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(
            f"http://{HOST}:{port}/_ministack/health", timeout=2
        ) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False

"""One AWS provider process for all Terraform processes of a run.

Starting the provider takes Terraform most of a second each time, and a run has two processes that
need it. Terraform can attach to a provider that already runs (TF_REATTACH_PROVIDERS), so a run
starts it once. Each run has its own: the provider keeps one configuration per process, with the
tenant's default tags and the run's credentials in it.

Between them stands a relay, which leaves of the provider's schema what the run uses.

A shell holds the provider. It waits on a pipe whose other end is open in this process and in each
Terraform process, and ends the provider when all of them are gone, however they went. The relay
waits on the same pipe.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from services.provisioning.terraform import relay
from services.provisioning.terraform.mirror import AWS_PROVIDER

# What every Terraform provider wants to see before it serves; not a secret:
# https://github.com/hashicorp/terraform-plugin-go/blob/main/tfprotov5/tf5server/server.go
_COOKIE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"
_HOLD = (
    '"$0" </dev/null & provider=$!; read -r _; kill -9 "$provider"; wait "$provider"; rm -rf "$1"'
)
_MEMORY_LIMIT = "120MiB"
_RELAY_SECONDS = 10.0
SWITCH = "ECS_SAAS_SHARED_PROVIDER"
RELAY_SWITCH = "ECS_SAAS_PROVIDER_RELAY"
"""Each is turned off by `0`."""


class SharedProvider:
    """A provider process that lives as long as the run that started it.

    Parameters
    ----------
    executable : Path
        The provider's binary.
    environment : Mapping[str, str]
        What the provider sees: credentials, region, endpoint.
    directory : Path
        Terraform's working directory, from which the provider reads files such as the code of
        functions.
    """

    def __init__(self, executable: Path, environment: Mapping[str, str], directory: Path) -> None:
        self._reattach: str | None = None
        sockets = tempfile.mkdtemp(prefix="ecs-saas-")
        self._sockets = Path(sockets)
        self.use(None)
        read_end, self._held = os.pipe()
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _HOLD, str(executable.absolute()), sockets],
            cwd=directory,
            env={
                **environment,
                "TF_PLUGIN_MAGIC_COOKIE": _COOKIE,
                "PLUGIN_PROTOCOL_VERSIONS": "5",
                "PLUGIN_UNIX_SOCKET_DIR": sockets,
            },
            stdin=read_end,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._relay = None if environment.get(RELAY_SWITCH) == "0" else self._started(read_end)
        os.close(read_end)

    @property
    def keep(self) -> tuple[int, ...]:
        """The file descriptor that each Terraform process has to inherit."""
        return (self._held,)

    def variables(self) -> dict[str, str]:
        """Return what makes Terraform attach, waiting until the provider serves.

        Empty if the provider did not start: Terraform then starts its own and says what is wrong.
        """
        if self._reattach is None:
            self._reattach = self._handshake()
        if not self._reattach:
            return {}
        # With the provider out of its process, Terraform's own heap is mostly the provider's
        # schema, read twice. The limit makes it collect the first copy, at no cost in time.
        return {"TF_REATTACH_PROVIDERS": self._reattach, "GOMEMLIMIT": _MEMORY_LIMIT}

    def use(self, types: Collection[str] | None) -> None:
        """Leave of the schema only these types for the next Terraform process; None leaves all."""
        self._tell(relay.TYPES, json.dumps(None if types is None else sorted(types)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._held)
        assert self._process.stdout is not None  # noqa: S101 - opened above
        self._process.stdout.close()
        self._process.wait()
        if self._relay is not None:
            self._relay.wait()

    def _started(self, read_end: int) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(os.path.abspath(each) for each in sys.path)  # noqa: PTH100 - "" too
        return subprocess.Popen(
            [sys.executable, "-m", relay.__name__, str(self._sockets)],
            env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": path},
            stdin=read_end,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _tell(self, name: str, text: str) -> None:
        """Write a file that the relay reads, which never sees a half of it."""
        draft = self._sockets / f"{name}.tmp"
        draft.write_text(text)
        draft.replace(self._sockets / name)

    def _relayed(self, address: str) -> str:
        """Return where the relay answers for the provider at `address`; that itself without one."""
        socket = self._sockets / relay.SOCKET
        self._tell(relay.UPSTREAM, address)
        deadline = time.monotonic() + _RELAY_SECONDS
        while self._relay is not None and self._relay.poll() is None:
            if socket.exists():
                return str(socket)
            if time.monotonic() > deadline:
                break
            time.sleep(0.005)
        return address

    def _handshake(self) -> str:
        assert self._process.stdout is not None  # noqa: S101 - opened above
        parts = self._process.stdout.readline().decode(errors="replace").strip().split("|")
        if len(parts) < 5:
            return ""
        _, protocol, network, address, transport, *_ = parts
        config = {
            "Protocol": transport,
            "ProtocolVersion": int(protocol),
            "Pid": self._process.pid,
            "Test": True,  # Terraform must not end it
            "Addr": {"Network": network, "String": self._relayed(address)},
        }
        return json.dumps({AWS_PROVIDER: config})


def shareable_binary(root: Path, data_dir: Path, environment: Mapping[str, str]) -> Path | None:
    """Return the provider's binary if the processes of a run may share it, else None.

    Not with several provider configurations in the module: one process holds one. Not with a CA
    bundle: provider 5.100 cannot be configured a second time with it.
    """
    if environment.get(SWITCH) == "0" or environment.get("AWS_CA_BUNDLE"):
        return None
    try:
        document = json.loads((root / "cdk.tf.json").read_text())
        configurations = document.get("provider", {}).get("aws", [])
    except (OSError, ValueError):
        return None
    if isinstance(configurations, list) and len(configurations) != 1:
        return None
    found = sorted((data_dir / "providers" / AWS_PROVIDER).glob("*/*/terraform-provider-aws_*"))
    return found[0] if len(found) == 1 else None

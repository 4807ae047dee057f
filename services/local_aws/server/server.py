"""The local AWS as a process: `python -m services.local_aws.server.server --home DIR --port N`.

The emulator reads its settings from the environment when it is imported, so this module imports
nothing of it before they are set.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from services.local_aws.layout import (
    ACCOUNT_ID,
    DEFAULT_PORT,
    DEFAULT_REGION,
    HOST,
    Layout,
    Running,
)


def emulator_settings(
    layout: Layout, port: int, region: str, account: str = ACCOUNT_ID
) -> dict[str, str]:
    """Return the environment the emulator is configured by."""
    return {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": account,
        "MINISTACK_REGION": region,
        # As on AWS, no token is made without the claims of the pool's function.
        "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",
        "AUTH": "true",
        # Listeners of services that nothing here uses.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(layout.state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(layout.objects),
        # A container runtime on the machine is none of ours.
        "DOCKER_HOST": f"unix://{layout.home / 'no-docker.sock'}",
        "LOG_LEVEL": os.environ.get("ECS_SAAS_LOCAL_LOG_LEVEL", "INFO"),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    options = _parse(arguments)
    layout = Layout(options.home.resolve())
    lock = layout.acquire()
    if lock is None:
        sys.stderr.write(f"a local AWS of {layout.home} is already running\n")
        return 2
    running = Running(os.getpid(), options.port, options.region, options.account)
    os.environ.update(emulator_settings(layout, running.port, running.region, running.account))
    serving = importlib.import_module("services.local_aws.server.serving")
    with lock:
        asyncio.run(serving.serve(layout, running, stock=options.stock))
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m services.local_aws.server.server", description=__doc__
    )
    parser.add_argument("--home", type=Path, required=True, help="where its state is kept")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port on 127.0.0.1")
    parser.add_argument("--region", default=DEFAULT_REGION, help="of requests that name none")
    parser.add_argument("--account", default=ACCOUNT_ID, help="whose root its own key is")
    parser.add_argument(
        "--stock",
        action="store_true",
        help="without the overlay: what the tests of each patch compare with",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())

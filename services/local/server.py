"""The local AWS as a process: `python -m services.local.server --home DIR --port N`.

The emulator reads its settings from the environment when it is imported, so this module imports
nothing of it before they are set.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from services.local.layout import (
    ACCOUNT_ID,
    DEFAULT_PORT,
    DEFAULT_REGION,
    HOST,
    Layout,
    Running,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.local.persistence import StateKeeper

_log = logging.getLogger("services.local")

# Parts of the local AWS that hook into the emulator by themselves: module, and whether `install`
# takes the home directory and the port.
_PARTS = ("services.local.ecs_processes", "services.local.dataplane")


def emulator_settings(layout: Layout, port: int, region: str) -> dict[str, str]:
    """Return the environment the emulator is configured by."""
    return {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
        "MINISTACK_REGION": region,
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
    os.environ.update(emulator_settings(layout, options.port, options.region))
    with lock:
        asyncio.run(_serve(layout, options.port, options.region, stock=options.stock))
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m services.local.server", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="where its state is kept")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port on 127.0.0.1")
    parser.add_argument("--region", default=DEFAULT_REGION, help="of requests that name none")
    parser.add_argument(
        "--stock", action="store_true",
        help="without the overlay: what the tests of each patch compare with",
    )
    return parser.parse_args(arguments)


async def _serve(layout: Layout, port: int, region: str, *, stock: bool) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack import app as emulator

    from services.local.persistence import StateKeeper

    keeper: StateKeeper | None = None
    if not stock:
        from services.local import overlay

        overlay.apply()
        _install_parts(layout.home, port)
        keeper = StateKeeper(layout.state)
        keeper.watch(emulator)

    config = Config()
    config.bind = [f"{HOST}:{port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    announcing = asyncio.create_task(_announce(layout, Running(os.getpid(), port, region), keeper))
    try:
        await serve(emulator.app, config, shutdown_trigger=stop.wait)
    finally:
        announcing.cancel()
        layout.running.unlink(missing_ok=True)
        if keeper is not None:
            await keeper.close()


async def _announce(layout: Layout, running: Running, keeper: StateKeeper | None) -> None:
    """Publish process and port as soon as the server accepts connections."""
    while True:
        try:
            _, writer = await asyncio.open_connection(HOST, running.port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            break
    layout.write_running(running)
    if keeper is not None:
        await keeper.run()


def _install_parts(home: Path, port: int) -> None:
    for name in _PARTS:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            _log.warning("%s is not installed", name)
            continue
        module.install(home, port)


if __name__ == "__main__":
    raise SystemExit(main())

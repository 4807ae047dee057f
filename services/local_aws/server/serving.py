"""Serve the emulator with everything that is added to it.

Importing this module imports the emulator, which reads its settings from the environment then:
`services.local_aws.server.server` sets them first.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
import resource
import signal
from pathlib import Path
from types import ModuleType
from typing import Any

from hypercorn.asyncio import serve as serve_asgi
from hypercorn.config import Config
from ministack import app as emulator

from services.local_aws.browsers import LocalNames
from services.local_aws.layout import HOST, Layout, Running
from services.local_aws.server.persistence import StateKeeper

_log = logging.getLogger("services.local_aws")

# Parts of the local AWS that hook into the emulator by themselves: `install(home, port)` before
# it serves, `shutdown()`, if there is one, after.
_PARTS = ("services.local_aws.ecs.install", "services.local_aws.load_balancer.data_plane")


async def serve(layout: Layout, running: Running, *, stock: bool = False) -> None:
    """Serve until SIGTERM or SIGINT.

    Parameters
    ----------
    layout : Layout
        Where state and process files are.
    running : Running
        What is published as soon as it answers; its port on 127.0.0.1 is served.
    stock : bool, default False
        Without the overlay and without saving while it runs.
    """
    keeper: StateKeeper | None = None
    parts: list[ModuleType] = []
    if not stock:
        importlib.import_module("services.local_aws.patches").apply()
        parts = _install_parts(layout.home, running.port)
        keeper = StateKeeper(layout.state)
        keeper.watch(emulator)
    # As it is now: what watches it has its place inside.
    served: Any = (
        emulator.app if stock else LocalNames(running.port, running.region).app(emulator.app)
    )

    _raise_file_limit()
    config = Config()
    config.bind = [f"{HOST}:{running.port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    announcing = asyncio.create_task(_announce(layout, running, keeper))
    try:
        await serve_asgi(served, config, shutdown_trigger=stop.wait)
    finally:
        announcing.cancel()
        layout.running.unlink(missing_ok=True)
        if keeper is not None:
            await keeper.close()
        await _shut_down(parts)


def _raise_file_limit() -> None:
    """Many parallel Terraform runs and tasks hold more connections than the usual 1,024 files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _announce(layout: Layout, running: Running, keeper: StateKeeper | None) -> None:
    """Publish process and port as soon as the server accepts connections, then keep the state."""
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


def _install_parts(home: Path, port: int) -> list[ModuleType]:
    parts = []
    for name in _PARTS:
        try:
            part = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            _log.warning("%s is not installed", name)
            continue
        part.install(home, port)
        parts.append(part)
    return parts


async def _shut_down(parts: list[ModuleType]) -> None:
    for part in reversed(parts):
        shutdown = getattr(part, "shutdown", None)
        if shutdown is not None:
            outcome = shutdown()
            if inspect.isawaitable(outcome):
                await outcome

"""Runs a microservice as the main program of its container."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from services.tenant_context import logs
from services.tenant_context.settings import Settings, SettingsError

#: Idle connections stay open longer than the gateway keeps them (30 s), so that the service is
#: never the one to close a connection on which a request is just coming.
KEEP_ALIVE_SECONDS = 75
#: Below the 30 s that ECS waits before it kills.
GRACEFUL_SECONDS = 25

_log = logging.getLogger("services")


def serve(create: Callable[[Settings], FastAPI]) -> None:
    """Serve until SIGTERM; then refuse new requests and end those on their way.

    Exits with status 2 and every problem of the environment, if there is one.
    """
    try:
        settings = Settings.from_environment(os.environ)
        app = create(settings)
    except SettingsError as error:
        sys.stderr.write(f"the environment of this service is not valid:\n{error}\n")
        raise SystemExit(2) from error
    logs.configure(settings.log_level, service=settings.service_name, isolation=settings.isolation)
    _log.info("serving on %s:%d", settings.bind_host, settings.port)
    uvicorn.run(
        app,
        host=settings.bind_host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    _log.info("stopped")

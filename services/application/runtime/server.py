"""Runs a microservice as the main program of its container."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from services.application.runtime import logs
from services.application.runtime.settings import Settings, SettingsError

#: Idle connections stay open longer than the gateway (30 s) and Service Connect's proxies (60 s)
#: keep them, so that the service is never the one to close a connection on which a request is just
#: coming.
KEEP_ALIVE_SECONDS = 75
#: From SIGTERM, the service says that it is not ready and serves on, while those who call it learn
#: that it goes: the gateway asks for addresses each second.
DRAIN_SECONDS = 2.0
#: With the drain, below the 30 s that ECS waits before it kills.
GRACEFUL_SECONDS = 25

_log = logging.getLogger("services")


class DrainingServer(uvicorn.Server):
    """A server that first fails its readiness, then refuses connections, then ends.

    Parameters
    ----------
    draining : threading.Event
        Set at the first SIGTERM; readiness looks at it.
    seconds : float
        How long to serve on from then; a second signal ends it at once.
    """

    def __init__(self, config: uvicorn.Config, draining: threading.Event, seconds: float) -> None:
        super().__init__(config)
        self._draining = draining
        self._seconds = seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note the signal; stop now if it is not the first."""
        if self._draining.is_set():
            super().handle_exit(sig, frame)
            return
        self._draining.set()
        timer = threading.Timer(self._seconds, super().handle_exit, (sig, frame))
        timer.daemon = True
        timer.start()


def serve(create: Callable[[Settings], FastAPI]) -> None:
    """Serve until SIGTERM; then fail readiness, end the requests on their way, and end.

    Exits with status 2 and every problem of the environment, if there is one.
    """
    try:
        settings = Settings.from_environment(os.environ)
        app = create(settings)
    except SettingsError as error:
        sys.stderr.write(f"the environment of this service is not valid:\n{error}\n")
        raise SystemExit(2) from error
    logs.configure(
        settings.log_level,
        settings.metrics_namespace,
        service=settings.service_name,
        tier=settings.tier,
        isolation=settings.isolation,
    )
    _log.info("serving on %s:%d", settings.bind_host, settings.port)
    config = uvicorn.Config(
        app,
        host=settings.bind_host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    DrainingServer(config, app.state.draining, DRAIN_SECONDS).run()
    _log.info("stopped")

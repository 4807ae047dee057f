"""The deployed outbox as it is, but that its process ends at the bus: before it puts, or after."""

from __future__ import annotations

import io
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.e2e.system import PREFIX, System

_MODULE = """
import os, pathlib
from services.control_plane import outbox
from services.control_plane.runtime import current

def handler(event, context):
    put = current().events.put_events
    def die(**entries):
        if {after}:
            put(**entries)
        pathlib.Path({crashed!r}).touch()
        os._exit(1)
    current().events.put_events = die
    return outbox.handler(event, context)
"""


@contextmanager
def crashing_outbox(system: System, *, after: bool) -> Iterator[Path]:
    """Let the outbox die with each batch, before or after it has put the batch's events.

    Yields
    ------
    Path
        A file that is there once it has died.
    """
    crashed = system.directory / f"crashed-{secrets.token_hex(4)}"
    functions, name = system.client("lambda"), f"{PREFIX}-cp-outbox"
    found = functions.get_function(FunctionName=name)
    code = httpx.get(found["Code"]["Location"]).raise_for_status().content
    changed = io.BytesIO(code)
    with zipfile.ZipFile(changed, "a") as archive:
        archive.writestr("crashing.py", _MODULE.format(after=after, crashed=str(crashed)))
    functions.update_function_code(FunctionName=name, ZipFile=changed.getvalue())
    functions.update_function_configuration(FunctionName=name, Handler="crashing.handler")
    try:
        yield crashed
    finally:
        handler = found["Configuration"]["Handler"]
        functions.update_function_code(FunctionName=name, ZipFile=code)
        functions.update_function_configuration(FunctionName=name, Handler=handler)
        shown = functions.get_function(FunctionName=name)["Configuration"]
        assert shown["CodeSha256"] == found["Configuration"]["CodeSha256"]

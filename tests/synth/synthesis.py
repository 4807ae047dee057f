"""One synthesis of each configuration for a whole run, whichever worker asks first."""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path

import pytest

import main
from services.configuration import Configuration


def root_modules(configuration: Configuration, factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a configuration's root modules, synthesised at the first call.

    Parameters
    ----------
    configuration : Configuration
    factory : TempPathFactory
        Of the run: its workers find what one of them made. The files are for reading only.
    """
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # each worker has a directory of its own in that of the run
    key = hashlib.sha256(configuration.model_dump_json().encode()).hexdigest()[:16]
    outdir = shared / f"synthesis-{key}"
    with (shared / f"synthesis-{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = outdir / "done"
        if not done.exists():
            main.synthesize(configuration, outdir)
            done.touch()
    return outdir / "stacks"

"""The spawner and its processes, without an emulator."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.local_aws.ecs.nursery import Nursery, Process
from services.local_aws.ecs.spawner import end_leftovers, start_time
from services.local_aws.images.build import lay_out
from services.local_aws.images.store import ImageStore
from tests.emulator.ecs.environment import wait_for
from tests.emulator.ecs.processes import alive

pytestmark = pytest.mark.local_aws

DOCKERFILE = """\
FROM python:3.11-slim
WORKDIR /app
COPY exits.py ./
CMD ["python", "-m", "exits"]
"""
ENVIRONMENT = {"PATH": f"{Path(sys.executable).parent}:{os.defpath}", "NAME": "value"}


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    directory = tmp_path_factory.mktemp("nursery")
    shutil.copy(Path(__file__).with_name("exits.py"), directory)
    (directory / "Dockerfile").write_text(DOCKERFILE)
    image = ImageStore(directory).add(lay_out(directory, directory / "Dockerfile", {}))
    nursery = Nursery(directory / "ledger", image)
    yield nursery
    nursery.close()


def start(nursery: Nursery, *arguments: str, fork: bool = False) -> tuple[Process, int]:
    reading, writing = os.pipe()
    try:
        return nursery.start(arguments, ENVIRONMENT, writing, fork=fork), reading
    finally:
        os.close(writing)


def finished(nursery: Nursery, *arguments: str, fork: bool = False) -> tuple[int | None, str]:
    process, reading = start(nursery, *arguments, fork=fork)
    with os.fdopen(reading, "rb") as output:
        text = output.read().decode()
    assert process.ended.wait(5)
    return process.status, text


@pytest.mark.parametrize("fork", [False, True])
def test_a_python_module_has_its_arguments_environment_and_status(
    nursery: Nursery, fork: bool
) -> None:
    command = ("python3", "-m", "exits", "--flag")
    status, text = finished(nursery, *command, fork=fork)
    arguments, environment, directory, name = json.loads(text)
    assert (arguments, directory, name, status) == (
        ["--flag"],
        str(nursery._image.working_directory),
        "__main__",
        3,
    )
    # The C library's locale is set by the interpreter itself.
    assert set(environment) - {"LC_CTYPE"} == set(ENVIRONMENT)


def test_a_program_that_is_not_there_ends_with_127(nursery: Nursery) -> None:
    status, text = finished(nursery, "no-such-program")
    assert (status, text) == (127, "no-such-program: No such file or directory\n")


def test_what_a_program_has_started_ends_with_it(nursery: Nursery) -> None:
    process, reading = start(nursery, "/bin/sh", "-c", "sleep 60 & echo $!; exec sleep 60")
    child = int(os.read(reading, 100))
    assert alive(child)
    process.signal(signal.SIGTERM)
    assert process.ended.wait(5)
    assert process.status == 128 + signal.SIGTERM
    wait_for("the child's end", lambda: not alive(child), 2)
    os.close(reading)


def test_a_lost_spawner_takes_its_processes_along_and_is_replaced(nursery: Nursery) -> None:
    process, reading = start(nursery, "sleep", "60")
    nursery._spawner.kill()
    assert process.ended.wait(5)
    wait_for("the process's end", lambda: not alive(process.pid), 2)
    os.close(reading)
    assert finished(nursery, "/bin/sh", "-c", "exit 4") == (4, "")


def test_leftovers_are_ended_and_other_programs_with_their_ids_are_not(
    nursery: Nursery, tmp_path: Path
) -> None:
    process, reading = start(nursery, "sleep", "60")
    ledger = tmp_path / "ledger"
    ledger.write_text(f"{process.pid} {start_time(process.pid)}\n{os.getpid()} 1\n")
    assert end_leftovers(ledger) == [process.pid]
    assert process.ended.wait(5)
    os.close(reading)

"""Signals: passed on once, and never twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from services.provisioning.terraform.interruption import Interruption

ROOT = Path(__file__).parents[3]
# The child waits for a second interrupt, which must not come: that takes time and nothing else.
COUNTS = (
    "import signal, time; n = []; signal.signal(signal.SIGINT, lambda *a: n.append(1));"
    "print('ready', flush=True); time.sleep(0.5); time.sleep(0.1); print(len(n))"
)
ENDS = """
import os, signal
from services.provisioning.terraform.interruption import Interruption
with Interruption().listening():
    os.kill(os.getpid(), signal.SIGTERM)
os.kill(os.getpid(), signal.SIGINT)
print("said")
"""


def test_a_process_is_interrupted_once() -> None:
    notes: list[str] = []
    interruption = Interruption(notes.append)
    child = subprocess.Popen([sys.executable, "-c", COUNTS], stdout=subprocess.PIPE, text=True)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with interruption.listening(), interruption.forwarding_to(child.pid):
            assert child.stdout
            assert child.stdout.readline() == "ready\n"
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            out, _ = child.communicate()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert out == "1\n"
    assert interruption.requested
    assert len(notes) == 2


def test_handlers_are_restored_if_nothing_happened() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interruption().listening():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_what_an_interrupted_program_has_to_say_is_said() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ENDS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout == "said\n"

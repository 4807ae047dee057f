"""Time and memory of whole processes, and the verdicts over them."""

import contextlib
import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLE_SECONDS = 0.05
PROVIDER = "terraform-provider"


@dataclass(frozen=True)
class Run:
    """One finished process: wall seconds, and its tree's peak memory beside the provider.

    `started` is on the clock of `time.monotonic`.
    """

    started: float
    seconds: float
    peak_mb: float
    output: str


@dataclass(frozen=True)
class Verdict:
    """A measured figure beside its target; `passed` is None where nothing is promised."""

    name: str
    measured: str
    target: str
    passed: bool | None


def tree_mb(root: psutil.Process) -> float:
    """Proportional memory (PSS) of a process tree without the Terraform providers, in MB."""
    total = 0.0
    for process in [root, *root.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            if not process.name().startswith(PROVIDER):
                total += process.memory_full_info().pss
    return total / 1e6


def run(command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> Run:
    """Run to the end and measure from outside; a failing command raises with its output."""
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peak = 0.0
    done = threading.Event()

    def sample() -> None:
        nonlocal peak
        while not done.wait(SAMPLE_SECONDS):
            with contextlib.suppress(psutil.Error):
                peak = max(peak, tree_mb(psutil.Process(process.pid)))

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    output, _ = process.communicate()
    seconds = time.monotonic() - started
    done.set()
    sampler.join()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} exited {process.returncode}:\n{output}")
    return Run(started, seconds, peak, output)


def alternate(runs: int, *measured: Callable[[], Run]) -> list[list[Run]]:
    """Run the candidates in turn (A B A B …), so that drift of the machine meets all alike."""
    results: list[list[Run]] = [[] for _ in measured]
    for _ in range(runs):
        for candidate, result in zip(measured, results, strict=True):
            result.append(candidate())
    return results


def median_seconds(runs: Sequence[Run]) -> float:
    return statistics.median(run.seconds for run in runs)


def median_mb(runs: Sequence[Run]) -> float:
    return statistics.median(run.peak_mb for run in runs)


def spread(runs: Sequence[Run]) -> str:
    """Return the median, and the range in brackets."""
    seconds = sorted(run.seconds for run in runs)
    return f"{statistics.median(seconds):.2f} s ({seconds[0]:.2f}-{seconds[-1]:.2f})"


def at_least(name: str, figure: float, target: float, detail: str) -> Verdict:
    return Verdict(name, f"{figure:.2f}x ({detail})", f">= {target:g}x", figure >= target)


def at_most(name: str, figure: float, target: float, unit: str, detail: str) -> Verdict:
    return Verdict(name, f"{figure:.2f}{unit} ({detail})", f"<= {target:g}{unit}", figure <= target)

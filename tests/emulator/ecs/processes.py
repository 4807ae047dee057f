"""Processes as the kernel knows them."""

from __future__ import annotations

import subprocess
from pathlib import Path


def pids_at(address: str) -> list[int]:
    """Return the processes that listen on an address, by what the kernel says of sockets."""
    wanted = "".join(f"{int(part):02X}" for part in reversed(address.split(".")))
    inodes = {
        line.split()[9]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].startswith(wanted) and line.split()[3] == "0A"
    }
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            links = [str(each.readlink()) for each in (process / "fd").iterdir()]
        except OSError:
            continue
        if any(f"socket:[{inode}]" in links for inode in inodes):
            found.append(int(process.name))
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def descendants(pid: int) -> list[int]:
    done = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    children = [int(child) for child in done.stdout.split()]
    return children + [each for child in children for each in descendants(child)]


def environment_of(pid: int) -> dict[str, str]:
    """Return the environment a program was executed with."""
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)

"""A loopback address of its own for each task, as each has its own network interface on AWS."""

from __future__ import annotations

import itertools
import os
import socket
import threading
from collections.abc import Sequence

from services.local_aws.errors import LocalAwsError

_POOL = "127.20"
_COUNT = 250 * 250


class NoAddressLeftError(LocalAwsError, RuntimeError):
    """All loopback addresses of the range are taken."""


class Addresses:
    """Allots addresses of 127.20.0.0/16, also beside other local AWS on the same machine.

    An address is held by a name in the kernel's table of abstract sockets: no two processes can
    have it, and it is free again when its holder is gone, however it went.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Another start is a cheap way to keep two emulators from asking for the same ones.
        self._next = itertools.count(os.getpid() * 97 % _COUNT)
        self._held: dict[str, socket.socket] = {}

    def take(self, ports: Sequence[int]) -> str:
        """Return an address that nobody has and on which these ports are free.

        Raises
        ------
        NoAddressLeftError
            If there is none.
        """
        with self._lock:
            for _ in range(_COUNT):
                number = next(self._next) % _COUNT
                address = f"{_POOL}.{number // 250 + 1}.{number % 250 + 1}"
                holder = _hold(address)
                if holder is None:
                    continue
                if all(_is_free(address, port) for port in ports):
                    self._held[address] = holder
                    return address
                holder.close()
        raise NoAddressLeftError(f"no address of {_POOL}.0.0/16 is free")

    def give_back(self, address: str) -> None:
        """Make an address free for another task."""
        with self._lock:
            if holder := self._held.pop(address, None):
                holder.close()


def _hold(address: str) -> socket.socket | None:
    holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        holder.bind(f"\0ecs-saas/{address}")
    except OSError:
        holder.close()
        return None
    return holder


def _is_free(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True

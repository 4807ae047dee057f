"""Service Connect aliases in a Python task: its names are asked of the local AWS first.

On AWS the Service Connect agent writes a task's aliases into its `/etc/hosts`. Tasks share one
machine here, and each may know other aliases, so the task's own resolver is told instead. This runs
in the task, whose image may have no library for it: the few bytes of a question are put together
by hand (RFC 1035, 4.1).
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Any, Final

#: Where the runner tells a task to ask, as `127.0.0.1:5353`.
VARIABLE: Final = "LOCAL_SERVICE_CONNECT_DNS"
#: The server is a thread of the local AWS, which may be busy.
ANSWER_SECONDS = 2.0

_A, _INTERNET = 1, 1
_POINTER = 0xC0


def install(server: str) -> None:
    """Resolve names by `server` where it knows them, and as before where it does not."""
    host, _, port = server.rpartition(":")
    original = socket.getaddrinfo

    def getaddrinfo(name: Any, *arguments: Any, **named: Any) -> Any:
        # No address, and no name of this machine alone.
        if not isinstance(name, str) or "." not in name or name[-1].isdigit():
            return original(name, *arguments, **named)
        addresses = resolve(name, (host, int(port)))
        if addresses is None:
            return original(name, *arguments, **named)
        if not addresses:
            raise socket.gaierror(socket.EAI_AGAIN, f"no task answers to {name}")
        return [found for each in addresses for found in original(each, *arguments, **named)]

    socket.getaddrinfo = getaddrinfo  # type: ignore[assignment]


def resolve(name: str, server: tuple[str, int]) -> list[str] | None:
    """Return the addresses of an alias, none if nothing answers to it; None if it is no alias."""
    number = os.urandom(2)
    labels = b"".join(bytes([len(label)]) + label for label in name.encode("idna").split(b"."))
    question = labels.rstrip(b"\0") + b"\0" + struct.pack("!HH", _A, _INTERNET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(server)
            connection.send(number + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0) + question)
            return _addresses(connection.recv(4096), number, len(question))
        except (OSError, struct.error, IndexError):
            return None


def _addresses(reply: bytes, number: bytes, question: int) -> list[str] | None:
    """Return the A records of a reply; None if it is none, or says an error."""
    flags, _, answers = struct.unpack_from("!HHH", reply, 2)
    if reply[:2] != number or flags & 0x000F:
        return None
    found = []
    at = 12 + question
    for _ in range(answers):
        while reply[at] and reply[at] < _POINTER:
            at += 1 + reply[at]
        at += 2 if reply[at] >= _POINTER else 1
        kind, _, _, length = struct.unpack_from("!HHIH", reply, at)
        at += 10
        if kind == _A:
            found.append(socket.inet_ntoa(reply[at : at + length]))
        at += length
    return found

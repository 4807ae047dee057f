"""Service Connect aliases in a Python task: its names are asked of the local AWS first.

On AWS the Service Connect agent writes a task's aliases into its `/etc/hosts`. Tasks share one
machine here, and each may know other aliases, so the task's own resolver is told instead.
"""

from __future__ import annotations

import socket
from typing import Any, Final

#: Where the runner tells a task to ask, as `127.0.0.1:5353`.
VARIABLE: Final = "LOCAL_SERVICE_CONNECT_DNS"
#: The server is a thread of the local AWS, which may be busy.
ANSWER_SECONDS = 2.0


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
    from dnslib import QTYPE, RCODE, DNSError, DNSRecord  # noqa: PLC0415 - only where asked

    question = DNSRecord.question(name)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(server)
            connection.send(question.pack())
            reply = DNSRecord.parse(connection.recv(4096))
        except (OSError, DNSError):
            return None
    if reply.header.rcode != RCODE.NOERROR:
        return None
    return [str(each.rdata) for each in reply.rr if each.rtype == QTYPE.A]

"""A DNS server for Service Connect aliases, on 127.0.0.1 and over UDP only.

On AWS the Service Connect agent makes an alias resolve inside a task. Here the alias resolves to
the addresses of the running tasks behind it; everything else does not exist.
"""

from __future__ import annotations

import contextlib
import logging
import random
import socket
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from dnslib import QTYPE, RCODE, RR, A, DNSError, DNSRecord

_log = logging.getLogger("services.local_aws.ecs.dns")


class Aliases:
    """Which addresses answer to which alias. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._addresses: dict[str, tuple[str, ...]] = {}

    def publish(self, alias: str, addresses: Iterable[str]) -> None:
        """Replace the addresses of an alias; with none it keeps existing, and is empty."""
        with self._lock:
            self._addresses[_normal(alias)] = tuple(addresses)

    def withdraw(self, alias: str) -> None:
        """Forget an alias."""
        with self._lock:
            self._addresses.pop(_normal(alias), None)

    def resolve(self, alias: str) -> tuple[str, ...] | None:
        """Return the addresses of an alias; None if there is no such alias."""
        with self._lock:
            return self._addresses.get(_normal(alias))


class DnsServer:
    """Answers from `aliases` on a free port of 127.0.0.1 until it is closed."""

    def __init__(self, aliases: Aliases) -> None:
        self._aliases = aliases
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True, name="service-connect-dns").start()

    def close(self) -> None:
        """Stop answering."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                query, client = self._socket.recvfrom(4096)
            except OSError:
                return
            if not query:
                return
            try:
                reply = answer(query, self._aliases)
            except (DNSError, ValueError):
                _log.debug("not a DNS query from %s", client)
                continue
            with contextlib.suppress(OSError):
                self._socket.sendto(reply, client)


def answer(query: bytes, aliases: Aliases) -> bytes:
    """Return the reply to one DNS query, as bytes.

    An alias without running tasks, or asked for another type, is an empty answer; an unknown name
    does not exist. The order of addresses differs from reply to reply, for clients that take the
    first. Nothing may be kept (TTL 0): tasks come and go.
    """
    request = DNSRecord.parse(query)
    reply = request.reply()
    name = str(request.q.qname)
    addresses = aliases.resolve(name)
    if addresses is None:
        reply.header.rcode = RCODE.NXDOMAIN
    elif request.q.qtype in (QTYPE.A, QTYPE.ANY):
        for address in random.sample(addresses, len(addresses)):
            reply.add_answer(RR(request.q.qname, QTYPE.A, rdata=A(address), ttl=0))
    packed: bytes = reply.pack()
    return packed


def service_aliases(configuration: Mapping[str, Any] | None, namespace: str) -> list[str]:
    """Return the names under which a service is found by the others of its namespace.

    As on AWS, a service without client aliases is `<discovery name>.<namespace>`. The port of an
    alias has to be the container's own here: there is no proxy in between to translate it.
    """
    if not configuration or not configuration.get("enabled"):
        return []
    found = []
    for service in configuration.get("services") or ():
        default = f"{service.get('discoveryName') or service['portName']}.{namespace}"
        given = service.get("clientAliases") or [{}]
        found += [alias.get("dnsName") or default for alias in given]
    return found


def _normal(name: str) -> str:
    return name.rstrip(".").lower()

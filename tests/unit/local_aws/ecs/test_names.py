"""Service Connect aliases in a Python task, answered by the local AWS's own DNS server."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from services.local_aws.ecs.dns import Aliases, DnsServer
from services.local_aws.ecs.names import install, resolve

ALIAS = "products-api.acme.sc"


@pytest.fixture
def aliases(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aliases]:
    aliases = Aliases()
    server = DnsServer(aliases)
    # Put back after the test, whatever is installed in it.
    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)
    install(f"127.0.0.1:{server.port}")
    yield aliases
    server.close()


def test_an_alias_is_the_tasks_behind_it(aliases: Aliases) -> None:
    aliases.publish(ALIAS, ["127.20.0.1", "127.20.0.2"])
    with socket.create_server(("127.20.0.1", 0)) as first:
        port = first.getsockname()[1]
        found = socket.getaddrinfo(ALIAS, port, type=socket.SOCK_STREAM)
        assert {address[0] for *_, address in found} == {"127.20.0.1", "127.20.0.2"}
        # One of both refuses: the other one is tried, as with any name of several addresses.
        socket.create_connection((ALIAS, port), 2).close()
        aliases.publish(ALIAS, [])
        with pytest.raises(socket.gaierror, match="no task"):
            socket.create_connection((ALIAS, port), 2)


def test_other_names_are_resolved_as_ever(aliases: Aliases) -> None:
    for name in ("127.0.0.1", "localhost", None):
        assert socket.getaddrinfo(name, 80)
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nobody.invalid", 80)


def test_a_server_that_is_gone_knows_no_alias() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert resolve(ALIAS, ("127.0.0.1", port)) is None

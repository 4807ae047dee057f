"""Service Connect aliases over DNS."""

from __future__ import annotations

import socket

import pytest
from dnslib import QTYPE, RCODE, DNSRecord

from services.local_aws.ecs.dns import Aliases, DnsServer, answer, service_aliases


@pytest.fixture
def aliases() -> Aliases:
    known = Aliases()
    known.publish("orders-api.acme.sc", ["127.20.0.1", "127.20.0.2"])
    known.publish("idle-api.acme.sc", [])
    return known


def asked(aliases: Aliases, name: str, kind: str = "A") -> DNSRecord:
    return DNSRecord.parse(answer(DNSRecord.question(name, kind).pack(), aliases))


def test_an_alias_is_all_running_tasks_and_never_kept(aliases: Aliases) -> None:
    reply = asked(aliases, "Orders-API.acme.sc.")
    assert {str(record.rdata) for record in reply.rr} == {"127.20.0.1", "127.20.0.2"}
    assert {record.ttl for record in reply.rr} == {0}


def test_an_alias_without_tasks_is_empty_and_an_unknown_one_does_not_exist(
    aliases: Aliases,
) -> None:
    assert (asked(aliases, "idle-api.acme.sc").header.rcode, RCODE.NOERROR) == (0, 0)
    assert asked(aliases, "idle-api.acme.sc").rr == []
    assert asked(aliases, "example.com").header.rcode == RCODE.NXDOMAIN
    aliases.withdraw("orders-api.acme.sc")
    assert asked(aliases, "orders-api.acme.sc").header.rcode == RCODE.NXDOMAIN


def test_there_are_no_ipv6_addresses(aliases: Aliases) -> None:
    reply = asked(aliases, "orders-api.acme.sc", "AAAA")
    assert (reply.rr, reply.header.rcode) == ([], RCODE.NOERROR)


def test_the_server_answers_over_udp_and_survives_nonsense(aliases: Aliases) -> None:
    server = DnsServer(aliases)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(2)
            client.sendto(b"nonsense", ("127.0.0.1", server.port))
            query = DNSRecord.question("orders-api.acme.sc")
            client.sendto(query.pack(), ("127.0.0.1", server.port))
            reply = DNSRecord.parse(client.recv(4096))
        assert reply.header.id == query.header.id
        assert {record.rtype for record in reply.rr} == {QTYPE.A}
    finally:
        server.close()


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        (
            {"portName": "p", "clientAliases": [{"port": 1, "dnsName": "orders-api.acme.sc"}]},
            ["orders-api.acme.sc"],
        ),
        ({"portName": "p", "discoveryName": "orders"}, ["orders.acme.sc"]),
        ({"portName": "p"}, ["p.acme.sc"]),
    ],
)
def test_what_a_service_is_called(service: dict[str, object], expected: list[str]) -> None:
    configuration = {"enabled": True, "services": [service]}
    assert service_aliases(configuration, "acme.sc") == expected
    assert service_aliases({**configuration, "enabled": False}, "acme.sc") == []
    assert service_aliases(None, "acme.sc") == []

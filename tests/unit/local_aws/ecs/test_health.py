"""Health checks against a small server of our own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.local_aws.ecs.addresses import Addresses
from services.local_aws.load_balancer.health import Health, HealthChecker, Probe
from tests.waiting import eventually


class Program(ThreadingHTTPServer):
    """Answers with the status it is told."""

    status = 200
    asked = 0


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Program)
        self.server.asked += 1
        if not self.server.status:
            return  # the connection ends without an answer
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def program() -> Iterator[Program]:
    with Program(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def becomes(expected: object, get: Callable[[], object]) -> bool:
    return eventually(lambda: get() == expected, 3, every=0.005)


@pytest.mark.parametrize(
    ("accepted", "good", "bad"),
    [("200", [200], [201, 404]), ("200,302", [200, 302], [301]), ("200-299", [204], [300])],
)
def test_which_answers_are_good(accepted: str, good: list[int], bad: list[int]) -> None:
    probe = Probe("127.0.0.1", 80, "/", accepted=accepted)
    assert all(probe.accepts(status) for status in good)
    assert not any(probe.accepts(status) for status in bad)


def test_a_target_becomes_healthy_unhealthy_and_healthy_again(program: Program) -> None:
    checker = HealthChecker()
    told: list[str] = []
    address, port = "127.0.0.1", program.server_address[1]
    probe = Probe(address, port, "/", interval_seconds=0.01, rises=2, falls=2)
    checker.watch("target", probe, lambda: told.append("unhealthy"))
    assert becomes(Health.HEALTHY, lambda: checker.health("target"))
    program.status = 500
    assert becomes(Health.UNHEALTHY, lambda: checker.health("target"))
    assert becomes(["unhealthy"], lambda: told)
    program.status = 200
    assert becomes(Health.HEALTHY, lambda: checker.health("target"))
    checker.forget("target")
    assert checker.health("target") is None


def test_what_never_answered_is_not_healthy_and_not_given_up(program: Program) -> None:
    checker = HealthChecker()
    program.status = 0
    port = program.server_address[1]
    checker.watch("target", Probe("127.0.0.1", port, "/", interval_seconds=0.01))
    eventually(lambda: program.asked >= 5)
    assert checker.health("target") is Health.INITIAL
    checker.forget("target")


def test_addresses_are_taken_once_also_by_another_holder() -> None:
    one, two = Addresses(), Addresses()
    taken = [one.take([3010]), two.take([3010]), one.take([3010])]
    assert len(set(taken)) == 3
    assert all(address.startswith("127.20.") for address in taken)
    for address in taken:
        one.give_back(address)
        two.give_back(address)

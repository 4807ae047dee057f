"""The data plane of load balancers: NLB -> ALB -> rules -> healthy targets, for real.

Addresses, on the port of the local AWS:

* `/_alb/<name>/<path>` and `/_nlb/<name>/<path>`: a load balancer by its name, for any client;
* the DNS name of a load balancer as `Host`, for clients that can set it.

The emulator matches rules; what is added here: network load balancers whose target is an
application load balancer, health checks, a fair choice among healthy targets, kept connections,
and the end of requests on their way before a target's program is stopped.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from ministack import app
from ministack.core.responses import request_scope
from ministack.services import alb

from services.local_aws.load_balancer.health import Health, HealthChecker, Probe
from services.local_aws.load_balancer.proxy import (
    Answer,
    Proxy,
    ProxyRequest,
    Target,
    TargetUnreachableError,
    problem,
)
from services.local_aws.patches.registry import replace, replace_entry

__all__ = ["Arrival", "DataPlane", "install"]

_log = logging.getLogger("services.local_aws.load_balancer.data_plane")

PREFIXES = {"/_alb/": "application", "/_nlb/": "network"}

TargetKey = tuple[str, str, int]


@dataclass(frozen=True)
class Arrival:
    """A request as the emulator has read it.

    Attributes
    ----------
    raw_path, raw_query : str or None
        As the client sent them, percent-encoding included; None if only the decoded form is known.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    query: Mapping[str, Any] = field(default_factory=dict)
    raw_query: str | None = None
    raw_path: str | None = None

    def target(self) -> str:
        """Return path and query as they go to a target."""
        query = self.raw_query
        if query is None:
            query = urlencode(self.query, doseq=True)
        path = self.raw_path or self.path
        return f"{path}?{query}" if query else path


class DataPlane:
    """Forwards what arrives at a load balancer, and knows the health of targets."""

    def __init__(self) -> None:
        self.checker = HealthChecker()
        #: Called with (target group, address) when a registered target has become unhealthy.
        self.when_unhealthy: list[Callable[[str, str], None]] = []
        self._proxy = Proxy()
        self._turns: defaultdict[str, itertools.count[int]] = defaultdict(itertools.count)

    # What the process runner asks.

    def health(self, target_group_arn: str, address: str, port: int) -> Health | None:
        """Return the health of a target; None if it is not registered."""
        return self.checker.health((target_group_arn, address, port))

    def wait_drained(self, address: str, seconds: float) -> bool:
        """Wait until no request is on its way to an address; False if time is up before."""
        deadline = time.monotonic() + seconds
        while self._proxy.in_flight(address):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    # What the emulator calls.

    def sync(self, target_group_arn: str) -> None:
        """Check exactly the registered targets of a group (the caller's account and region)."""
        group = alb._tgs.get(target_group_arn)
        wanted: dict[TargetKey, Probe] = {}
        if group and group.get("TargetType") in ("ip", "instance"):
            for registered in alb._targets.get(target_group_arn, ()):
                target = _target(registered, group)
                wanted[(target_group_arn, target.address, target.port)] = _probe(target, group)
        for key in self.checker.watched():
            if isinstance(key, tuple) and key[0] == target_group_arn and key not in wanted:
                self.checker.forget(key)
        for key, probe in wanted.items():
            self.checker.watch(key, probe, partial(self._became_unhealthy, key))

    def _became_unhealthy(self, key: TargetKey) -> None:
        for callback in self.when_unhealthy:
            callback(key[0], key[1])

    async def request(
        self, load_balancer: Mapping[str, Any], arrival: Arrival, port: int = 80
    ) -> Answer:
        """Answer a request that has arrived at a load balancer.

        Parameters
        ----------
        load_balancer : mapping
            The emulator's record, as `find` returns it.
        port : int, default 80
            The listener's; the first listener if none has it.
        """
        answer: Answer = await alb.dispatch_request(
            load_balancer,
            arrival.method,
            arrival.path,
            dict(arrival.headers),
            arrival.body,
            arrival.query,
            port,
            raw_query_string=arrival.raw_query,
            raw_path=arrival.raw_path,
        )
        return answer

    def find(
        self, *, name: str | None = None, dns_name: str | None = None
    ) -> tuple[str, str, Mapping[str, Any]] | None:
        """Return account, region and record of the load balancer with this name or DNS name."""
        for (account, region, _), record in alb._lbs.all_items():
            if name is not None and record["LoadBalancerName"].lower() == name.lower():
                return account, region, record
            if dns_name is not None and record["DNSName"].lower() == dns_name.lower():
                return account, region, record
        return None

    async def forward(self, target_group_arn: str, arrival: Arrival) -> Answer:
        """Send a request to a target of a group of type ip, instance or alb."""
        group = alb._tgs[target_group_arn]
        registered = alb._targets.get(target_group_arn, [])
        if group.get("TargetType") == "alb":
            for entry in registered:
                if load_balancer := alb._lbs.get(entry["Id"]):
                    return await self.request(load_balancer, arrival, int(entry.get("Port") or 80))
            return problem(503, "the target group has no load balancer")
        request = ProxyRequest(
            arrival.method.upper(), arrival.target(), arrival.headers, bytes(arrival.body or b"")
        )
        for target in self._in_turn(target_group_arn, group, registered):
            try:
                return await self._proxy.send(target, request)
            except TargetUnreachableError as error:
                _log.warning("target unreachable: %s", error)
        if registered:
            return problem(503, "the target group has no healthy target")
        return problem(503, "the target group has no targets")

    def _in_turn(
        self, target_group_arn: str, group: Mapping[str, Any], registered: list[dict[str, Any]]
    ) -> list[Target]:
        """Return the targets to try: healthy ones in turn; if there is none, all of them.

        All when none is healthy is what an Application Load Balancer does, too: better a target
        that may answer than none. One that has never answered is still left out.
        """
        by_health: dict[Health | None, list[Target]] = defaultdict(list)
        for entry in registered:
            target = _target(entry, group)
            by_health[self.health(target_group_arn, target.address, target.port)].append(target)
        chosen = by_health[Health.HEALTHY] or by_health[Health.UNHEALTHY] or by_health[None]
        if not chosen:
            return []
        first = next(self._turns[target_group_arn]) % len(chosen)
        return (chosen[first:] + chosen[:first])[:3]


_installed: list[DataPlane] = []


def install(_home: Path, _port: int) -> DataPlane:
    """Put the data plane into the emulator's load balancing, before it serves; return it."""
    if not _installed:
        plane = DataPlane()
        _patch_addresses(plane)
        _patch_forwarding(plane)
        _patch_targets(plane)
        _installed.append(plane)
    return _installed[0]


def _patch_addresses(plane: DataPlane) -> None:
    """Find a load balancer in whatever region it is; `/_nlb/` beside `/_alb/`."""

    def make_gate(original: Any) -> Any:
        def is_potential(host: str, path: str) -> bool:
            return path.startswith("/_nlb/") or original(host, path)

        return is_potential

    def make_handler(_original: Any) -> Any:
        async def handle(  # noqa: PLR0917 - the emulator's signature
            host: str,
            path: str,
            method: str,
            headers: Any,
            body: Any,
            query_params: Any,
            raw_query_string: str | None = None,
            raw_path: str | None = None,
        ) -> Any:
            if not app._is_potential_alb_request(host, path):
                return None
            found, rest, raw_rest = _addressed(plane, host, path, raw_path)
            if found is None:
                return problem(404, "no load balancer has this name") if rest else None
            account, region, record = found
            arrival = Arrival(method, rest, headers, body, query_params, raw_query_string, raw_rest)
            with request_scope(account, region):
                return await plane.request(record, arrival)

        return handle

    replace(app, "_is_potential_alb_request", make_gate)
    replace(app, "_handle_alb_request", make_handler)


def _addressed(
    plane: DataPlane, host: str, path: str, raw_path: str | None
) -> tuple[tuple[str, str, Mapping[str, Any]] | None, str, str | None]:
    for prefix, kind in PREFIXES.items():
        if path.startswith(prefix):
            name, _, rest = path.removeprefix(prefix).partition("/")
            raw_rest = None
            if raw_path is not None and raw_path.startswith(prefix):
                raw_rest = "/" + raw_path.removeprefix(prefix).partition("/")[2]
            found = plane.find(name=name)
            if found is not None and found[2].get("Type", "application") != kind:
                found = None
            return found, "/" + rest, raw_rest
    hostname = host.partition(":")[0]
    found = plane.find(dns_name=hostname)
    if found is None and hostname.endswith(".alb.localhost"):
        found = plane.find(name=hostname.removesuffix(".alb.localhost"))
    return found, path if found else "", raw_path


def _patch_forwarding(plane: DataPlane) -> None:
    """Network load balancers pass a request on as it is; targets are chosen by health."""

    def make_dispatch(original: Any) -> Any:
        async def dispatch(  # noqa: PLR0917 - the emulator's signature
            lb: Any,
            method: str,
            path: str,
            headers: Any,
            body: Any,
            query_params: Any,
            port: int = 80,
            client_ip: Any = None,
            raw_query_string: str | None = None,
            raw_path: str | None = None,
        ) -> Any:
            if lb.get("Type") != "network":
                return await original(
                    lb,
                    method,
                    path,
                    headers,
                    body,
                    query_params,
                    port,
                    client_ip,
                    raw_query_string=raw_query_string,
                    raw_path=raw_path,
                )
            group = _network_target_group(lb, port)
            if group is None:
                return problem(503, "the network load balancer has no listener that forwards")
            arrival = Arrival(
                method, path, headers, body, query_params or {}, raw_query_string, raw_path
            )
            return await plane.forward(group, arrival)

        return dispatch

    def make_forward(original: Any) -> Any:
        async def forward(  # noqa: PLR0917 - the emulator's signature
            tg_arn: str,
            method: str,
            path: str,
            headers: Any,
            body: Any,
            query_params: Any,
            raw_query_string: str | None = None,
            raw_path: str | None = None,
        ) -> Any:
            group = alb._tgs.get(tg_arn)
            if group is None or group.get("TargetType") not in ("ip", "instance", "alb"):
                return await original(
                    tg_arn, method, path, headers, body, query_params, raw_query_string, raw_path
                )
            data = body.encode() if isinstance(body, str) else body
            arrival = Arrival(
                method, path, headers, data, query_params or {}, raw_query_string, raw_path
            )
            return await plane.forward(tg_arn, arrival)

        return forward

    replace(alb, "dispatch_request", make_dispatch)
    replace(alb, "_forward_to_tg", make_forward)


def _network_target_group(load_balancer: Mapping[str, Any], port: int) -> str | None:
    listeners = [
        listener
        for listener in alb._listeners.values()
        if listener["LoadBalancerArn"] == load_balancer["LoadBalancerArn"]
    ]
    listeners.sort(key=lambda listener: listener.get("Port") != port)
    for action in listeners[0]["DefaultActions"] if listeners else ():
        arn: str | None = action.get("TargetGroupArn")
        if arn in alb._tgs:
            return arn
    return None


def _patch_targets(plane: DataPlane) -> None:
    """Whatever changes a group's targets or its health check is followed by the checks."""

    def then_sync(original: Any) -> Any:
        def changed(given: Any, *arguments: Any, **named: Any) -> Any:
            answer = original(given, *arguments, **named)
            plane.sync(given if isinstance(given, str) else alb._p(given, "TargetGroupArn"))
            return answer

        return changed

    replace(alb, "set_targets_for_group", then_sync)
    actions = alb._ACTION_MAP
    for name in ("RegisterTargets", "DeregisterTargets", "DeleteTargetGroup", "ModifyTargetGroup"):
        replace_entry(actions, name, then_sync)
    replace_entry(actions, "DescribeTargetHealth", lambda original: _describe(plane, original))


def _describe(plane: DataPlane, original: Any) -> Any:
    """Report what the checks have found; the emulator says `healthy` of everything."""

    def describe(params: Any) -> Any:
        arn = alb._p(params, "TargetGroupArn")
        group = alb._tgs.get(arn)
        if group is None or group.get("TargetType") not in ("ip", "instance"):
            return original(params)
        asked = {entry["Id"] for entry in alb._parse_targets_param(params)}
        members = []
        for entry in alb._targets.get(arn, ()):
            if asked and entry["Id"] not in asked:
                continue
            target = _target(entry, group)
            health = plane.health(arn, target.address, target.port) or Health.INITIAL
            reason = {
                Health.INITIAL: "<Reason>Elb.InitialHealthChecking</Reason>",
                Health.UNHEALTHY: "<Reason>Target.FailedHealthChecks</Reason>",
            }.get(health, "")
            members.append(
                f"<member><Target><Id>{escape(target.address)}</Id><Port>{target.port}</Port>"
                f"</Target><HealthCheckPort>{target.port}</HealthCheckPort>"
                f"<TargetHealth><State>{health}</State>{reason}</TargetHealth></member>"
            )
        inner = f"<TargetHealthDescriptions>{''.join(members)}</TargetHealthDescriptions>"
        return alb._xml(200, "DescribeTargetHealth", inner)

    return describe


def _target(entry: Mapping[str, Any], group: Mapping[str, Any]) -> Target:
    return Target(str(entry["Id"]), int(entry.get("Port") or group.get("Port") or 80))


def _probe(target: Target, group: Mapping[str, Any]) -> Probe:
    given = str(group.get("HealthCheckPort", "traffic-port"))
    plain = group.get("HealthCheckProtocol", "HTTP") in ("TCP", "TLS", "UDP", "TCP_UDP")
    return Probe(
        address=target.address,
        port=int(given) if given.isdigit() else target.port,
        path=None if plain else group.get("HealthCheckPath") or "/",
        interval_seconds=float(group.get("HealthCheckIntervalSeconds") or 30),
        timeout_seconds=float(group.get("HealthCheckTimeoutSeconds") or 5),
        accepted=(group.get("Matcher") or {}).get("HttpCode") or "200",
        rises=int(group.get("HealthyThresholdCount") or 5),
        falls=int(group.get("UnhealthyThresholdCount") or 2),
    )

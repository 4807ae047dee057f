"""How long the deployed HTTP API takes: each route, and the reads among 10,000 tenants."""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmarks.control_plane_system import Api, System
from benchmarks.measure import Verdict, at_most
from services.control_plane.registry.records import TenantRecord
from services.tenancy import Tier

REQUESTS = 100
ROUNDS = 3
PER_ROUND = 25
FEW = 10
MANY = 10_000
_WARM_UP = 3

Routes = Mapping[str, Callable[[], object]]


def latencies(system: System, api: Api, replayed: tuple[str, Tier, str]) -> Iterator[Verdict]:
    """Measure every route in turn, so that drift of the machine meets all alike.

    Parameters
    ----------
    replayed : tuple of str, Tier and str
        Name and tier of a tenant that was registered under an idempotency key, and the key.
    """
    with system.more_tenants(FEW) as tenants, _Metered(api) as meter:
        routes = {
            **_reads(api, tenants[0], meter),
            "POST /tenant-registrations (replay)": lambda: api.register(*replayed),
            **_writes(api, tenants[0], meter),
        }
        taken = measure(routes, REQUESTS)
    for name, seconds in taken.items():
        p50, p99 = statistics.median(seconds) * 1e3, _p99(seconds) * 1e3
        measured = f"p50 {p50:.0f} ms, p99 {p99:.0f} ms (least {min(seconds) * 1e3:.0f} ms)"
        yield Verdict(name, measured, "-", None)


def scale(system: System, api: Api) -> Iterator[Verdict]:
    """Measure the reads with few rows in the registry, with many, and with few again."""
    few: dict[str, list[float]] = {}
    many: dict[str, list[float]] = {}

    def add(to: dict[str, list[float]], tenants: Sequence[TenantRecord], meter: str) -> None:
        for name, seconds in measure(_reads(api, tenants[0], meter), PER_ROUND * ROUNDS).items():
            to.setdefault(name, []).extend(seconds)

    with _Metered(api) as meter, system.more_tenants(FEW) as tenants:
        add(few, tenants, meter)
        with system.more_tenants(MANY - FEW):
            add(many, tenants, meter)
        add(few, tenants, meter)
    ratios = {
        name: statistics.median(many[name]) / statistics.median(seconds)
        for name, seconds in few.items()
    }
    middle = statistics.median(ratios.values())
    worst = max(ratios, key=lambda name: ratios[name])
    yield at_most(
        f"p50 of the reads with {MANY:,} tenants / with {FEW}",
        middle,
        1.2,
        "x",
        f"worst {worst} {ratios[worst]:.2f}x: {statistics.median(many[worst]) * 1e3:.0f} ms / "
        f"{statistics.median(few[worst]) * 1e3:.0f} ms",
    )
    for name, ratio in sorted(ratios.items()):
        ms = [statistics.median(each[name]) * 1e3 for each in (many, few)]
        yield at_most(f"  {name}", ratio, 1.2, "x", f"{ms[0]:.1f} ms / {ms[1]:.1f} ms")


def _reads(api: Api, tenant: TenantRecord, meter: str) -> Routes:
    """Return a request for each read route."""
    (user, *_) = api.get("/users")
    name = user["userName"]
    paths = {
        "/tenant-registrations": "/tenant-registrations?limit=10",
        "/tenant-registrations/{id}": f"/tenant-registrations/{tenant.registration_id}",
        "/tenants": "/tenants?limit=10",
        "/tenants?name=": f"/tenants?name={tenant.name}",
        "/tenants?tier=": f"/tenants?tier={tenant.tier.value}&limit=10",
        "/tenants/{id}": f"/tenants/{tenant.id}",
        "/tenants/{id}/operations": f"/tenants/{tenant.id}/operations",
        "/tenant-config": f"/tenant-config?tenantId={tenant.id}",
        "/tenant-config/{name}": f"/tenant-config/{tenant.name}",
        "/users": "/users",
        "/users/{id}": f"/users/{name}",
        "/meters": "/meters",
        "/meters/{id}": f"/meters/{meter}",
        "/usage": f"/usage?tenantId={tenant.id}",
        "/usage/{id}": f"/usage/{meter}?tenantId={tenant.id}",
        "/metrics": "/metrics",
        "/tenants/{id}/resources": f"/tenants/{tenant.id}/resources",
        "/tenants/{id}/cost": f"/tenants/{tenant.id}/cost",
        "/tiers/{tier}/cost": f"/tiers/{tenant.tier.value}/cost",
        "/capacity": "/capacity",
        "/audit": "/audit?limit=10",
        "/openapi.json": "/openapi.json",
        "/health": "/health",
    }
    return {f"GET {route}": _get(api, path) for route, path in paths.items()}


def _writes(api: Api, tenant: TenantRecord, meter: str) -> Routes:
    """Return a request for each route that writes and starts no build.

    Those that start one are measured to its end, as onboarding is.
    """
    made: dict[str, list[str]] = {"users": [], "meters": []}
    registration = f"/tenant-registrations/{tenant.registration_id}"

    def add_user() -> None:
        name = f"bench-{uuid.uuid4().hex[:8]}"
        body = {"userName": name, "email": f"{name}@example.com", "userRole": "SupportReader"}
        api.send("POST", "/users", key=name, body=body)
        made["users"].append(name)

    def on_user(method: str, path: str = "", body: Mapping[str, str] | None = None) -> None:
        api.send(method, f"/users/{made['users'][-1]}{path}", body=body)

    def add_meter() -> None:
        name = f"bench_{uuid.uuid4().hex[:6]}"
        answer = api.send("POST", "/meters", key=name, body={"name": name})
        made["meters"].append(str(answer.json()["data"]["meterId"]))

    return {
        "PATCH /tenant-registrations/{id}": lambda: api.send(
            "PATCH", registration, body={"tenantRegistrationData": {"note": "benchmark"}}
        ),
        "POST /users": add_user,
        "PUT /users/{id}": lambda: on_user("PUT", body={"email": "bench@example.com"}),
        "DELETE /users/{id}/disable": lambda: on_user("DELETE", "/disable"),
        "PUT /users/{id}/enable": lambda: on_user("PUT", "/enable"),
        "DELETE /users/{id}": lambda: api.send("DELETE", f"/users/{made['users'].pop()}"),
        "POST /meters": add_meter,
        "PUT /meters/{id}": lambda: api.send(
            "PUT", f"/meters/{meter}", body={"name": "bench_renamed"}
        ),
        "DELETE /meters/{id}": lambda: api.send("DELETE", f"/meters/{made['meters'].pop()}"),
    }


def _get(api: Api, path: str) -> Callable[[], object]:
    return lambda: api.send("GET", path)


def measure(routes: Routes, requests: int) -> dict[str, list[float]]:
    """Return the seconds of each request, of all routes in turn."""
    for _ in range(_WARM_UP):
        for request in routes.values():
            request()
    taken: dict[str, list[float]] = {name: [] for name in routes}
    for _ in range(requests):
        for name, request in routes.items():
            started = time.perf_counter()
            request()
            taken[name].append(time.perf_counter() - started)
    return taken


class _Metered:
    """A meter that exists while the block runs."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._id = ""

    def __enter__(self) -> str:
        name = f"bench_{uuid.uuid4().hex[:6]}"
        answer = self._api.send("POST", "/meters", key=name, body={"name": name})
        self._id = str(answer.json()["data"]["meterId"])
        return self._id

    def __exit__(self, *_: object) -> None:
        self._api.send("DELETE", f"/meters/{self._id}")


def _p99(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[98]

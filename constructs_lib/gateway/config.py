"""Envoy's configuration for one gateway, from the routes of the service manifest.

Pure data in, pure data out, so that the tiers can put the result into a task definition as
`--config-yaml <json>`. The namespace may be a Terraform expression: it is only ever placed
inside strings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from constructs_lib.errors import ConfigError
from constructs_lib.gateway.upstream import ENVOY_TYPE, Route, cluster

HEALTH_PATH = "/health"

#: Longest a request may take from its last byte to the end of the answer. Below the 29 s of
#: API Gateway, so that the caller gets the gateway's answer and not a cut connection.
REQUEST_TIMEOUT_SECONDS = 15

#: Idle connections of the load balancer stay open longer than its own idle timeout (60 s).
DOWNSTREAM_IDLE_SECONDS = 90

#: A request's body may be this long. More than any request of the services; a body is read whole
#: before it is passed on, so that a slow sender holds the gateway's memory and no service.
MAX_REQUEST_BYTES = 1024 * 1024

#: Headers that name an identity. Services believe the signed token alone; a client's claims
#: about itself end here, so that no service can come to trust them by accident.
IDENTITY_HEADERS = (
    "tenantId",
    "tenantName",
    "tenantTier",
    "userRole",
    "x-tenant-id",
    "x-tenant-name",
    "x-tenant-tier",
    "x-user-id",
    "x-user-role",
    "x-amzn-oidc-accesstoken",
    "x-amzn-oidc-data",
    "x-amzn-oidc-identity",
)

#: Headers that tell Envoy itself what to do (`x-envoy-retry-on`), or claim to come from a hop
#: before. They are gone before anything looks at them.
UNTRUSTED_PREFIXES = ("x-envoy-", "x-tenant-", "x-amzn-oidc-")
UNTRUSTED_HEADERS = (
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-prefix",
    "x-forwarded-client-cert",
    "x-original-url",
    "x-rewrite-url",
)

#: Paths that another program may read as other paths: with a segment `.` or `..`, escaped or not,
#: with an empty one, with an escaped backslash, or with a character that has to be escaped (all but
#: printable ASCII, and the backslash). The API decides by the path as it was sent, so whoever
#: behind it resolves one decides something else. No backslash is in it: Terraform would take it.
AMBIGUOUS_PATH = ".*/(?:(?:[.]|%2[eE]){1,2}(?:/.*)?|/.*)|.*(?:%5[cC]|[^]!-[^-~]).*"

#: What lets a page of another origin read answers; the API adds it to its own answers alone. Any
#: page may: a request carries a token, which the page must have, and no cookie.
CORS_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "etag,retry-after,x-request-id",
    }
)


class RouteError(ConfigError):
    """The routes of a gateway contradict each other or name no path."""


def envoy_config(
    routes: Sequence[Route],
    namespace: str,
    *,
    port: int = 8080,
    health_path: str = HEALTH_PATH,
    timeout_seconds: int = REQUEST_TIMEOUT_SECONDS,
) -> dict[str, object]:
    """Return Envoy's bootstrap configuration.

    Parameters
    ----------
    routes : sequence of Route
        At least one. A longer path wins over a shorter one, whatever their order.
    namespace : str
        The Service Connect namespace of the services, or a Terraform expression for it.
    port : int, default 8080
        The port to listen on, on every address.
    health_path : str, default "/health"
        Answered by the gateway itself, whether or not a service is up.
    timeout_seconds : int, default 15
        After it the caller gets a 504.

    Raises
    ------
    RouteError
        If there is no route, two share a name or a path, or a path is not a plain prefix.

    Examples
    --------
    >>> config = envoy_config([Route("orders", "/orders", 3010)], "acme.sc")
    >>> config["static_resources"]["clusters"][0]["name"]
    'orders'
    """
    _check(routes, health_path)
    ordered = sorted(routes, key=lambda route: (-len(route.path), route.path))
    return {
        "static_resources": {
            "listeners": [_listener(ordered, port, health_path, timeout_seconds)],
            "clusters": [cluster(route, namespace, MAX_REQUEST_BYTES) for route in routes],
        },
        # Without a limit a flood of connections takes the task's memory.
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": f"{ENVOY_TYPE}.extensions.resource_monitors"
                        ".downstream_connections.v3.DownstreamConnectionsConfig",
                        "max_active_downstream_connections": 10_000,
                    },
                }
            ]
        },
    }


def _check(routes: Sequence[Route], health_path: str) -> None:
    problems = [] if routes else ["routes: got none; at least one service is needed"]
    for what, values in (
        ("name", [route.name for route in routes]),
        ("path", [route.path for route in routes]),
    ):
        problems += [
            f"routes: {what} {value!r} is given {count} times; each may be given once"
            for value, count in Counter(values).items()
            if count > 1
        ]
    for route in routes:
        plain = route.path.startswith("/") and not set("?#*") & set(route.path)
        if not plain or (route.path.endswith("/") and route.path != "/"):
            problems.append(
                f"routes.{route.name}.path: got {route.path!r}; a path begins with '/', "
                "does not end with one and has no '?', '#' or '*'"
            )
        if route.path == health_path:
            problems.append(
                f"routes.{route.name}.path: got {route.path!r}, which the gateway answers itself"
            )
    if problems:
        raise RouteError("\n".join(problems))


def _listener(
    routes: Sequence[Route], port: int, health_path: str, timeout_seconds: int
) -> dict[str, object]:
    return {
        "name": "ingress",
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": port}},  # noqa: S104
        "per_connection_buffer_limit_bytes": 1024 * 1024,
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": _connection_manager(routes, health_path, timeout_seconds),
                    }
                ]
            }
        ],
    }


def _connection_manager(
    routes: Sequence[Route], health_path: str, timeout_seconds: int
) -> dict[str, object]:
    return {
        "@type": f"{ENVOY_TYPE}.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager",
        "stat_prefix": "ingress",
        # The caller's address is what the load balancer, the one hop before, has seen.
        "use_remote_address": True,
        "xff_num_trusted_hops": 1,
        "preserve_external_request_id": True,
        "always_set_request_id_in_response": True,
        "server_header_transformation": "PASS_THROUGH",
        # A path goes to the service that the API has let it go to: nothing is resolved here, so
        # `/orders/../users` cannot become `/users`. It is refused by the first route.
        "normalize_path": False,
        "merge_slashes": False,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "common_http_protocol_options": {
            "idle_timeout": f"{DOWNSTREAM_IDLE_SECONDS}s",
            "max_headers_count": 100,
            # `x_tenant_id` reads as `x-tenant-id` where headers become variables.
            "headers_with_underscores_action": "DROP_HEADER",
        },
        "max_request_headers_kb": 32,
        "request_headers_timeout": "10s",
        "request_timeout": f"{timeout_seconds * 2}s",
        "early_header_mutation_extensions": [_early_removal()],
        "stream_idle_timeout": f"{timeout_seconds * 2}s",
        "access_log": [_access_log(health_path)],
        "local_reply_config": _local_replies(),
        "http_filters": [
            {
                "name": "envoy.filters.http.buffer",
                "typed_config": {
                    "@type": f"{ENVOY_TYPE}.extensions.filters.http.buffer.v3.Buffer",
                    "max_request_bytes": MAX_REQUEST_BYTES,
                },
            },
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{ENVOY_TYPE}.extensions.filters.http.router.v3.Router"},
            },
        ],
        "route_config": {
            "name": "services",
            "request_headers_to_remove": list(IDENTITY_HEADERS),
            "response_headers_to_add": [
                {
                    "header": {"key": name, "value": value},
                    "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                }
                for name, value in CORS_HEADERS.items()
            ],
            "virtual_hosts": [
                {
                    "name": "services",
                    "domains": ["*"],
                    "routes": [
                        {
                            "match": {"safe_regex": {"regex": AMBIGUOUS_PATH}},
                            "direct_response": _reply(400, "the path is not a plain one"),
                        },
                        {
                            "match": {"path": health_path},
                            "direct_response": _reply(200, "ok"),
                        },
                        *(
                            entry
                            for route in routes
                            for entry in _service_routes(route, timeout_seconds)
                        ),
                        {
                            "match": {"prefix": "/"},
                            "direct_response": _reply(404, "no service answers this path"),
                        },
                    ],
                }
            ],
        },
    }


def _early_removal() -> dict[str, object]:
    prefixes = [
        {"remove_on_match": {"key_matcher": {"prefix": prefix, "ignore_case": True}}}
        for prefix in UNTRUSTED_PREFIXES
    ]
    return {
        "name": "envoy.http.early_header_mutation.header_mutation",
        "typed_config": {
            "@type": f"{ENVOY_TYPE}.extensions.http.early_header_mutation.header_mutation.v3"
            ".HeaderMutation",
            "mutations": [*prefixes, *({"remove": header} for header in UNTRUSTED_HEADERS)],
        },
    }


def _service_routes(route: Route, timeout_seconds: int) -> list[dict[str, object]]:
    """Return the route for reads and the one for everything else; their retries differ."""
    prefix = {"prefix": "/"} if route.path == "/" else {"path_separated_prefix": route.path}
    reads = {
        "name": ":method",
        "string_match": {"safe_regex": {"regex": "GET|HEAD"}},
    }

    def entry(match: dict[str, object], retry_on: str) -> dict[str, object]:
        return {
            "match": match,
            "route": {
                "cluster": route.name,
                "timeout": f"{timeout_seconds}s",
                "retry_policy": {
                    "retry_on": retry_on,
                    "num_retries": 2,
                    "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
                    # Another task if there is one: the first may be on its way out.
                    "retry_host_predicate": [
                        {
                            "name": "envoy.retry_host_predicates.previous_hosts",
                            "typed_config": {
                                "@type": f"{ENVOY_TYPE}.extensions.retry.host.previous_hosts"
                                ".v3.PreviousHostsPredicate"
                            },
                        }
                    ],
                    "host_selection_retry_max_attempts": 3,
                },
            },
        }

    return [
        entry({**prefix, "headers": [reads]}, "connect-failure,refused-stream,reset"),
        # A write is tried again only where it has certainly not reached a service.
        entry(dict(prefix), "connect-failure,refused-stream,reset-before-request"),
    ]


def _reply(status: int, text: str) -> dict[str, object]:
    return {"status": status, "body": {"inline_string": text}}


def _local_replies() -> dict[str, object]:
    """Answer in JSON wherever Envoy itself answers: `/health`, no route, no service, too late."""
    return {
        "mappers": [
            {
                "filter": {
                    "status_code_filter": {
                        "comparison": {
                            "op": "EQ",
                            "value": {"default_value": 200, "runtime_key": "gateway.healthy"},
                        }
                    }
                },
                "body_format_override": {"json_format": {"status": "%LOCAL_REPLY_BODY%"}},
            }
        ],
        "body_format": {"json_format": {"message": "%LOCAL_REPLY_BODY%"}},
    }


def _access_log(health_path: str) -> dict[str, object]:
    return {
        "name": "envoy.access_loggers.stdout",
        # The load balancer asks for the health every few seconds; that would be most of the log.
        "filter": {
            "header_filter": {
                "header": {
                    "name": ":path",
                    "string_match": {"exact": health_path},
                    "invert_match": True,
                }
            }
        },
        "typed_config": {
            "@type": f"{ENVOY_TYPE}.extensions.access_loggers.stream.v3.StdoutAccessLog",
            "log_format": {
                "json_format": {
                    "time": "%START_TIME%",
                    "tenantPath": "%REQ(tenantPath)%",
                    "requestId": "%REQ(x-request-id)%",
                    "method": "%REQ(:method)%",
                    "path": "%REQ(:path)%",
                    "status": "%RESPONSE_CODE%",
                    "durationMs": "%DURATION%",
                    "service": "%UPSTREAM_CLUSTER%",
                    "upstream": "%UPSTREAM_HOST%",
                    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
                    "reason": "%RESPONSE_CODE_DETAILS%",
                }
            },
        },
    }

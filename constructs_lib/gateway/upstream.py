"""A microservice as the gateway sees it: where its tasks are, and when one is left alone."""

from __future__ import annotations

from dataclasses import dataclass

ENVOY_TYPE = "type.googleapis.com/envoy"

#: Idle connections to a service close sooner here than in Service Connect's proxy (60 s) or in the
#: service (75 s), so that no request is written to a connection which either is just closing.
UPSTREAM_IDLE_SECONDS = 30

#: Of what is under way to a service, how much may be second tries: when all tasks are in trouble,
#: retries must not be the load that keeps them there.
RETRY_BUDGET_PERCENT = 20


@dataclass(frozen=True)
class Route:
    """One microservice behind the gateway.

    Parameters
    ----------
    name : str
        The service's name; its Service Connect alias is `<name>-api.<namespace>`.
    path : str
        Where it is found, as `/orders`. It owns that path and everything below it.
    port : int
        The port of the alias.
    """

    name: str
    path: str
    port: int


def cluster(route: Route, namespace: str, buffer_bytes: int) -> dict[str, object]:
    """Return the cluster of a route's service: its tasks, by the alias that they share.

    `buffer_bytes` may be held for a connection.
    """
    alias = f"{route.name}-api.{namespace}"
    return {
        "name": route.name,
        # Every address of the alias is a host, as with the older `STRICT_DNS`. Tasks come and go;
        # the alias is answered from the task's own machine, so asking each second is cheap.
        "cluster_type": {
            "name": "envoy.clusters.dns",
            "typed_config": {
                "@type": f"{ENVOY_TYPE}.extensions.clusters.dns.v3.DnsCluster",
                "dns_lookup_family": "V4_ONLY",
                "dns_refresh_rate": "1s",
                "dns_failure_refresh_rate": {"base_interval": "0.5s", "max_interval": "1s"},
            },
        },
        "connect_timeout": "2s",
        "lb_policy": "LEAST_REQUEST",
        "per_connection_buffer_limit_bytes": buffer_bytes,
        "circuit_breakers": {
            "thresholds": [
                {
                    "priority": "DEFAULT",
                    "max_connections": 1024,
                    "max_pending_requests": 1024,
                    "max_requests": 1024,
                    "retry_budget": {
                        "budget_percent": {"value": RETRY_BUDGET_PERCENT},
                        "min_retry_concurrency": 3,
                    },
                }
            ]
        },
        # A task that answers nothing but errors is left alone for a while; never all of them,
        # because then the fault is in what they share.
        "outlier_detection": {
            "consecutive_5xx": 5,
            "consecutive_gateway_failure": 3,
            "enforcing_consecutive_gateway_failure": 100,
            "consecutive_local_origin_failure": 3,
            "split_external_local_origin_errors": True,
            "interval": "2s",
            "base_ejection_time": "10s",
            "max_ejection_time": "60s",
            "max_ejection_percent": 50,
            # No success rates: with the few tasks of a tenant they say nothing.
            "enforcing_success_rate": 0,
            "enforcing_local_origin_success_rate": 0,
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{ENVOY_TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions",
                "common_http_protocol_options": {"idle_timeout": f"{UPSTREAM_IDLE_SECONDS}s"},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
        "load_assignment": {
            "cluster_name": route.name,
            "endpoints": [
                {
                    "lb_endpoints": [
                        {
                            "endpoint": {
                                "address": {
                                    "socket_address": {
                                        "address": alias,
                                        "port_value": route.port,
                                    }
                                }
                            }
                        }
                    ]
                }
            ],
        },
    }

"""ECS without a container runtime: the emulator's own ECS, with processes for containers.

The emulator keeps clusters, services, deployments and tasks, and asks a Docker client for
containers. This puts a client of our own in that place (`containers`). What a task
is here:

* a process for each container, in the file tree of its image (`services.local_aws.images`,
  `launch`), started by a spawner (`spawner`, `nursery`), with a loopback address of the task's own
  (`addresses`);
* RUNNING when its ports answer, healthy when its load balancer says so, and stopped by SIGTERM
  after requests on their way have ended;
* its role's credentials, and nobody else's (`credentials`); its log group (`logs`);
* behind its Service Connect alias as long as it runs (`dns`).
"""

from __future__ import annotations

import atexit
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ministack.core import responses
from ministack.core.concurrency import spawn_background
from ministack.core.responses import request_scope
from ministack.services import ecs, servicediscovery

from services.local_aws.ecs.addresses import Addresses
from services.local_aws.ecs.client import Client, Images
from services.local_aws.ecs.containers import Containers, Runtime, Task
from services.local_aws.ecs.credentials import TaskCredentials
from services.local_aws.ecs.dns import Aliases, DnsServer, service_aliases
from services.local_aws.ecs.logs import LogPump
from services.local_aws.ecs.nursery import Nurseries
from services.local_aws.images.errors import ImageNotFoundError
from services.local_aws.images.pulling import Registry
from services.local_aws.images.store import ImageStore
from services.local_aws.load_balancer import data_plane
from services.local_aws.load_balancer.data_plane import DataPlane
from services.local_aws.load_balancer.health import Health
from services.local_aws.patches.registry import replace, replace_entry, symbol

__all__ = ["install", "shutdown"]

_log = logging.getLogger("services.local_aws.ecs")

#: A gateway asks for an alias each second; a task that leaves waits for the next time.
ALIAS_SECONDS = 1.5
#: How long a task that stops may be held by requests on their way, and a new one may need to
#: become healthy for its load balancer.
DRAIN_SECONDS = 30.0
HEALTHY_SECONDS = 60.0
#: How often a listing is tried while other threads write.
_LISTINGS = 20

_nurseries: list[Nurseries] = []


def install(home: Path, _port: int) -> Client:
    """Put the process runner into the emulator's ECS, before it serves; return its client."""
    plane = data_plane.install(home, _port)
    aliases = Aliases()
    credentials = TaskCredentials()
    credentials.install()
    registry = Registry(ImageStore(home))
    nurseries = Nurseries(home)
    _nurseries.append(nurseries)
    containers = Containers(
        Runtime(
            registry=registry,
            nurseries=nurseries,
            addresses=Addresses(),
            pump=LogPump(),
            credentials=credentials,
            checker=plane.checker,
            dns_port=DnsServer(aliases).port,
            before_stop=lambda task: _drain(task, plane),
        )
    )
    client = Client(containers, Images(registry))
    plane.when_unhealthy.append(lambda group, address: _replace_task(containers, group, address))
    _patch_stores()
    _patch_containers(client)
    _patch_lifecycle(containers, plane)
    _patch_service_connect(aliases)
    # The emulator waits for its container runtime here; a process needs no such time.
    symbol(ecs, "_ECS_RESTORE_RECONCILE_DELAY")
    ecs._ECS_RESTORE_RECONCILE_DELAY = 0.2
    return client


@atexit.register
def shutdown() -> None:
    """End all tasks; returns when they are gone."""
    while _nurseries:
        _nurseries.pop().close()


def _patch_stores() -> None:
    """List the emulator's stores also while other threads write to them.

    Tasks start and end in threads. Now and then a listing fails ("dictionary changed size during
    iteration"), and with it the thread that was to complete a deployment.
    """

    def make(original: Any) -> Any:
        def listing(store: Any) -> Any:
            for _ in range(_LISTINGS):
                try:
                    return original(store)
                except RuntimeError:
                    time.sleep(0)
            return original(store)

        return listing

    for store in (responses.AccountScopedDict, responses.AccountRegionScopedDict):
        for name in ("keys", "values", "items"):
            replace(store, name, make)
    replace(responses.AccountRegionScopedDict, "all_items", make)


def _patch_containers(client: Client) -> None:
    def make_kwargs(original: Any) -> Any:
        def build(cdef: Any, td: Any, *rest: Any) -> Any:
            given = original(cdef, td, *rest)
            # Entry point, stop timeout, ports and health check are dropped on the way to Docker.
            given.update(definition=cdef, task_definition=td)
            # Processes run on this machine's architecture, whatever images are built for.
            given.pop("platform", None)
            return given

        return build

    def make_run(original: Any) -> Any:
        def run(*arguments: Any, **named: Any) -> Any:
            """Say of an image that cannot be pulled what ECS says, of tasks without service too."""
            try:
                return original(*arguments, **named)
            except ImageNotFoundError as error:
                raise ecs._ImagePullError(str(error)) from error

        return run

    symbol(ecs, "_ImagePullError")
    replace(ecs, "_run_docker_container", make_run)
    replace(ecs, "_get_docker", lambda _original: lambda: client)
    replace(ecs, "_build_run_kwargs", make_kwargs)
    # One thread for each container there; the pump has one for all.
    replace(ecs, "_start_awslogs_forwarder", lambda _original: lambda *_: None)


def _patch_lifecycle(containers: Containers, plane: DataPlane) -> None:
    def watch(task: Any, docker_client: Any, account_id: str, region: str) -> None:
        """Follow a task until it ends. The emulator's own asks ten times a second, each task."""
        arn = task["taskArn"]

        def follow() -> None:
            with request_scope(account_id, region):
                while ecs._task_is_active(arn, task):
                    containers.wait_for_exit(arn, 5.0)
                    ecs._maybe_mark_stopped(task, docker_client)
                # The other containers of a task end with its essential one.
                for container in containers.of_task(arn):
                    container.stop()

        spawn_background(follow, thread_name=f"ecs-processes-{arn[-8:]}")
        cluster = ecs._cluster_name_from_arn(task.get("clusterArn", ""))
        group = task.get("group", "")
        if cluster and group.startswith("service:"):
            ecs._schedule_service_deployment_completion(
                cluster,
                f"{cluster}/{group.partition(':')[2]}",
                account_id,
                region,
                healthy_task=task,
            )

    def make_healthy(original: Any) -> Any:
        def healthy(svc_key: str, task: Any) -> None:
            """Wait for the load balancer's word; only then the rollout may count the task."""
            if _await_healthy(svc_key, task, plane):
                original(svc_key, task)

        return healthy

    def make_deployment(original: Any) -> Any:
        def make(*arguments: Any, **named: Any) -> Any:
            """Say of a first deployment that it is in progress; the emulator says it is done.

            Without that its circuit breaker does not count, and tasks fail for ever.
            """
            return original(*arguments, **named) | {
                "rolloutState": "IN_PROGRESS",
                "rolloutStateReason": "ECS deployment in progress.",
            }

        return make

    def make_complete(original: Any) -> Any:
        def complete(cluster_name: str, service_key: str, **named: Any) -> None:
            original(cluster_name, service_key, **named)
            _forget_failed_deployments(service_key)

        return complete

    replace(ecs, "_make_deployment", make_deployment)
    replace(ecs, "_complete_service_deployment", make_complete)
    replace(ecs, "_watch_task_lifecycle", lambda _original: watch)
    replace(ecs, "_record_service_task_healthy", make_healthy)


def _forget_failed_deployments(service_key: str) -> None:
    """Drop what was rolled back, as ECS does once its tasks are gone.

    The emulator lists it for ever, and Terraform, which waits for a service with one deployment,
    waits for ever too.
    """
    service = ecs._services.get(service_key)
    if service is None or len(service["deployments"]) == 1:
        return
    live = {
        task.get("_deployment_id")
        for task in ecs._tasks.values()
        if task.get("lastStatus") in ecs._PRE_STOP_STATUSES
    }
    service["deployments"] = [
        deployment
        for deployment in service["deployments"]
        if deployment["status"] == "PRIMARY" or deployment["id"] in live
    ]


def _await_healthy(service_key: str, task: Mapping[str, Any], plane: DataPlane) -> bool:
    service = ecs._services.get(service_key) or {}
    address = ecs._task_ip(task)
    deadline = (
        time.monotonic()
        + HEALTHY_SECONDS
        + float(service.get("healthCheckGracePeriodSeconds") or 0)
    )
    for balancer in service.get("loadBalancers") or ():
        group, port = balancer.get("targetGroupArn"), balancer.get("containerPort", 80)
        while group and plane.health(group, address, port) is not Health.HEALTHY:
            if task.get("lastStatus") != "RUNNING":
                return False
            if time.monotonic() > deadline:
                _log.warning("%s never became healthy: stopped", task["taskArn"])
                for container in ecs._get_docker().containers.of_task(task["taskArn"]):
                    container.kill()
                return False
            time.sleep(0.05)
    return True


def _replace_task(containers: Containers, group: str, address: str) -> None:
    """Do as ECS does with a task that fails its load balancer's health check."""
    for container in containers.all():
        if container.task.address == address and container.status == "running":
            _log.warning("%s fails the health check of %s: killed", container.name, group)
            container.kill()


def _drain(task: Task, plane: DataPlane) -> None:
    """Return when nobody sends requests to a task any more; it is out of all lists already."""
    region, account = task.arn.split(":")[3:5]
    with request_scope(account, region):
        record = ecs._tasks.get(task.arn) or {}
        group = record.get("group", "")
        cluster = ecs._cluster_name_from_arn(record.get("clusterArn", ""))
        service = ecs._services.get(f"{cluster}/{group.partition(':')[2]}") or {}
        goes_on = service.get("status") == "ACTIVE" and service.get("desiredCount", 0) > 0
        if goes_on and service_aliases(_connect_configuration(service), ""):
            time.sleep(ALIAS_SECONDS)
    plane.wait_drained(task.address, DRAIN_SECONDS)


def _patch_service_connect(aliases: Aliases) -> None:
    def make_refresh(original: Any) -> Any:
        def refresh(cluster_name: str, group: str) -> None:
            original(cluster_name, group)
            if group and group.startswith("service:"):
                _publish(aliases, cluster_name, group)

        return refresh

    def make_delete(original: Any) -> Any:
        def delete(data: Any) -> Any:
            answer = original(data)
            if answer[0] == 200:
                cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
                _publish(aliases, cluster, "service:" + data["service"].rpartition("/")[2])
            return answer

        return delete

    replace_entry(ecs._ACTION_MAP, "DeleteService", make_delete)
    replace(ecs, "_refresh_service_state", make_refresh)


def _publish(aliases: Aliases, cluster: str, group: str) -> None:
    service = ecs._services.get(f"{cluster}/{group.partition(':')[2]}")
    configuration = _connect_configuration(service or {})
    if not service or not configuration:
        return
    running = [
        address
        for task in list(ecs._tasks.values())
        if task.get("group") == group
        and task.get("clusterArn") == service.get("clusterArn")
        and task.get("lastStatus") == "RUNNING"
        and (address := ecs._task_ip(task))
    ]
    for alias in service_aliases(configuration, _namespace_name(cluster, configuration)):
        if service.get("status") == "ACTIVE":
            aliases.publish(alias, running)
        else:
            aliases.withdraw(alias)


def _connect_configuration(service: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what the newest deployment that says anything says of Service Connect."""
    for deployment in service.get("deployments") or ():
        if found := deployment.get("serviceConnectConfiguration"):
            return dict(found)
    return None


def _namespace_name(cluster: str, configuration: Mapping[str, Any]) -> str:
    defaults = (ecs._clusters.get(cluster) or {}).get("serviceConnectDefaults") or {}
    given: str = configuration.get("namespace") or defaults.get("namespace") or ""
    if not given.startswith("arn:"):
        return given
    record = servicediscovery._namespaces.get(given.rpartition("/")[2]) or {}
    return str(record.get("Name", given))

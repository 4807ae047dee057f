"""CodeBuild without Docker: a build is the phases of its buildspec, run as processes.

What is as on AWS: the phases and their order, `finally`, `on-failure`, variables by value, from
Parameter Store and from Secrets Manager, S3 and NO_SOURCE sources, exported variables, the queue
and both timeouts, StopBuild, the log stream, the events, and above all **who the build is**: the
project's service role, in everything the build, its log and its source do.

So is the image: a build has its files, its variables and nothing of this checkout; see
`services.local_aws.images`. What is not: that AWS's endpoint is told in a variable, and that a
build finds in its `/tmp` what earlier builds of the same image have left there.
"""

from __future__ import annotations

import contextvars
import copy
import logging
import os
import threading
import time
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import codebuild, eventbridge

from services.local_aws.builds.run import BuildInterruptedError, Run
from services.local_aws.errors import LocalAwsError
from services.local_aws.service_roles import RoleRefusedError, assume

_log = logging.getLogger("services.local_aws.builds.builds")

PRINCIPAL = "codebuild.amazonaws.com"

#: Builds that run at once; others are QUEUED, as beyond an account's limit.
_PARALLEL = int(os.environ.get("ECS_SAAS_LOCAL_BUILDS") or 2 * (os.cpu_count() or 1))
#: Seconds in a minute of the timeouts: tests have no five minutes to wait for one.
_MINUTE = float(os.environ.get("ECS_SAAS_LOCAL_BUILD_MINUTE") or 60)

_slots = threading.Semaphore(_PARALLEL)
_runs: dict[str, Run] = {}
# AWS remembers a token for five minutes.
_tokens: dict[tuple[str, str], tuple[float, str]] = {}
_TOKEN_SECONDS = 300


class RefusedError(LocalAwsError, ValueError):
    """A build that cannot be started: the error's code and message."""


def start(project: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """Start a build of a project; return its record.

    Raises
    ------
    RefusedError
        If CodeBuild cannot assume the service role.
    """
    name = project["name"]
    token = request.get("idempotencyToken")
    if token and (known := _tokens.get((name, token))) and time.time() - known[0] < _TOKEN_SECONDS:
        return dict(codebuild._builds[known[1]])
    role = request.get("serviceRoleOverride") or project.get("serviceRole", "")
    uuid = new_uuid()
    try:
        credentials = assume(role, PRINCIPAL, f"AWSCodeBuild-{uuid}")
    except RoleRefusedError as error:
        raise RefusedError(
            "CodeBuild is not authorized to perform: sts:AssumeRole on service role. Please verify"
            f" that: 1) The provided service role exists and 2) trusts {PRINCIPAL}: {error}"
        ) from error
    build = _record(project, request, role, uuid)
    build_id = build["id"]
    codebuild._builds[build_id] = build
    if token:
        _tokens[name, token] = (time.time(), build_id)
    run = Run(build, project, request, credentials)
    _runs[build_id] = run
    _changed(build)
    context = contextvars.copy_context()
    threading.Thread(
        target=context.run, args=(_execute, run), daemon=True, name=f"build-{uuid[:8]}"
    ).start()
    return build


def stop(build_id: str) -> dict[str, Any] | None:
    """Stop a build; return its record, None if there is none."""
    build: dict[str, Any] | None = codebuild._builds.get(build_id)
    run = _runs.get(build_id)
    if run is not None:
        run.interrupt("STOPPED")
    return build


def _record(
    project: dict[str, Any], request: dict[str, Any], role: str, uuid: str
) -> dict[str, Any]:
    build: dict[str, Any] = codebuild._make_build_record(
        project, f"{project['name']}:{uuid}", request.get("sourceVersion")
    )
    now = time.time()
    environment = copy.deepcopy(project.get("environment", {}))
    variables = {v["name"]: v for v in environment.get("environmentVariables", [])}
    variables |= {v["name"]: v for v in request.get("environmentVariablesOverride", [])}
    environment["environmentVariables"] = list(variables.values())
    source = copy.deepcopy(project.get("source", {}))
    if "buildspecOverride" in request:
        source["buildspec"] = request["buildspecOverride"]
    logs = (request.get("logsConfigOverride") or project.get("logsConfig") or {}).get(
        "cloudWatchLogs"
    ) or {}
    prefix = f"{logs['streamName']}/" if logs.get("streamName") else ""
    group = logs.get("groupName") or f"/aws/codebuild/{project['name']}"
    stream = f"{prefix}{uuid}"
    region = get_region()
    build.pop("endTime", None)
    build.update(
        startTime=now,
        buildStatus="IN_PROGRESS",
        buildComplete=False,
        currentPhase="SUBMITTED",
        phases=[],
        environment=environment,
        source=source,
        serviceRole=role,
        timeoutInMinutes=request.get("timeoutInMinutesOverride")
        or project.get("timeoutInMinutes", 60),
        queuedTimeoutInMinutes=request.get("queuedTimeoutInMinutesOverride")
        or project.get("queuedTimeoutInMinutes", 480),
        exportedEnvironmentVariables=[],
        logs={
            "groupName": group,
            "streamName": stream,
            "deepLink": f"https://console.aws.amazon.com/cloudwatch/home?region={region}"
            f"#logsV2:log-groups/log-group/{group.replace('/', '$252F')}"
            f"/log-events/{stream.replace('/', '$252F')}",
            "cloudWatchLogsArn": f"arn:aws:logs:{region}:{get_account_id()}:log-group:{group}"
            f":log-stream:{stream}",
            "cloudWatchLogs": {"status": logs.get("status", "ENABLED"), "groupName": group},
        },
    )
    return build


def _execute(run: Run) -> None:
    build = run.build
    try:
        run.begin("SUBMITTED")
        run.begin("QUEUED")
        if not _await_slot(run):
            run.finish("TIMED_OUT" if run.interruption is None else run.interruption)
            return
        timer = threading.Timer(
            build["timeoutInMinutes"] * _MINUTE, run.interrupt, args=("TIMED_OUT",)
        )
        timer.daemon = True
        timer.start()
        try:
            run.execute()
        finally:
            timer.cancel()
            _slots.release()
    except BuildInterruptedError:
        run.finish(run.interruption or "STOPPED")
    except Exception as error:
        _log.exception("build %s", build["id"])
        run.fail("INTERNAL_ERROR", str(error))
        run.finish("FAULT")
    finally:
        run.clean()
        _runs.pop(build["id"], None)
        _changed(build)


def _await_slot(run: Run) -> bool:
    deadline = time.monotonic() + run.build["queuedTimeoutInMinutes"] * _MINUTE
    while run.interruption is None and time.monotonic() < deadline:
        if _slots.acquire(timeout=0.2):
            return True
    return False


def _changed(build: dict[str, Any]) -> None:
    """Say on the default bus that a build has begun or ended."""
    phases = [
        {
            "phase-type": phase["phaseType"],
            "phase-status": phase.get("phaseStatus"),
            "phase-context": [
                f"{context['statusCode']}: {context['message']}"
                for context in phase.get("contexts", [])
            ],
        }
        for phase in build["phases"]
    ]
    logs = build["logs"]
    detail = {
        "build-status": build["buildStatus"],
        "project-name": build["projectName"],
        "build-id": build["arn"],
        "current-phase": build["currentPhase"],
        "version": "1",
        "additional-information": {
            "build-complete": build["buildComplete"],
            "initiator": build["initiator"],
            "timeout-in-minutes": build["timeoutInMinutes"],
            "logs": {
                "group-name": logs["groupName"],
                "stream-name": logs["streamName"],
                "deep-link": logs["deepLink"],
            },
            "phases": phases,
        },
    }
    eventbridge._put_events(
        {
            "Entries": [
                {
                    "Source": "aws.codebuild",
                    "DetailType": "CodeBuild Build State Change",
                    "Detail": codebuild.json.dumps(detail),
                    "Resources": [build["arn"]],
                }
            ]
        },
        allow_aws_source=True,
    )

"""One operation on one tenant, as a build runs it: request in, tenant changed, event out.

The request is the envelope in the environment variable OPERATION, as JSON. It is data all the
way: nothing in it becomes a command, and the tenant's fields are validated before they are used.

    python -m services.provisioning.jobs.job

Environment: OPERATION, EVENT_BUS; optionally ECS_SAAS_CONFIG (`saas.tfvars`), ECS_SAAS_MODULES
(`cdktf.out/stacks`), ECS_SAAS_WORKDIR (`.ecs-saas`), ECS_SAAS_TARGET and ECS_SAAS_REFUSAL_SECONDS
(90: how long a refused tenant may still write). Exit code 1 and an event that says why if the
operation failed; the state machine reports a build that could not, or was ended before its time.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from services.contracts.progress import BuildProgress
from services.provisioning.errors import ProvisionerError
from services.provisioning.jobs.operations import Done, JobError
from services.provisioning.jobs.starter import failure_event_id
from services.provisioning.terraform.log import Diagnostic, Phase, ResourceProgress
from services.provisioning.terraform.log import Event as TerraformEvent
from services.provisioning.terraform.progress import Tally
from services.tenancy import InputError
from services.tenancy.events import Detail, Event
from services.tenancy.events.catalogue import JobFailure, TenantRequest
from services.tenancy.operation_events import failure, success
from services.tenancy.operations import JOBS

_REASON_LIMIT = 2000


class Carrying(Protocol):
    """Whoever carries out requests."""

    def carry_out(self, request: Event[TenantRequest]) -> Done:
        """Do what `request` asks for."""
        ...


class LogLines:
    """Progress as lines of the build's log: for people, and for the control plane."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at = BuildProgress("", "")
        self._tally = Tally()
        self._told = 0.0

    def stage(self, run: str, name: str) -> None:
        """Print that a stage begins."""
        _say(f"{run}: {name}")
        with self._lock:
            # A plan that is applied has been counted; a first apply plans for itself.
            planned = self._tally.changes if name == "apply" and run == self._at.run else []
            self._tally = Tally(planned)
            self._tell(self._counted(BuildProgress(run, name)))

    def event(self, run: str, event: TerraformEvent) -> None:
        """Print what ended, and what is wrong; once a second how far it is."""
        with self._lock:
            self._tally.add(event)
        match event:
            case ResourceProgress(phase=Phase.STARTED):
                with self._lock:
                    at = replace(self._at, resource=event.address)
                    self._tell(self._counted(at), at_most_each=1.0)
            case ResourceProgress(phase=Phase.DONE):
                _say(f"{run}: {event.action} {event.address} {event.seconds:.0f} s")
            case Diagnostic():
                _say(f"{run}: {event.severity}: {event}")
            case _:
                pass

    def note(self, run: str, text: str) -> None:
        """Print what a person should know."""
        _say(f"{run}: {text}")

    def _counted(self, progress: BuildProgress) -> BuildProgress:
        planned = {each.address for each in self._tally.changes}
        done = planned.intersection(each.address for each in self._tally.completed)
        return replace(progress, done=len(done), total=len(planned))

    def _tell(self, progress: BuildProgress, *, at_most_each: float = 0.0) -> None:
        self._at = progress
        if time.monotonic() - self._told >= at_most_each:
            self._told = time.monotonic()
            _say(progress.line())


def carry_out(
    request: Event[TenantRequest], operations: Carrying, *, log_url: str | None = None
) -> Event[Detail]:
    """Do what `request` asks for, and return the event that says how it ended.

    Parameters
    ----------
    request : Event
        One that asks for an operation.
    operations : Carrying
    log_url : str, optional
        Where this job's log is.
    """
    job = JOBS[request.name]
    operation_id = request.detail.operation_id
    registration_id = request.detail.tenant_registration_id
    try:
        done = operations.carry_out(request)
    except Exception as error:
        if not isinstance(error, InputError | ProvisionerError):
            traceback.print_exc()  # a fault of ours: the log gets all of it, the event its name
        reason = str(error) or type(error).__name__
        return failure(
            job,
            registration_id,
            event_id=failure_event_id(operation_id),
            operation_id=operation_id,
            reason=reason[:_REASON_LIMIT],
            log_url=log_url,
        )
    return success(
        job,
        registration_id,
        event_id=f"{operation_id}-succeeded",
        operation_id=operation_id,
        tenant_data=done.tenant_data,
        registration_data=done.registration_data,
    )


def main(environment: Mapping[str, str] = os.environ) -> int:
    """Carry out the operation in the environment; return the exit code."""
    from services.configuration import load  # noqa: PLC0415
    from services.configuration.release import synthesised  # noqa: PLC0415
    from services.provisioning.deployment import REFUSAL_SECONDS, Deployment  # noqa: PLC0415
    from services.provisioning.jobs.operations import Operations  # noqa: PLC0415
    from services.provisioning.terraform.interruption import Interruption  # noqa: PLC0415

    request = Event.parse(json.loads(environment["OPERATION"])).narrowed(TenantRequest)
    workdir = Path(environment.get("ECS_SAAS_WORKDIR", ".ecs-saas"))
    modules = Path(environment.get("ECS_SAAS_MODULES", "cdktf.out/stacks"))
    configuration = synthesised(
        load(
            Path(environment.get("ECS_SAAS_CONFIG", "saas.tfvars")), cache=workdir / "configuration"
        ),
        modules,
    )
    progress = LogLines()
    interruption = Interruption(lambda text: progress.note("", text))
    deployment = Deployment(
        configuration,
        workdir=workdir,
        modules=modules,
        target=environment.get("ECS_SAAS_TARGET", "aws"),
        environment=dict(environment),
        progress=progress,
        interruption=interruption,
        refusal_seconds=float(environment.get("ECS_SAAS_REFUSAL_SECONDS", REFUSAL_SECONDS)),
    )
    operations = Operations(deployment)
    with interruption.listening():
        answer = carry_out(request, operations, log_url=log_url(environment, configuration.region))
        failed = answer.detail if isinstance(answer.detail, JobFailure) else None
        # A build that is being ended leaves it to the state machine, which knows why.
        if failed is None or not interruption.requested:
            put(answer, environment["EVENT_BUS"], _put_events(configuration.region))
        _say(f"{answer.name.value}: {failed.reason if failed else 'done'}")
        if failed:
            return 1
        operations.make_room()  # takes a minute; the tenant is told before
    return 0


def put(event: Event[Detail], bus: str, put_events: Callable[..., Mapping[str, Any]]) -> None:
    """Put `event` on the bus, or raise `JobError` if the bus refuses it."""
    answer = put_events(Entries=[event.entry(bus)])
    if answer.get("FailedEntryCount"):
        raise JobError(f"the bus {bus} refused {event.name.value}: {answer['Entries']}")


def log_url(environment: Mapping[str, str], region: str) -> str | None:
    """Return where this build's log is shown, or nothing outside a build."""
    build = environment.get("CODEBUILD_BUILD_ID")
    if not build:
        return None
    project, _, uuid = build.partition(":")
    stream = environment.get("CODEBUILD_LOG_PATH", uuid).replace("/", "$252F")
    return (
        f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
        f"#logsV2:log-groups/log-group/$252Faws$252Fcodebuild$252F{project}"
        f"/log-events/{stream}"
    )


def _put_events(region: str) -> Callable[..., Mapping[str, Any]]:
    import botocore.session  # noqa: PLC0415 - 0.2 s that the tests do not pay

    client: Any = botocore.session.get_session().create_client("events", region_name=region)
    called: Callable[..., Mapping[str, Any]] = client.put_events
    return called


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""One operation on one tenant, as a build runs it: request in, tenant changed, event out.

The request is the envelope in the environment variable OPERATION, as JSON. It is data all the
way: nothing in it becomes a command, and the tenant's fields are validated before they are used.

    python -m services.provisioner.job

Environment: OPERATION, EVENT_BUS; optionally ECS_SAAS_CONFIG (`saas.tfvars`), ECS_SAAS_MODULES
(`cdktf.out/stacks`), ECS_SAAS_WORKDIR (`.ecs-saas`) and ECS_SAAS_TARGET. Exit code 1 and an event
that says why if the operation failed; the state machine reports a build that could not.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.events import Event, EventName, Outcome, failure, success
from services.provisioner.errors import ProvisionerError
from services.provisioner.events import Diagnostic, Phase, ResourceProgress
from services.provisioner.events import Event as TerraformEvent
from services.provisioner.starter import failure_event_id
from services.tenancy import InputError, TenantDocument

if TYPE_CHECKING:
    from services.provisioner.tenants import Tenants

_REASON_LIMIT = 2000
_APPLIED = (EventName.ONBOARDING_REQUEST, EventName.TENANT_UPDATE_REQUEST)


class JobError(Exception):
    """The request cannot be carried out; the message says why."""


class LogLines:
    """Progress as lines of the build's log."""

    def stage(self, run: str, name: str) -> None:
        """Print that a stage begins."""
        _say(f"{run}: {name}")

    def event(self, run: str, event: TerraformEvent) -> None:
        """Print what ended, and what is wrong."""
        match event:
            case ResourceProgress(phase=Phase.DONE):
                _say(f"{run}: {event.action} {event.address} {event.seconds:.0f} s")
            case Diagnostic():
                _say(f"{run}: {event.severity}: {event}")
            case _:
                pass

    def note(self, run: str, text: str) -> None:
        """Print what a person should know."""
        _say(f"{run}: {text}")


def carry_out(
    request: Event, tenants: Tenants, *, release: str, log_url: str | None = None
) -> Event:
    """Do what `request` asks for, and return the event that says how it ended.

    Parameters
    ----------
    request : Event
        One that asks for an operation.
    tenants : Tenants
    release : str
        What a tenant gets whose request names no release.
    log_url : str, optional
        Where this job's log is.
    """
    detail = request.detail
    positive, negative = request.name.answer
    operation_id = str(detail["operationId"])
    registration_id = str(detail["tenantRegistrationId"])
    try:
        tenant_data, registration_data = _done(request, tenants, release)
    except (JobError, InputError, ProvisionerError) as error:
        return failure(
            negative,
            registration_id,
            event_id=failure_event_id(operation_id, detail.get("attempt", 1)),
            operation_id=operation_id,
            reason=str(error)[:_REASON_LIMIT],
            log_url=log_url,
        )
    return success(
        positive,
        registration_id,
        event_id=f"{operation_id}-{detail.get('attempt', 1)}-succeeded",
        operation_id=operation_id,
        tenant_data=tenant_data,
        registration_data=registration_data,
    )


def document_of(detail: Mapping[str, Any], release: str) -> TenantDocument:
    """Return the tenant that a request describes; raise `TenantDocumentError` if it is none."""
    given = {
        "tenant_id": detail.get("tenantId"),
        "tenant_name": detail.get("tenantName"),
        "tier": detail.get("tier"),
        "admin_email": detail.get("email"),
        "release": detail.get("release") or release,
        "overrides": detail.get("overrides"),
    }
    present = {name: value for name, value in given.items() if value is not None}
    return TenantDocument.parse(present, source="request")


def _done(
    request: Event, tenants: Tenants, release: str
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    if request.name in _APPLIED:
        _, state = tenants.apply(document_of(request.detail, release))
        return {"tenantConfig": tenant_config(state.outputs)}, {"registrationStatus": "created"}
    if request.name is EventName.OFFBOARDING_REQUEST:
        tenants.destroy(str(request.detail["tenantId"]))
        return {}, {"registrationStatus": "deleted"}
    raise JobError(f"{request.name.value} is not carried out by this provisioner")


def tenant_config(outputs: Mapping[str, Any]) -> str:
    """Return what a tenant's application needs to know, as the JSON that travels in events."""
    host = outputs.get("load_balancer_dns_name", "")
    return json.dumps(
        {
            "userPoolId": outputs.get("user_pool_id", ""),
            "appClientId": outputs.get("app_client_id", ""),
            "apiGatewayUrl": f"http://{host}" if host else "",
        }
    )


def main(environment: Mapping[str, str] = os.environ) -> int:
    """Carry out the operation in the environment; return the exit code."""
    from services.configuration import load  # noqa: PLC0415
    from services.provisioner.deployment import Deployment  # noqa: PLC0415
    from services.provisioner.interruption import Interruption  # noqa: PLC0415
    from services.provisioner.tenants import Tenants  # noqa: PLC0415

    request = Event.parse(json.loads(environment["OPERATION"]))
    configuration = load(Path(environment.get("ECS_SAAS_CONFIG", "saas.tfvars")))
    progress = LogLines()
    interruption = Interruption(lambda text: progress.note("", text))
    deployment = Deployment(
        configuration,
        workdir=Path(environment.get("ECS_SAAS_WORKDIR", ".ecs-saas")),
        modules=Path(environment.get("ECS_SAAS_MODULES", "cdktf.out/stacks")),
        target=environment.get("ECS_SAAS_TARGET", "aws"),
        environment=dict(environment),
        progress=progress,
        interruption=interruption,
    )
    with interruption.listening():
        answer = carry_out(
            request,
            Tenants(deployment),
            release=configuration.release,
            log_url=log_url(environment, configuration.region),
        )
    put(answer, environment["EVENT_BUS"], _put_events(configuration.region))
    _say(f"{answer.name.value}: {answer.detail.get('reason', 'done')}")
    return 0 if answer.name.outcome is Outcome.SUCCESS else 1


def put(event: Event, bus: str, put_events: Callable[..., Mapping[str, Any]]) -> None:
    """Put `event` on the bus, or raise `JobError` if the bus refuses it."""
    answer = put_events(Entries=[event.entry(bus)])
    if answer.get("FailedEntryCount"):
        raise JobError(f"the bus {bus} refused {event.name.value}: {answer['Entries']}")


def log_url(environment: Mapping[str, str], region: str) -> str | None:
    """Return where this build's log is shown, or nothing outside a build."""
    build = environment.get("CODEBUILD_BUILD_ID")
    if not build:
        return None
    project, _, stream = build.partition(":")
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

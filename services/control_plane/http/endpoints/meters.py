"""Meters: what is measured. The toolkit leaves the shapes to plug-ins; these are ours."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body

from services.contracts.http_routes import Routes
from services.control_plane.http import responses, views
from services.control_plane.http.audit import completed, recording
from services.control_plane.http.endpoints.parameters import Id, Limit, NextToken
from services.control_plane.http.endpoints.routing import endpoint
from services.control_plane.http.model import MeterChange, MeterRequest
from services.control_plane.intents import METER_CREATE, meter_named
from services.control_plane.runtime import current

_Answer = dict[str, Any]


@endpoint(Routes.CREATE_METER, responses.one(responses.Meter, 409), status_code=201)
def create(body: Annotated[MeterRequest, Body()]) -> _Answer:
    """Begin to measure something."""
    from services.control_plane.metering.errors import MeterExistsError  # noqa: PLC0415 - not for each cold start

    wanted, target = {"name": body.name, "unit": body.unit}, f"meter/{body.name}"
    metering = current().metering
    try:
        with recording(METER_CREATE, target, wanted=wanted) as doing:
            made = metering.create_meter(body.name, body.unit)
            doing.target, doing.after = f"meter/{made.id}", made.document()
    except MeterExistsError:
        if not completed(METER_CREATE, target, wanted):
            raise
        found = meter_named(metering, body.name)
        if found is None:  # deleted at this moment
            raise
        made = found
    return views.data(made.document())


@endpoint(Routes.METERS, responses.page(responses.Meter))
def meters(limit: Limit = 10, next_token: NextToken = "") -> _Answer:
    """List meters, by name."""
    page = current().metering.meters(limit, next_token or None)
    return views.listing(page, lambda meter: meter.document())


@endpoint(Routes.METER, responses.one(responses.Meter, 404))
def meter(meter_id: Id) -> _Answer:
    """Show one meter."""
    return views.data(current().metering.meter(meter_id).document())


@endpoint(Routes.CHANGE_METER, responses.one(responses.Meter, 404, 409))
def change(meter_id: Id, body: Annotated[MeterChange, Body()]) -> _Answer:
    """Change a meter's name, its unit or both; what is left out stays."""
    metering = current().metering
    before = metering.meter(meter_id)
    wanted = body.model_dump(exclude_none=True)
    with recording("meter.update", f"meter/{meter_id}", before.document(), wanted) as doing:
        after = metering.update_meter(meter_id, body.name, body.unit)
        doing.after = after.document()
    return views.data(after.document())


@endpoint(Routes.DELETE_METER, responses.one(responses.Meter, 404, 409))
def delete(meter_id: Id) -> _Answer:
    """Measure it no longer; what was used stays."""
    metering = current().metering
    before = metering.meter(meter_id)
    with recording("meter.delete", f"meter/{meter_id}", before.document()):
        metering.delete_meter(meter_id)
    return views.data(before.document())

"""The registry of tenants: every write is one transaction, every list is a query of an index."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from services.control_plane.registry.commands import Commands
from services.control_plane.registry.drifts import Drifts
from services.control_plane.registry.idempotency import IdempotencyKeys
from services.control_plane.registry.intents import Intents
from services.control_plane.registry.outbox import Outbox
from services.control_plane.registry.queries import Queries
from services.control_plane.registry.results import Results
from services.control_plane.registry.table import Table
from services.control_plane.registry.transaction import Transaction

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class Registry:
    """What tenants there should be, what is being done to them, and all that was.

    The parts do the work; this is where their callers find it.

    Parameters
    ----------
    client : DynamoDBClient
    table : str
        The registry table's name.
    clock : callable
        Returns the time, with its zone.
    new_id : callable
        Returns a new id for a tenant or a registration (a uuid4).
    release : str, default "latest"
        The release of a tenant that asks for none.
    retention : timedelta, default 90 days
        How long an offboarded tenant's tombstone is kept.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        release: str = "latest",
        retention: timedelta = timedelta(days=90),
    ) -> None:
        stored = Table(client, table)

        def begin() -> Transaction:
            return Transaction(stored, retention)

        queries = Queries(stored)
        self.registration = queries.registration
        self.registrations = queries.registrations
        self.tenant = queries.tenant
        self.tenant_named = queries.tenant_named
        self.tenants = queries.tenants
        self.serves = queries.serves
        self.operation = queries.operation
        self.operations = queries.operations
        self.running_since = queries.running_since
        self.history = queries.history
        self.price_changes = queries.price_changes
        self.audit = queries.audit

        keys = IdempotencyKeys(stored, clock)
        commands = Commands(queries, keys, begin, clock=clock, new_id=new_id, release=release)
        self.register = commands.register
        self.update_registration = commands.update_registration
        self.deregister = commands.deregister
        self.request = commands.request
        self.retry = commands.retry

        results = Results(queries, begin, clock)
        self.succeed = results.succeed
        self.fail = results.fail

        intents = Intents(stored, begin, clock)
        self.intents = intents.waiting
        self.intents_about = intents.about
        self.record = intents.record
        self.intend = intents.intend
        self.fulfil = intents.fulfil
        self.give_up = intents.give_up

        drifts = Drifts(stored, queries, begin, clock)
        self.drift = drifts.of
        self.drifts = drifts.open
        self.note_drift = drifts.note

        outbox = Outbox(stored, clock)
        self.unpublished = outbox.unpublished
        self.published = outbox.published
        self.last_published = outbox.last_published

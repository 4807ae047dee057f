"""The SaaS Builder Toolkit's two interfaces, as protocols; and where the built-in one writes.

Events come at least once and in any order: what takes an `event_id` counts it once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from services.control_plane.metering.model import Meter, MeterPage, Statement, UsageRecord


@runtime_checkable
class IMetering(Protocol):
    """Ingests usage, and says what a meter counted."""

    def create_meter(self, name: str, unit: str) -> Meter:
        """Begin to measure something (`POST /meters`), or raise `MeterExistsError`."""

    def meters(self, limit: int, token: str | None) -> MeterPage:
        """Return meters by name (`GET /meters`); `TokenRefusedError` if the token is wrong."""

    def meter(self, meter_id: str) -> Meter:
        """Return one meter (`GET /meters/{id}`), or raise `MeterUnknownError`."""

    def update_meter(self, meter_id: str, name: str | None, unit: str | None) -> Meter:
        """Change a meter's name or unit (`PUT /meters/{id}`)."""

    def delete_meter(self, meter_id: str) -> None:
        """Measure it no longer (`DELETE /meters/{id}`); what was used stays."""

    def ingest(self, event_id: str, detail: Mapping[str, Any]) -> bool:
        """Count the detail of an `ingestUsage` event; False if it had been counted."""

    def usage(self, meter_id: str, tenant_id: str, month: str) -> str:
        """Return what a tenant used of a meter in a month (`GET /usage/{id}`), exactly."""

    def cancel_usage(self, event_ids: Sequence[str]) -> tuple[str, ...]:
        """Take records back that were a mistake (`DELETE /usage`); return those that counted."""

    def statement(
        self, tenant_id: str, month: str, prices: Iterable[Mapping[str, Any]]
    ) -> Statement:
        """Return what a tenant used in a month, and what that costs (`GET /usage`)."""


@runtime_checkable
class IBilling(Protocol):
    """Bills tenants: a customer for each tenant, and usage put on its account."""

    def create_customer(self, tenant_id: str, data: Mapping[str, Any]) -> None:
        """Open a tenant's account (on `onboardingRequest`)."""

    def delete_customer(self, tenant_id: str) -> None:
        """Close a tenant's account (on `offboardingRequest`)."""

    def create_user(self, tenant_id: str, user_name: str) -> None:
        """Note a new user (on `tenantUserCreated`); the system's own have no tenant: ""."""

    def delete_user(self, tenant_id: str, user_name: str) -> None:
        """Note that a user is gone (on `tenantUserDeleted`)."""

    def put_usage(self, event_id: str, detail: Mapping[str, Any]) -> bool:
        """Put usage on a tenant's account (on `ingestUsage`); False if it was there."""

    def webhook(self, path: str, body: str, headers: Mapping[str, str]) -> Mapping[str, Any]:
        """Answer what the billing provider says on `POST /billing/{path}`.

        The route is public: prove first that the provider sent it (a signature over `body`), and
        raise `WebhookRefusedError` otherwise.
        """


class Ledger(Protocol):
    """Where usage records are kept: written once, never changed."""

    def add(self, record: UsageRecord) -> bool:
        """Write a record; False if one with its event id is there, or was taken back."""

    def cancel(self, event_id: str) -> bool:
        """Take a record back for good; False if it does not count."""

    def records(self, tenant_id: str, month: str) -> Iterable[UsageRecord]:
        """Return a tenant's records of a month, in any order."""


class Meters(Protocol):
    """Where meters are kept: one of each name."""

    def put_new(self, meter: Meter) -> None:
        """Write a meter, or raise `MeterExistsError`."""

    def get(self, meter_id: str) -> Meter:
        """Return one meter, or raise `MeterUnknownError`."""

    def page(self, limit: int, token: str | None) -> MeterPage:
        """Return some meters, by name."""

    def replace(self, before: Meter, after: Meter) -> None:
        """Write a meter over itself; raise `MeterExistsError` if its new name is another's."""

    def remove(self, meter: Meter) -> None:
        """Remove a meter and free its name."""

"""The SaaS Builder Toolkit's two interfaces, as protocols; and where the built-in one writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from services.metering.model import Meter, UsageRecord


class IMetering(Protocol):
    """Ingests usage, and says what a meter counted."""

    def create_meter(self, meter: Meter) -> Meter:
        """Begin to measure something."""

    def update_meter(self, meter: Meter) -> Meter:
        """Change a meter's name or unit."""

    def delete_meter(self, meter_id: str) -> None:
        """Measure it no longer."""

    def ingest(self, event_id: str, detail: Mapping[str, Any]) -> bool:
        """Count the detail of an `ingestUsage` event; False if it had been counted."""

    def usage(self, meter_id: str, tenant_id: str, month: str) -> str:
        """Return what a tenant used of a meter in a month, as an exact decimal."""

    def cancel_usage(self, event_id: str) -> None:
        """Take back a record that was a mistake."""


class IBilling(Protocol):
    """Bills tenants: a customer for each tenant, and usage put on its account."""

    def create_customer(self, tenant_id: str, data: Mapping[str, Any]) -> None:
        """Open a tenant's account (on `onboardingRequest`)."""

    def delete_customer(self, tenant_id: str) -> None:
        """Close a tenant's account (on `offboardingRequest`)."""

    def create_user(self, tenant_id: str, user_name: str) -> None:
        """Note a tenant's new user (on `tenantUserCreated`)."""

    def delete_user(self, tenant_id: str, user_name: str) -> None:
        """Note that a tenant's user is gone (on `tenantUserDeleted`)."""

    def put_usage(self, event_id: str, detail: Mapping[str, Any]) -> bool:
        """Put usage on a tenant's account; False if it was there."""

    def webhook(self, path: str, body: str, headers: Mapping[str, str]) -> Mapping[str, Any]:
        """Answer what the billing provider says on `POST /billing/{path}`."""


class Ledger(Protocol):
    """Where usage records are kept: written once, never changed."""

    def add(self, record: UsageRecord) -> bool:
        """Write a record; False if one with its event id is there."""

    def records(self, tenant_id: str, month: str) -> Iterable[UsageRecord]:
        """Return a tenant's records of a month, in any order."""

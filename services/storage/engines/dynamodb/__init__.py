"""Documents in DynamoDB tables, of which a tenant's are the items under its own partition key."""

from __future__ import annotations

from services.storage.engine import Clients, Engine, Infrastructure, Place, TenantData
from services.storage.interface import DocumentStore, Shape


class Storage(Engine):
    """A table; credentials draw the line between tenants."""

    variable = "TABLE_NAME"
    infrastructure = Infrastructure.TABLE
    tenant_credentials = True

    def open(self, place: Place, clients: Clients, shape: Shape) -> DocumentStore:
        """Return the store in the table."""
        from services.storage.engines.dynamodb.store import DynamoStore  # noqa: PLC0415

        return DynamoStore(place[self.variable], clients, shape)

    def tenant_data(self, place: Place, tenant_id: str, clients: Clients) -> TenantData:
        """Return the tenant's items of the table."""
        from services.storage.engines.dynamodb.tenant_items import TenantItems  # noqa: PLC0415

        client = clients.client(tenant_id, "dynamodb")
        return TenantItems(client, place[self.variable], tenant_id)

"""What each copy of a tenant has of AWS, for whoever may not read its state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from services.contracts.inventory import Inventory, InventoryEntry, inventory_key
from services.provisioning.terraform.state import index

if TYPE_CHECKING:
    from services.provisioning.terraform.state import StateStore
    from services.tenancy import Tier


class Inventories:
    """The lists of all copies, as objects of the state bucket.

    Parameters
    ----------
    store : StateStore
    """

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def record(self, tier: Tier, tenant_id: str) -> None:
        """List what the copy's state knows now."""
        document = self._store.document(tier.tenant_stack, tenant_id) or {"resources": []}
        listed = Inventory(datetime.now(UTC), entries_of(document))
        self._store.put_object(inventory_key(tier.tenant_stack, tenant_id), listed.dump())

    def forget(self, tier: Tier, tenant_id: str) -> None:
        """Remove the list of a copy that is gone."""
        self._store.delete_object(inventory_key(tier.tenant_stack, tenant_id))


def entries_of(document: Mapping[str, Any]) -> list[InventoryEntry]:
    """Return the resources that a state knows, without what else it knows of them."""
    return [
        InventoryEntry(
            address=f"{_path(item)}{item['type']}.{item['name']}{index(instance)}",
            type=item["type"],
            module=item.get("module", ""),
            id=_shown(instance, "id"),
            name=_shown(instance, "name"),
        )
        for item in document["resources"]
        if item["mode"] == "managed"
        for instance in item["instances"]
    ]


def _path(item: Mapping[str, Any]) -> str:
    return f"{item['module']}." if item.get("module") else ""


def _shown(instance: Mapping[str, Any], attribute: str) -> str:
    """Return an attribute as text; nothing where there is none, or the provider calls it secret."""
    value = instance["attributes"].get(attribute)
    secret = {
        step["value"]
        for path in instance.get("sensitive_attributes", ())
        for step in path[:1]
        if step.get("type") == "get_attr"
    }
    return str(value) if isinstance(value, str | int) and attribute not in secret else ""

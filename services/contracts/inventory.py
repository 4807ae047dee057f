"""What a tenant has of AWS: listed by each build at the end of an apply, and shown by the API.

Addresses, types, ids and names, and nothing else of what a state knows: a state may hold what is
secret. `docs/adr/0038-what-is-counted-and-priced.md` says why the API reads no state.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final

_PREFIX: Final = "workspaces/tenant-inventories/"


@dataclass(frozen=True)
class InventoryEntry:
    """One resource.

    Attributes
    ----------
    address : str
        In the tenant's root module, as Terraform writes it.
    type : str
        Terraform's, such as `aws_ecs_service`.
    module : str
        The module that the resource is in; empty in the root module.
    id, name : str
        AWS's; empty where it has none.
    """

    address: str
    type: str
    module: str
    id: str
    name: str


@dataclass(frozen=True)
class Inventory:
    """What one copy of a tenant has.

    Attributes
    ----------
    at : datetime
        When it was listed.
    """

    at: datetime
    entries: Sequence[InventoryEntry]

    def dump(self) -> bytes:
        """Return it as it is stored."""
        listed = [asdict(each) for each in self.entries]
        return json.dumps({"at": self.at.isoformat(), "resources": listed}).encode()

    @classmethod
    def parse(cls, content: bytes) -> Inventory:
        """Return what `dump` has stored."""
        stored: Mapping[str, Any] = json.loads(content)
        names = [each.name for each in fields(InventoryEntry)]
        entries = [
            InventoryEntry(**{name: str(row[name]) for name in names})
            for row in stored["resources"]
        ]
        return cls(datetime.fromisoformat(stored["at"]), entries)


def inventory_key(stack: str, tenant_id: str) -> str:
    """Return the object in the state bucket.

    Where who may write tenants' states may write, too.

    >>> inventory_key("tenant-basic", "t1")
    'workspaces/tenant-inventories/tenant-basic/t1.json'
    """
    return f"{_PREFIX}{stack}/{tenant_id}.json"


def inventory_objects(bucket: str) -> str:
    """Return the ARN of all of them."""
    return f"arn:aws:s3:::{bucket}/{_PREFIX}*"

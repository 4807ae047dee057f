"""A storage engine: what keeps documents, and all that is ever done with a tenant's.

```
Engine        opens the store of a service, and one tenant's data for whoever moves it
TenantData    one tenant's documents of one service: exported, copied, compared, purged
```

An engine is one module or folder of `services.storage.engines`, with a class `Storage` that is an
`Engine`. It is found there by its name: nothing else lists engines (`services.storage.registry`).
What an engine's libraries are is imported by its methods, so that whoever only asks for its facts
loads none of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from services.storage.interface import DocumentStore, Shape
from services.storage.items import TENANT, Digest, Item, canonical, digest, key_of, line, listed

Place = Mapping[str, str]
"""Where documents are: the variables of a service's environment, as `{"TABLE_NAME": "..."}`."""


class Infrastructure(StrEnum):
    """What stacks make for a service's documents."""

    TABLE = "table"
    """A DynamoDB table of the pool, or of the tenant."""
    SERVER = "server"
    """A database on a PostgreSQL server of the pool, or of the tenant."""
    NONE = "none"
    """Nothing."""


class Clients(Protocol):
    """Makes AWS clients whose credentials reach one tenant's items."""

    def client(self, tenant_id: str, service: str) -> Any:
        """Return a client of the tenant's own session."""


@dataclass(frozen=True)
class Put:
    """An item to be there as it is given."""

    item: Item


@dataclass(frozen=True)
class Delete:
    """A key whose item is to be gone."""

    key: str


Change = Put | Delete


class TenantData(ABC):
    """One tenant's documents of one service, where an engine keeps them.

    An engine says what there is, in the order of the keys, and writes; the rest follows. Every
    method may be repeated: what was stopped in the middle goes on where it was.

    Attributes
    ----------
    tenant_id : str
        Whose they are: items of others are written as this tenant's.
    key : str
        The attribute that tells the tenant's items apart: a string.
    listed_by : collection of str
        The attributes that documents are listed by here.
    """

    tenant_id: str
    key: str
    listed_by: Collection[str] = ()

    @abstractmethod
    def exists(self) -> bool:
        """Return whether the place is there; the tenant may have nothing in it."""

    @abstractmethod
    def __iter__(self) -> Iterator[Item]:
        """Yield every item as it is now, ordered by the UTF-8 bytes of the keys."""

    @abstractmethod
    def write(self, changes: Iterable[Change]) -> int:
        """Carry out changes, each of another key; return how many there were.

        Raises
        ------
        UnavailableError
            If the place does not take them for the moment.
        DocumentRefusedError
            If it could not give an item back as it is.
        """

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Let go of what is held open."""

    def export(self) -> Iterator[str]:
        """Yield a line for each item, as DynamoDB's ImportTable reads it, in the order of keys."""
        return map(line, self)

    def digest(self) -> Digest:
        """Return what tells these documents from any others, by whatever engine they are kept."""
        return digest(self, self.key)

    def synchronise(self, source: Iterable[Item]) -> int:
        """Make what is here equal to `source`; return how much had to be written or deleted.

        What is equal is not written again.

        Parameters
        ----------
        source : iterable of Item
            In the order of keys; another `TenantData` is one.
        """
        return self.write(self._differences(source))

    def purge(self) -> int:
        """Delete all that the tenant has here; return how much it was."""
        return self.write(Delete(key_of(item, self.key)) for item in self)

    def fitted(self, item: Item) -> Item:
        """Return an item as this place keeps it: the tenant's, and listed as others are here."""
        return {**listed(item, self.key, self.listed_by), TENANT: {"S": self.tenant_id}}

    def _differences(self, source: Iterable[Item]) -> Iterator[Change]:
        """Compare two sorted lists in one pass, holding neither."""
        wanted, found = iter(source), iter(self)
        left, right = next(wanted, None), next(found, None)
        while left is not None or right is not None:
            order = self._order(left, right)
            if left is not None and order <= 0:
                fitted = self.fitted(left)
                if order < 0 or right is None or canonical(fitted) != canonical(right):
                    yield Put(fitted)
            elif right is not None:
                yield Delete(key_of(right, self.key))
            if order <= 0:
                left = next(wanted, None)
            if order >= 0:
                right = next(found, None)

    def _order(self, left: Item | None, right: Item | None) -> int:
        """Return -1, 0 or 1: which of two items comes first."""
        if left is None or right is None:
            return 1 if left is None else -1
        mine, other = (key_of(item, self.key).encode() for item in (left, right))
        return int(mine > other) - int(mine < other)


class Engine(ABC):
    """What keeps documents.

    Attributes
    ----------
    variable : str
        The variable of a service's environment that says that documents are kept here.
    infrastructure : Infrastructure, default NONE
        What stacks make for it.
    own_images : bool, default True
        Whether a service with an image of its own may use it.
    tenant_credentials : bool, default False
        Whether a service of a pool needs credentials of each tenant.
    private : bool, default False
        Whether it is reached from inside the network alone: then tasks do there what is to be
        done with a tenant's data (`services.storage.data_task`).
    """

    variable: ClassVar[str]
    infrastructure: ClassVar[Infrastructure] = Infrastructure.NONE
    own_images: ClassVar[bool] = True
    tenant_credentials: ClassVar[bool] = False
    private: ClassVar[bool] = False

    def problems(self, place: Place) -> list[str]:
        """Return what is wrong with a place: a line each of variable, value and what is allowed."""
        del place
        return []

    @abstractmethod
    def open(self, place: Place, clients: Clients, shape: Shape) -> DocumentStore:
        """Return the store of a service; if it has a method `close`, that lets go of it."""

    @abstractmethod
    def tenant_data(self, place: Place, tenant_id: str, clients: Clients) -> TenantData:
        """Return what a tenant has in a place.

        Parameters
        ----------
        clients : Clients
            Of whoever copies, exports or purges.
        """


__all__ = [
    "Change",
    "Clients",
    "Delete",
    "Digest",
    "Engine",
    "Infrastructure",
    "Item",
    "Place",
    "Put",
    "TenantData",
]

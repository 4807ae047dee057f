"""One tenant's documents of one service, wherever they are: from here, or by a task in the network.

Builds run outside the network of the tenants' services, so they reach what AWS's own APIs keep.
What only the network reaches is asked for by a task of it (`tenant_data.data_tasks`), and passes
through the exchange in the bucket of exports. Either is the same to whoever copies or exports.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from services.provisioning.errors import ProvisionerError
from services.provisioning.tenant_data.data_tasks import DataTasks
from services.storage.engine import TenantData
from services.storage.exchange import Exchange
from services.storage.interface import StorageError
from services.storage.items import Digest, Item


class ServiceDocuments(ABC):
    """One tenant's documents of one service in one copy of the tenant.

    Every method may be repeated, and raises `ProvisionerError` with what the engine said.

    Attributes
    ----------
    direct : bool
        Whether they are reached from here, and so asked for at little cost.
    """

    direct: ClassVar[bool]

    @abstractmethod
    def exists(self) -> bool:
        """Return whether the place is there; the tenant may have nothing in it."""

    @abstractmethod
    def items(self) -> Iterator[Item]:
        """Yield every item, in the order of the keys."""

    @abstractmethod
    def synchronise(self, source: Iterable[Item]) -> None:
        """Make what is here equal to `source`."""

    @abstractmethod
    def digest(self) -> Digest:
        """Return how much there is, and what tells it from anything else, as read now."""

    @abstractmethod
    def purge(self) -> int:
        """Delete all that the tenant has here; return how much is left, which is nothing."""


@dataclass(frozen=True)
class DirectDocuments(ServiceDocuments):
    """Documents that are reached from here.

    Parameters
    ----------
    data : TenantData
    check : callable
        Called between items; raises to stop.
    """

    direct: ClassVar = True
    data: TenantData
    check: Callable[[], None]

    def exists(self) -> bool:
        """Ask the engine."""
        return self.data.exists()

    def items(self) -> Iterator[Item]:
        """Yield what the engine gives."""
        with _told():
            yield from self._checked(self.data)

    def synchronise(self, source: Iterable[Item]) -> None:
        """Write what differs."""
        with _told():
            self.data.synchronise(self._checked(source))

    def digest(self) -> Digest:
        """Read all of it."""
        with _told():
            return self.data.digest()

    def purge(self) -> int:
        """Delete item by item."""
        with _told():
            self.data.purge()
            return self.data.digest().count

    def _checked(self, items: Iterable[Item]) -> Iterator[Item]:
        for item in items:
            self.check()
            yield item


@dataclass(frozen=True)
class RemoteDocuments(ServiceDocuments):
    """Documents that tasks of the network reach.

    Parameters
    ----------
    tasks : DataTasks
    exchange : Exchange
    """

    direct: ClassVar = False
    tasks: DataTasks
    exchange: Exchange

    def exists(self) -> bool:
        """Return whether the tasks are there: they are removed before what they reach."""
        return self.tasks.exist()

    def items(self) -> Iterator[Item]:
        """Have them exported, and yield what came."""
        with self._cleared():
            self.tasks.run("export", self.exchange)
            yield from self.exchange.receive()

    def synchronise(self, source: Iterable[Item]) -> None:
        """Send the items, and have them restored."""
        with self._cleared():
            self.exchange.send(source)
            self.tasks.run("restore", self.exchange)

    def digest(self) -> Digest:
        """Have all of it read."""
        with self._cleared():
            return self.tasks.run("digest", self.exchange)

    def purge(self) -> int:
        """Have it deleted."""
        with self._cleared():
            return self.tasks.run("purge", self.exchange).count

    @contextlib.contextmanager
    def _cleared(self) -> Iterator[None]:
        """Leave nothing in the exchange, unless this process is killed: then it expires there."""
        try:
            yield
        finally:
            self.exchange.clear()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Let an engine's refusal be the operation's failure."""
    try:
        yield
    except StorageError as error:
        raise ProvisionerError(str(error)) from error

"""Where a service keeps its tenants' documents, whatever is behind it.

```
DocumentStore       create, get, replace, delete, list: each call concerns one tenant and no other
Shape               which attribute is a document's key, and which ones it is also listed by
Stored, Page        what comes back

StorageError
 ├── NotFoundError           the tenant has no such document
 ├── AlreadyExistsError      another document has the key
 ├── ConflictError           the document has changed since the caller read it
 ├── CursorRefusedError      a cursor that was not made by this query
 ├── DocumentRefusedError    a document that not every back end could give back as it is
 ├── TenantRefusedError      the call names another tenant than the verified token does
 └── UnavailableError        the back end does not answer for the moment; the caller may try again
```

A document is what JSON can hold, numbers being `int` and `decimal.Decimal`. Equal is what comes
back equal: `Decimal("1.50")` may be read as `Decimal("1.5")`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

Document = Mapping[str, Any]

#: The most documents that one page may hold.
MOST_PER_PAGE: Final = 1000
#: The most documents that are read at once, as many as DynamoDB reads.
#: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
MOST_AT_ONCE: Final = 100

_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_INDEX = re.compile(r"[A-Za-z0-9_.-]{3,255}")
#: What every row has beside the document; an index on one would hide it.
_RESERVED = frozenset({"tenantId", "document", "version", "request"})


class StorageError(Exception):
    """A store could not do what it was asked."""


class NotFoundError(StorageError, LookupError):
    """The tenant has no such document."""


class AlreadyExistsError(StorageError):
    """The key belongs to a document that another request made."""


class ConflictError(StorageError):
    """The document has changed since the caller read it.

    Attributes
    ----------
    current : int
        The version it has now.
    """

    def __init__(self, current: int) -> None:
        super().__init__(f"the document is at version {current}")
        self.current = current


class CursorRefusedError(StorageError, ValueError):
    """A cursor that this store has not made, or made for another query."""


class DocumentRefusedError(StorageError, ValueError):
    """A document that no store may take; the message names every problem."""


class TenantRefusedError(StorageError):
    """The call is for another tenant than the one whose token was verified."""


class UnavailableError(StorageError):
    """The back end does not answer for the moment."""


@dataclass(frozen=True)
class Shape:
    """How a service's documents are found.

    Parameters
    ----------
    key : str
        The attribute that tells one tenant's documents apart, as `orderId`: a string.
    indexes : mapping, optional
        By the name of an index, the attribute that it lists by: a string too. A document that
        lacks the attribute, or has null, is not listed by it.

    Raises
    ------
    ValueError
        If a name is none, or reserved: naming each.
    """

    key: str
    indexes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = [
            f"attribute: got {name!r}; allowed 1 to 64 letters, digits and '_', first a letter, "
            f"and none of {', '.join(sorted(_RESERVED))}"
            for name in (self.key, *self.indexes.values())
            if not _ATTRIBUTE.fullmatch(name) or name in _RESERVED
        ]
        if self.key in self.indexes.values():
            problems.append(f"attribute: got {self.key!r} for key and index; allowed once")
        problems += [
            f"index: got {name!r}; allowed 3 to 255 letters, digits, '_', '-' and '.'"
            for name in self.indexes
            if not _INDEX.fullmatch(name)
        ]
        if problems:
            raise ValueError("\n".join(problems))

    @classmethod
    def parse(cls, text: str) -> Shape:
        """Return what `dump` wrote.

        Raises
        ------
        ValueError
            If it is none, saying what is allowed.
        """
        try:
            given = json.loads(text)
            return cls(given["key"], dict(given["indexes"]))
        except (LookupError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(
                f"a shape: got {text!r}; allowed a JSON object with key and indexes"
            ) from error

    def dump(self) -> str:
        """Return it as JSON, as the environment of a container has it."""
        return json.dumps({"key": self.key, "indexes": dict(self.indexes)})

    def indexed_by(self, index: str) -> str:
        """Return the attribute of an index.

        Raises
        ------
        ValueError
            If there is no such index, naming those there are.
        """
        try:
            return self.indexes[index]
        except KeyError:
            allowed = ", ".join(sorted(self.indexes)) or "none"
            raise ValueError(f"index: got {index!r}; allowed: {allowed}") from None


@dataclass(frozen=True)
class Stored:
    """A document, and its version: 1 as it is created, one more with each change.

    Attributes
    ----------
    is_new : bool
        False where a create found that an equal request had made the document before.
    """

    document: dict[str, Any]
    version: int
    is_new: bool = True


@dataclass(frozen=True)
class Page:
    """Some documents, and how to go on; without a cursor there are no more."""

    documents: tuple[Stored, ...]
    cursor: str | None


class DocumentStore(Protocol):
    """Keeps documents of tenants.

    Every method may raise UnavailableError, and TenantRefusedError if the store is bound to the
    tenant of a verified token (`services.application.runtime.stores`).
    """

    def create(self, tenant_id: str, document: Document, *, request: object = None) -> Stored:
        """Store a new document, once however often it is called.

        Parameters
        ----------
        request : optional
            What the document was made from, as JSON can hold it; the document itself by default.
            If there is a document with the key, made by an equal request, it is returned as it
            is now.

        Raises
        ------
        AlreadyExistsError
            If the key belongs to a document that another request made.
        DocumentRefusedError
        """

    def get(self, tenant_id: str, key: str) -> Stored:
        """Return a document as it is now; raises NotFound."""

    def get_many(self, tenant_id: str, keys: Collection[str]) -> dict[str, Stored]:
        """Return, by key, those documents of at most 100 keys that there are, as they are now."""

    def replace(self, tenant_id: str, document: Document, version: int) -> Stored:
        """Store a document over the version that the caller has read; return it with the next.

        Raises NotFound, Conflict and DocumentRefusedError.
        """

    def delete(self, tenant_id: str, key: str, version: int | None = None) -> None:
        """Delete a document, if it still has this version; raises NotFound and Conflict."""

    def list(
        self,
        tenant_id: str,
        *,
        limit: int,
        cursor: str | None = None,
        index: str | None = None,
        value: str | None = None,
        descending: bool = False,
    ) -> Page:
        """Return a page of documents.

        Parameters
        ----------
        limit : int
            How many at most: 1 to 1,000.
        cursor : str, optional
            Of the page before; from the beginning by default.
        index : str, optional
            List by its attribute, and only what has it; by key by default. Documents with the
            same value come in an order that does not change.
        value : str, optional
            Only the documents whose attribute of the index is this.
        descending : bool, default False
            The other way round. Strings are ordered by their UTF-8 bytes.

        Raises
        ------
        CursorRefusedError
        """


def check_listing(shape: Shape, limit: int, index: str | None, value: str | None) -> None:
    """Raise ValueError, with every problem, if no store could list so."""
    problems = []
    if not 1 <= limit <= MOST_PER_PAGE:
        problems.append(f"limit: got {limit}; allowed 1 to {MOST_PER_PAGE}")
    if index is not None:
        shape.indexed_by(index)
    elif value is not None:
        problems.append(f"value: got {value!r}; allowed with an index only")
    if problems:
        raise ValueError("\n".join(problems))

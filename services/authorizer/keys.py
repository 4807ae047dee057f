"""The public keys of user pools: fetched once, again when a key is new, never on a warm path."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from services.authorizer.cache import BoundedCache

KEEP_SECONDS: Final = 3600.0
"""A key that the pool lists no more is forgotten after this time at the latest."""

REFRESH_SECONDS: Final = 30.0
"""An unknown key id may be a new key or an invented one: ask the pool, but not each time."""

POOLS: Final = 2_000
"""Whose keys are kept at most: some 2 KB each."""

TIMEOUT_SECONDS: Final = 3.0

Fetch = Callable[[str], Mapping[str, Any]]
"""Returns the JSON Web Key Set of an issuer."""


class KeysUnavailable(RuntimeError):  # noqa: N818 - it says what happened
    """A user pool's keys could not be had, so its tokens cannot be judged now."""


@dataclass
class _KeySet:
    asked: float
    fetched: float = float("-inf")
    keys: dict[str, PyJWK] = field(default_factory=dict)


class KeySets:
    """The keys of the user pools seen last.

    Parameters
    ----------
    fetch : callable
        Gets a key set.
    clock : callable, optional
        Seconds that only go forward.
    """

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._sets: BoundedCache[str, _KeySet] = BoundedCache(POOLS, clock)

    def find(self, issuer: str, key_id: str) -> PyJWK | None:
        """Return a key of an issuer; nothing if it has no such key, as far as it may be asked.

        Raises
        ------
        KeysUnavailable
            If there are no keys of the issuer and it does not answer.
        """
        now = self._clock()
        known = self._sets.get(issuer)
        if known is None:
            known = _KeySet(asked=float("-inf"))
        fresh = now - known.fetched < KEEP_SECONDS
        if fresh and key_id in known.keys:
            return known.keys[key_id]
        if now - known.asked >= REFRESH_SECONDS or not known.keys:
            known = self._ask(issuer, known, now)
        return known.keys.get(key_id)

    def _ask(self, issuer: str, known: _KeySet, now: float) -> _KeySet:
        known.asked = now
        try:
            listed = self._fetch(issuer)["keys"]
            known.keys = {key["kid"]: PyJWK(key, algorithm="RS256") for key in listed}
            known.fetched = now
        except (OSError, PyJWTError, KeyError, TypeError, ValueError) as error:
            # The keys in memory are still the pool's.
            if not known.keys:
                raise KeysUnavailable(f"the keys of {issuer} are not available") from error
        self._sets.put(issuer, known, 2 * KEEP_SECONDS)
        return known


def fetch_from(endpoint: str) -> Fetch:
    """Return what gets key sets over HTTP.

    Parameters
    ----------
    endpoint : str
        Of Cognito in this region: its own on AWS, another for a laptop.
    """

    def fetch(issuer: str) -> Mapping[str, Any]:
        pool = issuer.rpartition("/")[2]
        url = f"{endpoint}/{pool}/.well-known/jwks.json"
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            found: Mapping[str, Any] = json.load(answer)
        return found

    return fetch

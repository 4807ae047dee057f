"""The public keys of the user pools that were seen last."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from cachetools import LRUCache
from jwt import PyJWK

from services.application.signing_keys import KeySet, KeysUnavailableError, fetch_keys

POOLS: Final = 2_000
"""Whose keys are kept at most: some 2 KB each."""

Fetch = Callable[[str], Mapping[str, Any]]
"""Returns the JSON Web Key Set of an issuer."""


class KeySets:
    """The keys of user pools by issuer.

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
        self._sets: LRUCache[str, KeySet] = LRUCache(POOLS)

    def find(self, issuer: str, key_id: str) -> PyJWK | None:
        """Return a key of an issuer; nothing if it has no such key, as far as it may be asked.

        Raises
        ------
        KeysUnavailableError
            If there are no keys of the issuer and it does not answer.
        """
        keys = self._sets.get(issuer)
        if keys is None:
            keys = KeySet(partial(self._fetch, issuer), self._clock)
            self._sets[issuer] = keys
        try:
            return keys.find(key_id)
        except KeysUnavailableError as error:
            raise KeysUnavailableError(f"{issuer}: {error}") from error


def fetch_from(endpoint: str) -> Fetch:
    """Return what gets key sets over HTTP.

    Parameters
    ----------
    endpoint : str
        Of Cognito in this region: its own on AWS, another for a laptop.
    """
    return lambda issuer: fetch_keys(endpoint, issuer.rpartition("/")[2])

"""The public keys of one Cognito user pool: fetched once, and again when a key is new.

Who has a token must not notice that Cognito does not answer for a while: from `FRESH_SECONDS` on
the keys are asked for again, and until there is an answer those that are known are used, for
`LAST_SECONDS` in all.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Final

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from services.application import ApplicationError

FRESH_SECONDS: Final = 3600.0
"""A key that the pool lists no more is forgotten after this time, if the pool answers."""

LAST_SECONDS: Final = 2 * FRESH_SECONDS
"""And after this time if it does not: what was revoked meanwhile must not be believed for ever."""

REFRESH_SECONDS: Final = 30.0
"""An unknown key id may be a new key or an invented one: ask the pool, but not each time."""

TIMEOUT_SECONDS: Final = 3.0

Fetch = Callable[[], Mapping[str, Any]]
"""Returns the pool's JSON Web Key Set."""


class KeysUnavailableError(ApplicationError, RuntimeError):
    """A user pool's keys could not be had, so its tokens cannot be judged now."""


class KeySet:
    """The keys of a pool; many threads may ask at once.

    Parameters
    ----------
    fetch : callable
    clock : callable, optional
        Seconds that only go forward.
    """

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched = float("-inf")
        self._asked = float("-inf")

    def known(self, key_id: str) -> PyJWK | None:
        """Return a key for which nobody need be asked now; it never waits for the network."""
        now = self._clock()
        fresh = now - self._fetched < FRESH_SECONDS
        if fresh or (self._usable() and now - self._asked < REFRESH_SECONDS):
            return self._keys.get(key_id)
        return None

    def find(self, key_id: str) -> PyJWK | None:
        """Return a key; nothing if the pool has no such key, as far as it may be asked now.

        Raises
        ------
        KeysUnavailableError
            If there are no keys and the pool does not answer.
        """
        found = self.known(key_id)
        if found is not None:
            return found
        with self._lock:
            found = self.known(key_id)  # another thread may have asked meanwhile
            if found is None:
                self._prepare(self._clock() - self._asked >= REFRESH_SECONDS)
                found = self._keys.get(key_id)
        return found

    def prepare(self) -> None:
        """Have keys in memory; raises KeysUnavailableError."""
        with self._lock:
            self._prepare(False)

    def _prepare(self, ask: bool) -> None:
        if ask or not self._usable():
            self._ask()
        if not self._usable():
            raise KeysUnavailableError("the signing keys of the user pool are not available")

    def _usable(self) -> bool:
        return bool(self._keys) and self._clock() - self._fetched < LAST_SECONDS

    def _ask(self) -> None:
        self._asked = now = self._clock()
        try:
            listed = self._fetch()["keys"]
            keys = {key["kid"]: PyJWK(key, algorithm="RS256") for key in listed}
        except (
            OSError,
            http.client.HTTPException,
            PyJWTError,
            KeyError,
            TypeError,
            ValueError,
        ):
            return  # those that are known are still the pool's
        self._keys, self._fetched = keys, now


# A token's judge asks AWS directly, whatever proxies the environment names.
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch_keys(endpoint: str, user_pool_id: str) -> Mapping[str, Any]:
    """Return the key set of a pool.

    Parameters
    ----------
    endpoint : str
        Of Cognito in the pool's region: its own on AWS, another for a laptop.
    """
    url = f"{endpoint}/{user_pool_id}/.well-known/jwks.json"
    with _OPENER.open(url, timeout=TIMEOUT_SECONDS) as answer:
        found: Mapping[str, Any] = json.load(answer)
    return found

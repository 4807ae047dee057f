"""Verification of Cognito ID tokens, with the user pool's keys kept in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import jwt
from jwt import PyJWK
from jwt.exceptions import PyJWKError

#: A key that is not known may be a new one, or made up: ask the pool, but not for every request.
REFRESH_SECONDS = 30.0
#: Keys that the pool no longer lists are forgotten after this time at the latest.
KEEP_SECONDS = 3600.0
#: Clocks differ.
LEEWAY_SECONDS = 5

Fetch = Callable[[], Mapping[str, Any]]


class TokenRefused(Exception):  # noqa: N818 - it says what happened
    """The token proves nothing: it is missing, forged, expired or another application's."""


class KeysUnavailable(Exception):  # noqa: N818 - it says what happened
    """The user pool's keys could not be had, so no token can be judged."""


class SigningKeys:
    """The public keys of a user pool.

    Parameters
    ----------
    fetch : callable
        Returns the pool's JSON Web Key Set.
    clock : callable, optional
        Seconds that only go forward.
    """

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, PyJWK] = {}
        self._fetched = float("-inf")
        self._asked = float("-inf")

    def known(self, key_id: str) -> PyJWK | None:
        """Return a key that is in memory and fresh; it never waits for the network."""
        if self._clock() - self._fetched > KEEP_SECONDS:
            return None
        return self._keys.get(key_id)

    def prepare(self) -> None:
        """Have keys in memory; raises KeysUnavailable."""
        with self._lock:
            if not self._keys:
                self._refresh()
            if not self._keys:
                raise KeysUnavailable("the signing keys of the user pool are not available")

    def get(self, key_id: str) -> PyJWK:
        """Return a key, fetching the set if the key is not known or the set is old.

        Raises
        ------
        TokenRefused
            If the pool has no such key, as far as it may be asked now.
        KeysUnavailable
            If there are no keys at all and the pool does not answer.
        """
        with self._lock:
            found = self.known(key_id)
            if found is None and self._clock() - self._asked >= REFRESH_SECONDS:
                self._refresh()
                found = self._keys.get(key_id)
            if found is not None:
                return found
            if not self._keys:
                raise KeysUnavailable("the signing keys of the user pool are not available")
        raise TokenRefused("the token is signed with an unknown key")

    def _refresh(self) -> None:
        self._asked = self._clock()
        try:
            listed = self._fetch()["keys"]
            keys = {key["kid"]: PyJWK(key, algorithm="RS256") for key in listed}
        except (httpx.HTTPError, PyJWKError, KeyError, TypeError, ValueError):
            # The keys in memory are still the pool's; without any, the next request asks again.
            if not self._keys:
                self._asked = float("-inf")
            return
        self._keys = keys
        self._fetched = self._asked


class TokenVerifier:
    """Judges ID tokens of one application client.

    Parameters
    ----------
    issuer : str
        The user pool's issuer URL.
    audience : str
        The application client's id.
    """

    def __init__(self, issuer: str, audience: str, keys: SigningKeys) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    def prepare(self) -> None:
        """Fetch the keys if there are none; raises KeysUnavailable."""
        self._keys.prepare()

    def needs_network(self, token: str) -> bool:
        """Whether `verify` would have to fetch keys, and so must not run in an event loop."""
        try:
            key_id = jwt.get_unverified_header(token).get("kid", "")
        except jwt.InvalidTokenError:
            return False
        return self._keys.known(key_id) is None

    def verify(self, token: str) -> dict[str, Any]:
        """Return the claims of a valid ID token.

        Raises
        ------
        TokenRefused
            With a reason that may be told to the caller.
        KeysUnavailable
            If it cannot be judged now.
        """
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError as error:
            raise TokenRefused("the token is not a JSON Web Token") from error
        # Before the key is looked up: with `none` or HS256 a public key would prove nothing.
        if header.get("alg") != "RS256":
            raise TokenRefused("the token is not signed with RS256")
        key = self._keys.get(str(header.get("kid", "")))
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub", "token_use"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenRefused("the token has expired") from error
        except jwt.InvalidTokenError as error:
            raise TokenRefused(f"the token is not valid: {error}") from error
        if claims["token_use"] != "id":  # noqa: S105 - a kind of token, not one
            raise TokenRefused("the token is not an ID token")
        return claims


def fetch_from(url: Callable[[], str]) -> Fetch:
    """Return a function that gets a key set over HTTP; the URL is asked for at the first use."""

    def fetch() -> Mapping[str, Any]:
        answer = httpx.get(url(), timeout=3.0, trust_env=False)
        answer.raise_for_status()
        found: Mapping[str, Any] = answer.json()
        return found

    return fetch

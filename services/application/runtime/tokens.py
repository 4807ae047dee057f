"""Verification of Cognito ID tokens, with the user pool's keys kept in memory."""

from __future__ import annotations

from typing import Any

import jwt

from services.application import ApplicationError
from services.application.signing_keys import KeySet

#: Clocks differ.
LEEWAY_SECONDS = 5


class TokenRefusedError(ApplicationError):
    """The token proves nothing: it is missing, forged, expired or another application's."""


class TokenVerifier:
    """Judges ID tokens of one application client.

    Parameters
    ----------
    issuer : str
        The user pool's issuer URL.
    audience : str
        The application client's id.
    keys : KeySet
        The pool's.
    """

    def __init__(self, issuer: str, audience: str, keys: KeySet) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    def prepare(self) -> None:
        """Fetch the keys if there are none; raises KeysUnavailableError."""
        self._keys.prepare()

    def needs_network(self, token: str) -> bool:
        """Whether `verify` would have to fetch keys, and so must not run in an event loop."""
        try:
            key_id = str(jwt.get_unverified_header(token).get("kid", ""))
        except jwt.InvalidTokenError:
            return False
        return self._keys.known(key_id) is None

    def verify(self, token: str) -> dict[str, Any]:
        """Return the claims of a valid ID token.

        Raises
        ------
        TokenRefusedError
            With a reason that may be told to the caller.
        KeysUnavailableError
            If it cannot be judged now.
        """
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError as error:
            raise TokenRefusedError("the token is not a JSON Web Token") from error
        # Before the key is looked up: with `none` or HS256 a public key would prove nothing.
        if header.get("alg") != "RS256":
            raise TokenRefusedError("the token is not signed with RS256")
        key = self._keys.find(str(header.get("kid", "")))
        if key is None:
            raise TokenRefusedError("the token is signed with an unknown key")
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
            raise TokenRefusedError("the token has expired") from error
        except jwt.InvalidTokenError as error:
            raise TokenRefusedError(f"the token is not valid: {error}") from error
        if claims["token_use"] != "id":  # noqa: S105 - a kind of token, not one
            raise TokenRefusedError("the token is not an ID token")
        return claims

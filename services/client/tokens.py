"""Access tokens of the machine client, by client credentials (RFC 6749, section 4.4)."""

from __future__ import annotations

import threading
import time

import httpx

from services.client.errors import RefusedError

_EARLY_SECONDS = 60


class MachineTokens:
    """Gives a token that is still good, asking for another shortly before one expires.

    Parameters
    ----------
    http : httpx.Client
    url : str
        The token endpoint.
    client_id, client_secret : str
    scope : str
        What the token shall allow, separated by spaces.
    """

    def __init__(
        self, http: httpx.Client, url: str, client_id: str, client_secret: str, scope: str
    ) -> None:
        self._http = http
        self._url = url
        self._credentials = (client_id, client_secret)
        self._scope = scope
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def __call__(self) -> str:
        with self._lock:
            if time.monotonic() >= self._until:
                self._fetch()
            return self._token

    def _fetch(self) -> None:
        answer = self._http.post(
            self._url,
            data={"grant_type": "client_credentials", "scope": self._scope},
            auth=self._credentials,
        )
        if answer.status_code != httpx.codes.OK:
            raise RefusedError(answer.status_code, "a token for the machine client", answer.text)
        granted = answer.json()
        self._token = str(granted["access_token"])
        self._until = time.monotonic() + float(granted["expires_in"]) - _EARLY_SECONDS

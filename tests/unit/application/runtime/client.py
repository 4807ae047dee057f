"""Asks an application without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
from fastapi import FastAPI


class AsgiClient:
    """Sends requests to an application; a bug in it comes back as the 500 it is.

    Parameters
    ----------
    headers : mapping, optional
        Sent with each request that gives none.
    """

    def __init__(self, app: FastAPI, headers: Mapping[str, str] | None = None) -> None:
        self._app = app
        self._headers = headers

    def __call__(self, method: str, path: str, **given: Any) -> httpx.Response:
        given.setdefault("headers", self._headers)

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                return await client.request(method, path, **given)

        return asyncio.run(ask())

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self("GET", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self("POST", path, **given)

    def put(self, path: str, **given: Any) -> httpx.Response:
        return self("PUT", path, **given)

    def delete(self, path: str, **given: Any) -> httpx.Response:
        return self("DELETE", path, **given)

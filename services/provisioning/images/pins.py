"""The base images of Dockerfiles, and their digests from the registry.

A base is the default of an `ARG` before the first `FROM`: `ARG PYTHON=python:3.11-slim@sha256:…`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx

from services.provisioning.images.errors import RegistryError

_BASE: Final = re.compile(
    r"^ARG (?P<name>[A-Z]+)=(?P<image>[a-z0-9][^\s@]*:[^\s@]+)"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?$",
    re.MULTILINE,
)
_CHALLENGE: Final = re.compile(r'(\w+)="([^"]*)"')
_KINDS: Final = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)


def bases(dockerfile: str) -> Mapping[str, str | None]:
    """Return the base images of a Dockerfile with the digests they are pinned to."""
    return {found["image"]: found["digest"] for found in _BASE.finditer(dockerfile)}


def pinned(dockerfile: str, digests: Mapping[str, str]) -> str:
    """Return the Dockerfile with these images' digests."""
    return _BASE.sub(
        lambda found: (
            f"ARG {found['name']}={found['image']}@{digests[found['image']]}"
            if found["image"] in digests
            else found[0]
        ),
        dockerfile,
    )


def pin(paths: list[Path], *, client: httpx.Client | None = None) -> Mapping[str, str]:
    """Write into Dockerfiles what their bases are today; return it by image."""
    client = client or httpx.Client(timeout=30, follow_redirects=True)
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    images = sorted({image for text in texts.values() for image in bases(text)})
    digests = {image: digest_of(image, client) for image in images}
    for path, text in texts.items():
        path.write_text(pinned(text, digests), encoding="utf-8")
    return digests


def digest_of(image: str, client: httpx.Client) -> str:
    """Return the digest of `image`, of all its platforms, from its registry.

    Raises
    ------
    RegistryError
        If the registry cannot be reached or does not know the image.
    """
    repository, _, tag = image.rpartition(":")
    host, _, path = repository.partition("/")
    if not path or not set(".:") & set(host):  # Docker Hub's short names
        path = repository if "/" in repository else f"library/{repository}"
        host = "registry-1.docker.io"
    scheme = "http" if host.partition(":")[0] in ("localhost", "127.0.0.1") else "https"
    url = f"{scheme}://{host}/v2/{path}/manifests/{tag}"
    headers = {"Accept": _KINDS}
    try:
        answer = client.head(url, headers=headers)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            challenge = dict(_CHALLENGE.findall(answer.headers.get("www-authenticate", "")))
            realm = challenge.pop("realm", "")
            token = client.get(realm, params=challenge).raise_for_status().json()["token"]
            answer = client.head(url, headers={**headers, "Authorization": f"Bearer {token}"})
        answer.raise_for_status()
        digest = str(answer.headers["docker-content-digest"])
    except (httpx.HTTPError, KeyError, ValueError) as error:
        raise RegistryError(f"{image}: {host} did not say its digest: {error}") from None
    return digest

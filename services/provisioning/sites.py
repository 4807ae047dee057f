"""Releases of the consoles' sites: files into their buckets, and which page is the current one.

A build's assets carry their content's digest in their names, so that those of all releases lie
beside each other, and nobody's open page misses one. What makes a release the current one is the
page `index.html` alone; a copy of each release's page stays under `releases/`.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from services.contracts.stacks import CONFIG_KEY, CONTROL_PLANE, PLATFORM
from services.provisioning.aws import access_errors
from services.provisioning.errors import PreconditionError, ProvisionerError
from services.provisioning.records.published import published

if TYPE_CHECKING:
    from datetime import datetime

    from services.configuration import Configuration
    from services.provisioning.aws import Aws

PAGE: Final = "index.html"
VERSION_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_RELEASES: Final = "releases/"
_ASSETS: Final = "assets/"
_AT_ONCE: Final = 8
#: By site, the stack that has it and what its fields in that stack's contract begin with.
_PUBLISHED: Final[Mapping[str, tuple[str, str, str]]] = {
    "admin": (CONTROL_PLANE, "admin", "admin_console_url"),
    "tenant": (PLATFORM, "tenant", "tenant_app_url"),
}
NAMES: Final = tuple(_PUBLISHED)
# What mimetypes knows depends on the machine.
_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


class SiteMissingError(PreconditionError):
    """A site's bucket is not there, or was not built, or has no such release."""


class SiteBuildError(ProvisionerError):
    """A site could not be built; the message ends with what npm said."""


@dataclass(frozen=True)
class Release:
    """A release of a site that is in its bucket.

    Attributes
    ----------
    version : str
    pushed : datetime
    current : bool
        Whether its page is the one that is served.
    """

    version: str
    pushed: datetime
    current: bool


@dataclass(frozen=True)
class Pushed:
    """What a push did.

    Attributes
    ----------
    version : str
    uploaded : int
        How many files the bucket did not have.
    changed : bool
        Whether another page was the current one before.
    """

    version: str
    uploaded: int
    changed: bool


@dataclass(frozen=True)
class Site:
    """One site of a deployment.

    Parameters
    ----------
    aws : Aws
    name : str
        `admin` or `tenant`.
    url, bucket, distribution_id : str
    """

    aws: Aws
    name: str
    url: str
    bucket: str
    distribution_id: str

    @classmethod
    def of(cls, aws: Aws, configuration: Configuration, name: str) -> Site:
        """Find a site by what its stack publishes.

        Raises
        ------
        SiteMissingError
            If the stack is not applied, or was before it had the site.
        """
        stack, part, url = _PUBLISHED[name]
        found = published(aws, configuration, stack) or {}
        if url not in found:
            raise SiteMissingError(
                f"{name}: the root module {stack} has no such site yet: `ecs-saas platform apply`"
            )
        bucket, distribution = found[f"{part}_site_bucket"], found[f"{part}_distribution_id"]
        return cls(aws, name, found[url], bucket, distribution)

    def push(self, dist: Path, version: str | None = None) -> Pushed:
        """Upload a build and make it the current release; its page comes last.

        Parameters
        ----------
        dist : Path
            What the build wrote.
        version : str, optional
            The release's name; the digest of the files by default, so that the same build is the
            same release.

        Raises
        ------
        SiteMissingError
            If there is no page in `dist`, or a file that is Terraform's.
        PreconditionError
            If the version has other characters, or names other files than before.
        """
        files = _files(self.name, dist)
        version = version or _digest(files)
        if not re.fullmatch(VERSION_PATTERN, version):
            raise PreconditionError(
                f"version: got {version!r}; allowed 1 to 64 letters, digits, '.', '_' and '-'"
            )
        page = files.pop(PAGE)
        there = self._there()
        kept = f"{_RELEASES}{version}/{PAGE}"
        if kept in there and there[kept] != _etag(page):
            raise PreconditionError(
                f"version: got {version}, which is another build's already: leave --version out, "
                "or give another"
            )
        missing = {key: data for key, data in files.items() if there.get(key) != _etag(data)}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda item: self._put(*item), sorted(missing.items())))
        if kept not in there:
            self._put(kept, page)
        changed = self._make_current(page, version, there.get(PAGE))
        return Pushed(version, len(missing) + (kept not in there), changed)

    def roll_back(self, version: str) -> bool:
        """Make a release that is in the bucket the current one; whether it was not.

        Raises
        ------
        SiteMissingError
            If it is not there: with those that are.
        """
        self.require(version)
        kept = f"{_RELEASES}{version}/{PAGE}"
        page = self.aws.s3.get_object(Bucket=self.bucket, Key=kept)["Body"].read()
        return self._make_current(page, version, self._there().get(PAGE))

    def require(self, version: str) -> None:
        """Raise `SiteMissingError`, with the releases that there are, if it is none of them."""
        known = [each.version for each in self.releases()]
        if version not in known:
            raise SiteMissingError(
                f"version: got {version}; allowed a release of the {self.name} site: "
                f"{', '.join(known) or 'none'}"
            )

    def releases(self) -> Sequence[Release]:
        """Return what is in the bucket, the newest first."""
        found = {each["Key"]: each for each in self._objects(_RELEASES)}
        if not found:
            return ()
        current = self._current()
        listed = [
            Release(key.split("/")[1], each["LastModified"], key.split("/")[1] == current)
            for key, each in found.items()
        ]
        return sorted(listed, key=lambda each: each.pushed, reverse=True)

    def _current(self) -> str:
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            head = self.aws.s3.head_object(Bucket=self.bucket, Key=PAGE)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"404", "NoSuchKey"}:
                return ""
            raise
        return head["Metadata"].get("release", "")

    def _make_current(self, page: bytes, version: str, before: str | None) -> bool:
        """Serve this page; say whether another one was served before."""
        if before == _etag(page) and self._current() == version:
            return False
        self._put(PAGE, page, release=version)
        # The page is asked for anew each time; what a browser or an edge has all the same, goes.
        front = self.aws.client("cloudfront")
        with access_errors():
            front.create_invalidation(
                DistributionId=self.distribution_id,
                InvalidationBatch={
                    "Paths": {"Quantity": 1, "Items": ["/*"]},
                    "CallerReference": f"{version}-{time.time_ns()}",
                },
            )
        return True

    def _put(self, key: str, data: bytes, **metadata: str) -> None:
        with access_errors():
            self.aws.s3.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=data,
                ContentType=_type(key),
                CacheControl=(
                    "public, max-age=31536000, immutable" if key.startswith(_ASSETS) else "no-cache"
                ),
                Metadata=metadata,
            )

    def _there(self) -> dict[str, str]:
        """Return the digest of each object, as S3 has it of what was put in one part."""
        return {each["Key"]: each["ETag"].strip('"') for each in self._objects("")}

    def _objects(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        with access_errors():
            pages = self.aws.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix
            )
            for page in pages:
                yield from page.get("Contents", ())


def _files(site: str, dist: Path) -> dict[str, bytes]:
    if not (dist / PAGE).is_file():
        raise SiteMissingError(
            f"{site}: got no {PAGE} in {dist}; allowed what a build wrote: `ecs-saas consoles "
            "build`, or --from"
        )
    found = {
        path.relative_to(dist).as_posix(): path.read_bytes()
        for path in sorted(dist.rglob("*"))
        if path.is_file()
    }
    if CONFIG_KEY in found or any(key.startswith(_RELEASES) for key in found):
        raise SiteMissingError(
            f"{site}: got {CONFIG_KEY} or {_RELEASES} in {dist}; allowed neither: Terraform writes "
            "the one, and releases are kept under the other"
        )
    return found


def _digest(files: Mapping[str, bytes]) -> str:
    together = hashlib.sha256()
    for key, data in sorted(files.items()):
        together.update(f"{key}\0{len(data)}\0".encode() + data)
    return together.hexdigest()[:12]


def _etag(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _type(key: str) -> str:
    suffix = Path(key).suffix.lower()
    return _TYPES.get(suffix) or mimetypes.guess_type(key)[0] or "application/octet-stream"

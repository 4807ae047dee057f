"""What an offboarded tenant had, kept for the retention time.

::

    s3://<prefix>-exports/<tenant>/orders.jsonl.gz     a line per item: {"Item": {...}}
                                   users.jsonl.gz      a line per user, without secrets
                                   manifest.json       counts and SHA-256 of each file

Lines of items are DynamoDB's own JSON, as its ImportTable reads it. The manifest is written last:
an export without one is not complete.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.provisioning.errors import PreconditionError
from services.provisioning.tenant_data.items import Item, canonical
from services.provisioning.tenants.holdings import Holdings

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Exports:
    """The bucket of exports.

    Parameters
    ----------
    client : S3Client
    bucket : str
    """

    client: S3Client
    bucket: str

    def write(self, holdings: Holdings) -> str:
        """Export everything of the tenant; return where it is.

        If a table is gone already and an export is complete, an earlier attempt got as far as
        the deletion: its export stands.

        Raises
        ------
        PreconditionError
            If the bucket does not exist.
        """
        location = self.location(holdings.tenant_id)
        missing = [name for name, items in holdings.tables.items() if not items.exists()]
        users = holdings.users.exists()
        if (missing or not users) and self.complete(holdings.tenant_id):
            return location
        sources: dict[str, Iterable[str]] = {
            name: _item_lines(items)
            for name, items in holdings.tables.items()
            if name not in missing
        }
        if users:
            sources["users"] = _user_lines(holdings)
        files = [self._upload(holdings.tenant_id, name, sources[name]) for name in sources]
        manifest = {
            "tenantId": holdings.tenant_id,
            "tier": holdings.tier,
            "exportedAt": datetime.now(UTC).isoformat(timespec="seconds"),
            "files": files,
            "missing": missing,
        }
        with self._told():
            self.client.put_object(
                Bucket=self.bucket,
                Key=f"{holdings.tenant_id}/{_MANIFEST}",
                Body=json.dumps(manifest, indent=2).encode(),
            )
        return location

    def location(self, tenant_id: str) -> str:
        """Return where the tenant's export is."""
        return f"s3://{self.bucket}/{tenant_id}/"

    def complete(self, tenant_id: str) -> bool:
        """Whether the tenant has a complete export."""
        with self._told():
            found = self.client.list_objects_v2(
                Bucket=self.bucket, Prefix=f"{tenant_id}/{_MANIFEST}", MaxKeys=1
            )
        return bool(found.get("Contents"))

    def _upload(self, tenant_id: str, name: str, lines: Iterable[str]) -> dict[str, Any]:
        from boto3.s3.transfer import S3Transfer  # noqa: PLC0415 - in parts, however large

        key = f"{name}.jsonl.gz"
        with tempfile.TemporaryDirectory(prefix="ecs-saas-") as directory:
            file = Path(directory) / key
            count = 0
            with file.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
                for line in lines:
                    packed.write(line.encode() + b"\n")
                    count += 1
            with file.open("rb") as written:
                sha256 = hashlib.file_digest(written, "sha256").hexdigest()
            with self._told(), S3Transfer(self.client) as transfer:
                transfer.upload_file(str(file), self.bucket, f"{tenant_id}/{key}")
        return {"name": key, "count": count, "sha256": sha256}

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Say what to do if there is no bucket."""
        from boto3.exceptions import S3UploadFailedError  # noqa: PLC0415
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            yield
        except (ClientError, S3UploadFailedError) as error:
            if "NoSuchBucket" not in str(error):
                raise
            raise PreconditionError(
                f"the bucket of exports, {self.bucket}, does not exist: run "
                "`ecs-saas platform apply` first; nothing was deleted"
            ) from error


def _item_lines(items: Iterable[Item]) -> Iterator[str]:
    return (f'{{"Item":{canonical(item)}}}' for item in items)


def _user_lines(holdings: Holdings) -> Iterator[str]:
    for user in holdings.users:
        shown = {
            "userName": user.name,
            "enabled": user.enabled,
            "status": user.status,
            "attributes": dict(user.attributes),
        }
        yield json.dumps(shown, sort_keys=True, ensure_ascii=False)

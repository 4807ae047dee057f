"""What an offboarded tenant had, kept for the retention time.

::

    s3://<prefix>-exports/<tenant>/orders.jsonl.gz     a line per item: {"Item": {...}}
                                   users.jsonl.gz      a line per user, without secrets
                                   manifest.json       counts and SHA-256 of each file

Lines of items are DynamoDB's own JSON, as its ImportTable reads it, whatever engine kept them. The
manifest is written last: an export without one is not complete.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from services.provisioning.errors import PreconditionError
from services.provisioning.tenants.tenant_copy import TenantCopy
from services.storage.exchange import SUFFIX, send_lines
from services.storage.items import line

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

    def write(self, copy: TenantCopy) -> str:
        """Export everything of the tenant; return where it is.

        If a place is gone already and an export is complete, an earlier attempt got as far as
        the deletion: its export stands.

        Raises
        ------
        PreconditionError
            If the bucket does not exist.
        """
        location = self.location(copy.tenant_id)
        missing = [name for name, each in copy.documents.items() if not each.exists()]
        users = copy.users.exists()
        if (missing or not users) and self.complete(copy.tenant_id):
            return location
        sources: dict[str, Iterable[str]] = {
            name: map(line, each.items())
            for name, each in copy.documents.items()
            if name not in missing
        }
        if users:
            sources["users"] = _user_lines(copy)
        files = [self._upload(copy.tenant_id, name, sources[name]) for name in sources]
        manifest = {
            "tenantId": copy.tenant_id,
            "tier": copy.tier,
            "exportedAt": datetime.now(UTC).isoformat(timespec="seconds"),
            "files": files,
            "missing": missing,
        }
        with self._told():
            self.client.put_object(
                Bucket=self.bucket,
                Key=f"{copy.tenant_id}/{_MANIFEST}",
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
        key = f"{name}{SUFFIX}"
        with self._told():
            sent = send_lines(self.client, self.bucket, f"{tenant_id}/{key}", lines)
        return {"name": key, "count": sent.count, "sha256": sent.sha256}

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


def _user_lines(copy: TenantCopy) -> Iterator[str]:
    for user in copy.users:
        shown = {
            "userName": user.name,
            "enabled": user.enabled,
            "status": user.status,
            "attributes": dict(user.attributes),
        }
        yield json.dumps(shown, sort_keys=True, ensure_ascii=False)

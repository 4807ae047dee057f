"""Lines of items in a bucket: how a tenant's documents come out of a network and into another.

::

    s3://<bucket>/_exchange/<tenant>/<tier>/<service>.jsonl.gz    a line per item
                                            <service>.json        what the last task has done

No tenant's id begins with `_`, so that this is nobody's export. Nothing touches a disk: files are
packed as they are sent, in parts, however large they are.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, cast

from services.storage.items import Item, line, parse_lines

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

EXCHANGE_FOLDER: Final = "_exchange"
SUFFIX: Final = ".jsonl.gz"
_GZIP: Final = 31  # zlib's way of saying so, without a time in the header


def exchange_arn(bucket: str, tenants: str) -> str:
    """Return the ARN of all that is exchanged for one tenant, or for every tenant as `*`.

    >>> exchange_arn("acme-dev-exports", "t1")
    'arn:aws:s3:::acme-dev-exports/_exchange/t1/*'
    """
    return f"arn:aws:s3:::{bucket}/{EXCHANGE_FOLDER}/{tenants}/*"


@dataclass(frozen=True)
class Sent:
    """What was sent: how many lines, and the SHA-256 of the packed file."""

    count: int
    sha256: str


class Packed(io.RawIOBase):
    """Lines as the bytes of a gzip file, made as they are read.

    Parameters
    ----------
    lines : iterable of str
        Without their ends.

    Attributes
    ----------
    count : int
        The lines so far.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        super().__init__()
        self.count = 0
        self._content = hashlib.sha256()
        self._chunks = self._packed(lines)
        self._rest = b""

    @property
    def sha256(self) -> str:
        """Of the bytes so far."""
        return self._content.hexdigest()

    def readable(self) -> bool:
        """Return true."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Return so many bytes, fewer at the end alone: a part of an upload must be full."""
        parts = [self._rest]
        length = len(self._rest)
        while size is None or size < 0 or length < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            parts.append(chunk)
            length += len(chunk)
        content = b"".join(parts)
        end = len(content) if size is None or size < 0 else size
        self._rest = content[end:]
        return content[:end]

    def _packed(self, lines: Iterable[str]) -> Iterator[bytes]:
        packer = zlib.compressobj(wbits=_GZIP)
        for text in lines:
            self.count += 1
            yield self._counted(packer.compress(text.encode() + b"\n"))
        yield self._counted(packer.flush())

    def _counted(self, chunk: bytes) -> bytes:
        self._content.update(chunk)
        return chunk


@dataclass(frozen=True)
class Exchange:
    """What passes between tasks and whoever runs them, for one service of one copy of a tenant.

    Parameters
    ----------
    client : S3Client
    bucket : str
    tenant_id, tier, service : str
    """

    client: S3Client
    bucket: str
    tenant_id: str
    tier: str
    service: str

    @property
    def lines_key(self) -> str:
        """Where the items are."""
        return f"{self._name}{SUFFIX}"

    def send(self, items: Iterable[Item]) -> Sent:
        """Write the items."""
        return send_lines(self.client, self.bucket, self.lines_key, map(line, items))

    def receive(self) -> Iterator[Item]:
        """Yield the items that were sent, in their order."""
        body = self.client.get_object(Bucket=self.bucket, Key=self.lines_key)["Body"]
        with gzip.GzipFile(fileobj=body) as unpacked:
            yield from parse_lines(unpacked)

    def report(self, done: Mapping[str, Any]) -> None:
        """Say what was done."""
        self.client.put_object(
            Bucket=self.bucket, Key=f"{self._name}.json", Body=json.dumps(done).encode()
        )

    def reported(self) -> dict[str, Any]:
        """Return what was said last, empty if nothing was."""
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=f"{self._name}.json")
        except self.client.exceptions.NoSuchKey:
            return {}
        said: dict[str, Any] = json.loads(answer["Body"].read())
        return said

    def clear(self) -> None:
        """Delete what passed: it is in its place, or nobody's any more."""
        for key in (self.lines_key, f"{self._name}.json"):
            self.client.delete_object(Bucket=self.bucket, Key=key)

    @property
    def _name(self) -> str:
        return f"{EXCHANGE_FOLDER}/{self.tenant_id}/{self.tier}/{self.service}"


def send_lines(client: S3Client, bucket: str, key: str, lines: Iterable[str]) -> Sent:
    """Write lines as one packed object."""
    from boto3.s3.transfer import TransferConfig, create_transfer_manager  # noqa: PLC0415

    packed = Packed(lines)
    # One part at a time: a task has little memory.
    with create_transfer_manager(client, TransferConfig(max_concurrency=1)) as transfer:
        transfer.upload(cast(IO[bytes], packed), bucket, key).result()
    return Sent(packed.count, packed.sha256)

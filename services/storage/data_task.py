"""What is done with a tenant's documents where only tasks of the network reach them.

    python -m services.storage.data_task ACTION SERVICE TENANT TIER REQUEST

`export` sends the tenant's items to the exchange, `restore` makes the place equal to what is
there, `purge` deletes all that the tenant has, `digest` reads it. Each reports, with the id of the
request, how many items there are then and their SHA-256, or why it failed. All of them may be
repeated, and be killed at any moment.

Environment: `EXPORT_BUCKET`, `EXPORT_BUCKET_OWNER` (its account), `AWS_REGION`, and
`STORAGE_PLACES`: JSON that has, by service, its `engine` and the variables of its place. Exit code
2 for what cannot be tried, 1 for what failed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from services.storage.engine import TenantData
from services.storage.exchange import Exchange
from services.storage.interface import StorageError
from services.storage.items import Digest
from services.storage.registry import UnknownEngineError, engine


class OwnClients:
    """Clients of the task's own role, for any tenant.

    Parameters
    ----------
    region : str
    account : str
        Whose buckets may be used: one of a stranger is refused by S3.
    """

    def __init__(self, region: str, account: str) -> None:
        self._session: Any = boto3.Session(region_name=region)
        self._account = account

    def client(self, tenant_id: str, service: str) -> Any:
        """Return a client."""
        del tenant_id
        client = self._session.client(service)
        if service == "s3":
            client.meta.events.register("provide-client-params.s3", self._of_our_own)
        return client

    def _of_our_own(self, params: Mapping[str, Any], model: Any, **_: Any) -> Mapping[str, Any]:
        """Name the bucket's owner in a call that has a place for it, as nearly all have."""
        if "ExpectedBucketOwner" not in model.input_shape.members:
            return params
        return {**params, "ExpectedBucketOwner": self._account}


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Do one action; return the exit code."""
    try:
        action, service, tenant_id, tier, request = arguments
        do = ACTIONS[action]
        bucket, region = environment["EXPORT_BUCKET"], environment["AWS_REGION"]
        owner = environment["EXPORT_BUCKET_OWNER"]
        place = {**json.loads(environment["STORAGE_PLACES"])[service], "AWS_REGION": region}
        chosen = engine(place.pop("engine"))
    except (LookupError, ValueError, UnknownEngineError) as error:
        sys.stderr.write(f"got {' '.join(arguments)!r}: {error}; {__doc__}\n")
        return 2
    clients = OwnClients(region, owner)
    exchange = Exchange(clients.client(tenant_id, "s3"), bucket, tenant_id, tier, service)
    try:
        data = chosen.tenant_data(place, tenant_id, clients)
        try:
            found = do(data, exchange)
        finally:
            data.close()
    except (StorageError, ClientError, BotoCoreError, ValueError) as error:
        sys.stderr.write(f"{action} of {service} failed: {error}\n")
        exchange.report({"request": request, "error": str(error)})
        return 1
    done = {"request": request, "count": found.count, "sha256": found.sha256}
    exchange.report(done)
    sys.stdout.write(f"{action} of {service}: {found.count} items, sha256 {found.sha256}\n")
    return 0


def _export(data: TenantData, exchange: Exchange) -> Digest:
    exchange.send(data)
    return data.digest()


def _restore(data: TenantData, exchange: Exchange) -> Digest:
    data.synchronise(exchange.receive())
    return data.digest()


def _purge(data: TenantData, _: Exchange) -> Digest:
    data.purge()
    return data.digest()


ACTIONS: Final[Mapping[str, Callable[[TenantData, Exchange], Digest]]] = {
    "export": _export,
    "restore": _restore,
    "purge": _purge,
    "digest": lambda data, _: data.digest(),
}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], os.environ))

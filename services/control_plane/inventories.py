"""What tenants have of AWS, as their builds have listed it."""

from __future__ import annotations

from typing import Any

from services.contracts.inventory import Inventory, inventory_key


class InventoryReader:
    """Reads the lists in the state bucket, and may read nothing else there.

    Parameters
    ----------
    client : S3Client
    bucket : str
    """

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def find(self, stack: str, tenant_id: str) -> Inventory | None:
        """Return what one copy has; None if no build has listed it."""
        from botocore.exceptions import ClientError  # noqa: PLC0415

        key = inventory_key(stack, tenant_id)
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            # Who may not list a bucket is told 403 of an object that is not there.
            # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
            if error.response["Error"]["Code"] in {"NoSuchKey", "AccessDenied", "404", "403"}:
                return None
            raise
        return Inventory.parse(answer["Body"].read())

"""A table whose items expire."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.dynamodb_table import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTablePointInTimeRecovery,
    DynamodbTableServerSideEncryption,
    DynamodbTableTtl,
)
from constructs import Construct

from constructs_lib.identity import Statement


class ExpiringTable(Construct):
    """Items that are written over and expire: no stream, no index.

    On demand, encrypted, with point-in-time recovery.

    Parameters
    ----------
    name : str
    partition_key, sort_key : str
        Both are strings.
    ttl_attribute : str
        When an item expires, in seconds of the epoch.
    deletion_protection : bool, default True
        Whether the table refuses to be deleted.

    Attributes
    ----------
    name, arn : str
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        partition_key: str,
        sort_key: str,
        ttl_attribute: str,
        deletion_protection: bool = True,
    ) -> None:
        super().__init__(scope, id_)
        table = DynamodbTable(
            self,
            "Resource",
            name=name,
            billing_mode="PAY_PER_REQUEST",
            hash_key=partition_key,
            range_key=sort_key,
            attribute=[
                DynamodbTableAttribute(name=key, type="S") for key in (partition_key, sort_key)
            ],
            ttl=DynamodbTableTtl(enabled=True, attribute_name=ttl_attribute),
            point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True),
            server_side_encryption=DynamodbTableServerSideEncryption(enabled=True),
            deletion_protection_enabled=deletion_protection,
        )
        self.name: str = table.name
        self.arn: str = table.arn

    def grant_read(self, sid: str) -> Statement:
        """Return the right to read items."""
        return Statement(["dynamodb:GetItem", "dynamodb:Query"], [self.arn], sid=sid)

    def grant_write(self, sid: str) -> Statement:
        """Return the right to write items over, and to read one."""
        return Statement(
            ["dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:PutItem"],
            [self.arn],
            sid=sid,
        )

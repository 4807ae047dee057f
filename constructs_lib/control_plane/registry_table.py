"""The table of the tenant registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cdktf_cdktf_provider_aws.dynamodb_table import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTableGlobalSecondaryIndex,
    DynamodbTablePointInTimeRecovery,
    DynamodbTableServerSideEncryption,
    DynamodbTableTtl,
)
from constructs import Construct

from constructs_lib.identity import Statement


@dataclass(frozen=True)
class TableShape:
    """The keys of a table and of its indexes, all of them strings.

    Parameters
    ----------
    partition_key, sort_key : str
    ttl_attribute : str
        When an item expires, in seconds of the epoch.
    indexes : mapping, optional
        The partition and sort key of each index, by its name. None by default.
    """

    partition_key: str
    sort_key: str
    ttl_attribute: str
    indexes: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def table_of(
    scope: Construct, *, name: str, shape: TableShape, deletion_protection: bool, **more: Any
) -> DynamodbTable:
    """Make the table `Resource` of `scope`: on demand, encrypted, with point-in-time recovery.

    `more` are further arguments of `DynamodbTable`.
    """
    attributes = dict.fromkeys(
        [
            shape.partition_key,
            shape.sort_key,
            *(key for keys in shape.indexes.values() for key in keys),
        ]
    )
    return DynamodbTable(
        scope,
        "Resource",
        name=name,
        billing_mode="PAY_PER_REQUEST",
        hash_key=shape.partition_key,
        range_key=shape.sort_key,
        attribute=[DynamodbTableAttribute(name=key, type="S") for key in attributes],
        ttl=DynamodbTableTtl(enabled=True, attribute_name=shape.ttl_attribute),
        point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True),
        server_side_encryption=DynamodbTableServerSideEncryption(enabled=True),
        deletion_protection_enabled=deletion_protection,
        **more,
    )


class RegistryTable(Construct):
    """Tenants, registrations, operations and the outbox, in one table with a stream.

    On demand, encrypted, with point-in-time recovery.

    Parameters
    ----------
    name : str
    shape : TableShape
    deletion_protection : bool, default True
        Whether the table refuses to be deleted.

    Attributes
    ----------
    name, arn, stream_arn : str
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        shape: TableShape,
        deletion_protection: bool = True,
    ) -> None:
        super().__init__(scope, id_)
        table = table_of(
            self,
            name=name,
            shape=shape,
            deletion_protection=deletion_protection,
            global_secondary_index=[
                DynamodbTableGlobalSecondaryIndex(
                    name=index, hash_key=partition, range_key=sort, projection_type="ALL"
                )
                for index, (partition, sort) in shape.indexes.items()
            ],
            stream_enabled=True,
            stream_view_type="NEW_AND_OLD_IMAGES",
        )
        self.name: str = table.name
        self.arn: str = table.arn
        self.stream_arn: str = table.stream_arn

    def grant_read_write(self) -> Statement:
        """Return the right to read and write items; without Scan, which nothing needs."""
        return Statement(
            [
                "dynamodb:BatchGetItem",
                "dynamodb:ConditionCheckItem",
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
            ],
            [self.arn, f"{self.arn}/index/*"],
            sid="Registry",
        )

    def grant_stream(self) -> list[Statement]:
        """Return the rights to read the stream."""
        return [
            Statement(
                ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
                [f"{self.arn}/stream/*"],
                sid="RegistryStream",
            ),
            Statement(["dynamodb:ListStreams"], sid="Streams"),
        ]

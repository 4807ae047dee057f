"""DynamoDB tables whose partition key is the tenant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from cdktf import IResolvable
from cdktf_cdktf_provider_aws.dynamodb_table import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTableGlobalSecondaryIndex,
    DynamodbTablePointInTimeRecovery,
    DynamodbTableServerSideEncryption,
)
from constructs import Construct

from constructs_lib import limits, naming
from constructs_lib.errors import ConfigError
from constructs_lib.identity.statement import Statement, iam_variable
from constructs_lib.sequences import takes_sequences

PARTITION_KEY: Final = "tenantId"
SESSION_TAG: Final = "TenantId"
KeyType = Literal["S", "N", "B"]

# Without Scan: an application asks for its tenant's items, and a scan has no leading key.
_READ: Final = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query")
_WRITE: Final = (
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
)
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,254}")


@dataclass(frozen=True)
class TableIndex:
    """A global secondary index: a tenant's items in another order.

    Its partition key is the tenant as well; were it another attribute, the condition on the
    leading key would not hold for queries of the index.
    """

    name: str
    sort_key: str
    sort_key_type: KeyType = "S"


@takes_sequences
class TenantTable(Construct):
    """A table of one tenant's items, or of all tenants' items, each under its tenant's key.

    On demand, encrypted, with point-in-time recovery. The partition key is `tenantId`.

    Parameters
    ----------
    name : str
        The table's name.
    sort_key : str
        Tells one tenant's items apart, as `orderId`.
    sort_key_type : {"S", "N", "B"}, default "S"
        Its type.
    indexes : sequence of TableIndex, optional
        Other orders to query in; at most 20, a quota of DynamoDB [1]_.
    deletion_protection : bool or IResolvable, default True
        Whether the table refuses to be deleted.

    Attributes
    ----------
    name, arn : str
    resource : DynamodbTable

    Raises
    ------
    ConfigError
        If DynamoDB takes no such name, two indexes share one, there are more than 20, a key repeats
        the partition key, or a key is given two types.

    References
    ----------
    .. [1] https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        sort_key: str,
        sort_key_type: KeyType = "S",
        indexes: Sequence[TableIndex] = (),
        deletion_protection: bool | IResolvable = True,
    ) -> None:
        super().__init__(scope, id_)
        keys = [(sort_key, sort_key_type), *((i.sort_key, i.sort_key_type) for i in indexes)]
        _check(name, keys, indexes)
        self._has_indexes = bool(indexes)
        attributes = {PARTITION_KEY: "S", **dict(keys)}
        self.resource = DynamodbTable(
            self,
            "Resource",
            name=name,
            billing_mode="PAY_PER_REQUEST",
            hash_key=PARTITION_KEY,
            range_key=sort_key,
            attribute=[DynamodbTableAttribute(name=n, type=t) for n, t in attributes.items()],
            global_secondary_index=[
                DynamodbTableGlobalSecondaryIndex(
                    name=index.name,
                    hash_key=PARTITION_KEY,
                    range_key=index.sort_key,
                    projection_type="ALL",
                )
                for index in indexes
            ]
            or None,
            point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True),
            server_side_encryption=DynamodbTableServerSideEncryption(enabled=True),
            deletion_protection_enabled=deletion_protection,
        )
        self.name: str = self.resource.name
        self.arn: str = self.resource.arn

    def grant_read_write(self) -> Statement:
        """Return the right to read and write the whole table: for a table of one tenant."""
        return Statement([*_READ, *_WRITE], self._arns(), sid="TenantTable")

    def grant_read_write_own_items(self) -> Statement:
        """Return the right to read and write the items of the session's tenant.

        The tenant is the session tag `TenantId`. `Null` closes what `ForAllValues` leaves open: it
        is true of a request that names no leading key at all.
        """
        return Statement(
            [*_READ, *_WRITE],
            self._arns(),
            conditions={
                "ForAllValues:StringEquals": {
                    "dynamodb:LeadingKeys": [iam_variable(f"aws:PrincipalTag/{SESSION_TAG}")]
                },
                "Null": {"dynamodb:LeadingKeys": "false"},
            },
            sid="OwnItems",
        )

    def _arns(self) -> list[str]:
        return [self.arn, *([f"{self.arn}/index/*"] if self._has_indexes else [])]


def _check(name: str, keys: Sequence[tuple[str, str]], indexes: Sequence[TableIndex]) -> None:
    problems = limits.named(naming.TABLE, name)
    problems += [
        f"sort_key: got {key!r}; allowed a letter, then letters, digits and '_', but not "
        f"{PARTITION_KEY!r}"
        for key, _ in keys
        if key == PARTITION_KEY or not _ATTRIBUTE.fullmatch(key)
    ]
    types = dict(keys)
    problems += [
        f"sort_key {key!r}: got types {types[key]} and {type_}; allowed one type"
        for key, type_ in keys
        if types[key] != type_
    ]
    names = [index.name for index in indexes]
    problems += [
        f"indexes: got {each!r} {names.count(each)} times; allowed once"
        for each in sorted({each for each in names if names.count(each) > 1})
    ]
    if len(indexes) > 20:
        problems.append(f"indexes: got {len(indexes)}; allowed at most 20")
    if problems:
        raise ConfigError(problems)

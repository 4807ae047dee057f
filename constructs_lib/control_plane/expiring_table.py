"""A table whose items expire."""

from __future__ import annotations

from constructs import Construct

from constructs_lib.control_plane.registry_table import TableShape, table_of
from constructs_lib.identity import Statement


class ExpiringTable(Construct):
    """Items that are written over and expire: no stream, no index.

    On demand, encrypted, with point-in-time recovery.

    Parameters
    ----------
    name : str
    shape : TableShape
        Without indexes.
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
        shape: TableShape,
        deletion_protection: bool = True,
    ) -> None:
        super().__init__(scope, id_)
        table = table_of(self, name=name, shape=shape, deletion_protection=deletion_protection)
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

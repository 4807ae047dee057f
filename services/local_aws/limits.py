"""What a configuration may ask for on AWS that the local AWS has not."""

from __future__ import annotations

from services.configuration import Configuration, StorageEngine
from services.local_aws.errors import LocalAwsError


class NotLocalError(LocalAwsError):
    """The local AWS lacks what the configuration asks for; the message names all of it."""


def check(configuration: Configuration) -> None:
    """Refuse a configuration that would fail in the midst of an apply.

    The emulator's RDS keeps descriptions of servers, without the owner's secret and without
    anything that answers: tasks would wait for a migration that never ends. Its functions are
    processes of this machine, which cannot load what was compiled for another.

    Raises
    ------
    NotLocalError
    """
    problems = [
        f"  services.{name}.storage.engine: got {StorageEngine.POSTGRESQL.value}; allowed "
        f"{StorageEngine.DYNAMODB.value} on the local AWS, which has no PostgreSQL servers"
        for name, spec in configuration.services.items()
        if spec.storage and spec.storage.engine is StorageEngine.POSTGRESQL
    ]
    if configuration.function_architecture != "host":
        problems.append(
            f"  function_architecture: got {configuration.function_architecture}; allowed host on "
            "the local AWS, whose functions are processes of this machine"
        )
    if problems:
        raise NotLocalError(
            "\n".join(
                [
                    "the configuration cannot be applied with --target local:",
                    *problems,
                    "  `pytest tests/emulator/storage` runs stores on this machine's PostgreSQL",
                ]
            )
        )

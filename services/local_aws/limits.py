"""What a configuration may ask for on AWS that the local AWS has not."""

from __future__ import annotations

from services.configuration import Configuration
from services.local_aws.errors import LocalAwsError
from services.storage.engine import Infrastructure
from services.storage.registry import DEFAULT_ENGINE, engine


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
        f"  services.{name}.storage.engine: got {spec.storage.engine}; allowed {DEFAULT_ENGINE} on "
        "the local AWS, which has no servers of databases"
        for name, spec in configuration.services.items()
        if spec.storage and engine(spec.storage.engine).infrastructure is Infrastructure.SERVER
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

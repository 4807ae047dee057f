"""A provider that outlives a run: a worker gives it its runs, one after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.provisioning.terraform.provider import SharedProvider


class KeptProvider:
    """The provider process of one worker, started by its first run.

    A provider holds one configuration, the tenant's default tags in it, and each Terraform process
    configures it anew: so it serves one run at a time, and never two.
    """

    def __init__(self) -> None:
        self._provider: SharedProvider | None = None
        self._binary: Path | None = None

    @contextlib.contextmanager
    def lent(
        self, binary: Path, environment: Mapping[str, str], directory: Path
    ) -> Iterator[SharedProvider]:
        """Give the provider to one run; after one that fails it is not kept.

        Parameters
        ----------
        binary, environment, directory
            As `SharedProvider` takes them. A kept one has those of the run that started it, and
            the directory is then another tenant's: its links lead to the same module.
        """
        from services.provisioning.terraform.provider import SharedProvider  # noqa: PLC0415

        if self._provider is None or self._binary != binary:
            self.close()
            self._provider, self._binary = SharedProvider(binary, environment, directory), binary
        try:
            yield self._provider
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the process."""
        if self._provider is not None:
            provider, self._provider = self._provider, None
            provider.__exit__(None, None, None)

"""The local AWS that roles are tried on."""

from tests.emulator.local_aws.conftest import local, patched

__all__ = ["local", "patched"]

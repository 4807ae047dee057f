"""What is packaged for the functions of the two planes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from constructs_lib.functions import Architecture, CodePackage
from services.configuration import Configuration

ROOT: Final = Path(__file__).parents[1]
"""A checkout, or where the system is installed; there others' packages are beside its own."""

_PACKAGES: Final = ("constructs_lib", "services", "tiers")

_PYDANTIC: Final = (
    "annotated-types",
    "pydantic",
    "pydantic-core",
    "typing-extensions",
    "typing-inspection",
)


def control_plane_code(configuration: Configuration) -> CodePackage:
    """Return the code of the HTTP API and of the handlers of events, with their plug-ins."""
    plug_ins = [each for each in (configuration.billing, configuration.metering) if each]
    return CodePackage(
        root=ROOT,
        packages=_PACKAGES,
        modules=["services.control_plane"],
        folders=list(dict.fromkeys(_folder(each.folder) for each in plug_ins)),
        distributions=list(
            dict.fromkeys(
                [
                    *("aws-lambda-powertools", "jmespath", *_PYDANTIC),
                    *(name for each in plug_ins for name in each.distributions),
                ]
            )
        ),
        architecture=_architecture(configuration),
    )


def authorizer_code(configuration: Configuration) -> CodePackage:
    """Return the code that says whose request it is."""
    return CodePackage(
        root=ROOT,
        packages=_PACKAGES,
        modules=["services.application.authorizer"],
        distributions=["cachetools", "cffi", "cryptography", "pycparser", "PyJWT"],
        architecture=_architecture(configuration),
    )


def starter_code(configuration: Configuration) -> CodePackage:
    """Return the code that starts one execution for each operation."""
    return CodePackage(
        root=ROOT,
        packages=_PACKAGES,
        modules=["services.provisioning.jobs.starter"],
        architecture=_architecture(configuration),
    )


def token_claims_code(configuration: Configuration) -> CodePackage:
    """Return the code that says what the tokens of federated tenants claim."""
    return CodePackage(
        root=ROOT,
        packages=_PACKAGES,
        modules=["services.application.token_claims"],
        architecture=_architecture(configuration),
    )


def _architecture(configuration: Configuration) -> Architecture:
    return Architecture(configuration.function_architecture)


def _folder(name: str) -> Path:
    """Return a folder of the checkout, or of the directory that an installed system works in."""
    own = ROOT / name
    return own if own.is_dir() else Path(name).absolute()

"""Functions that are packaged for this machine are not applied to AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.provisioning.deployment import Deployment
from services.provisioning.errors import PreconditionError
from services.provisioning.platform import Platform
from tests.synth.sample import CONFIGURATION, configured

ON_AWS = CONFIGURATION.replace('function_architecture = "host"', "")


def check(base: str, **environment: str) -> None:
    configuration = configured(base=base)
    deployment = Deployment(configuration, Path("w"), Path("m"), environment=environment)
    Platform(deployment)._check_functions()


def test_this_machines_are_refused() -> None:
    with pytest.raises(PreconditionError, match="got host; allowed arm64 or x86_64 on AWS"):
        check(CONFIGURATION)


def test_others_are_taken_and_an_emulator_takes_this_machines() -> None:
    check(ON_AWS)
    check(CONFIGURATION, AWS_ENDPOINT_URL="http://127.0.0.1:4566")

"""Both planes, synthesised once for all tests here."""

from __future__ import annotations

from pathlib import Path

import pytest
from cdktf import App

import tiers
from services.tenancy import Tier
from tests.synth.sample import configured
from tests.synth.template import Template


@pytest.fixture(scope="session")
def planes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    """The root modules of both planes."""
    # Packaged with the functions; without it there is nothing to package.
    pytest.importorskip("aws_lambda_powertools")
    outdir = tmp_path_factory.mktemp("planes")
    configuration = configured()
    app = App(outdir=str(outdir))
    tenants = [
        *(tiers.tenant_stack(app, configuration=configuration, tier=tier) for tier in Tier),
        tiers.RoutingCellModule(app, configuration=configuration),
    ]
    tiers.ControlPlane(app, configuration=configuration)
    tiers.ApplicationPlane(app, configuration=configuration, tenants=tenants)
    app.synth()
    names = ("control-plane", "application-plane")
    return {name: Template.read(Path(outdir) / "stacks" / name) for name in names}

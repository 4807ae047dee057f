"""Stacks for tests of single constructs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cdktf import App

from constructs_lib import SaasStack, StackSettings

SETTINGS = StackSettings(
    name="shop",
    environment="dev",
    region="eu-central-1",
    state_bucket="shop-dev-tfstate",
    lock_table="shop-dev-tflock",
)


@pytest.fixture
def settings() -> StackSettings:
    return SETTINGS


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(outdir=str(tmp_path / "cdktf.out"))


@pytest.fixture
def new_stack(app: App) -> Callable[..., SaasStack]:
    """Make a stack; further arguments go to `SaasStack`."""

    def make(
        name: str = "platform", settings: StackSettings = SETTINGS, **more: object
    ) -> SaasStack:
        return SaasStack(app, name, settings=settings, **more)  # type: ignore[arg-type]

    return make


@pytest.fixture
def stack(new_stack: Callable[..., SaasStack]) -> SaasStack:
    return new_stack()

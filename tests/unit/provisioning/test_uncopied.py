"""What is in PostgreSQL is neither copied by moves nor deleted in silence."""

from __future__ import annotations

from typing import Any, cast

import pytest

from services.configuration import Configuration
from services.provisioning.errors import PreconditionError
from services.provisioning.tenants.holdings import kept_after
from services.provisioning.tenants.moves import Moves, refuse_uncopied
from services.tenancy import TenantDocument, Tier
from tests.synth.sample import CONFIGURATION, configured


@pytest.fixture
def on_postgresql() -> Configuration:
    """A deployment whose orders are in PostgreSQL."""
    engine = '{ engine = "postgresql", sort_key = "orderId"'
    return configured(base=CONFIGURATION.replace('{ sort_key = "orderId"', engine))


class OnlyConfigured:
    """A deployment in which anything but its configuration is out of reach."""

    moves = None
    mapping = None

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration


def test_a_move_is_refused_before_anything_happens(on_postgresql: Configuration) -> None:
    document = TenantDocument.parse(
        {"tenant_id": "t1", "tenant_name": "acme", "tier": "premium", "admin_email": "a@b.io"}
    )
    moves = Moves(cast(Any, OnlyConfigured(on_postgresql)), cast(Any, None))
    with pytest.raises(PreconditionError, match="documents of orders are in PostgreSQL"):
        moves.run(document)


def test_tables_are_moved() -> None:
    refuse_uncopied(configured())


def test_what_is_kept_is_said(on_postgresql: Configuration) -> None:
    (silo,) = kept_after(on_postgresql, Tier.PREMIUM)
    assert "last snapshot" in silo
    (pool,) = kept_after(on_postgresql, Tier.BASIC)
    assert "services.application.runtime.forget" in pool
    assert "orders" in pool
    assert kept_after(configured(), Tier.BASIC) == []

"""Patches fail loudly when what they patch is gone."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from services.local_aws.errors import OverlayError
from services.local_aws.patches import registry
from services.local_aws.patches.query import tree, xml


def test_a_symbol_that_is_gone_is_named() -> None:
    with pytest.raises(OverlayError, match="gone"):
        registry.replace(SimpleNamespace(), "gone", lambda original: original)
    with pytest.raises(OverlayError, match="'Gone'"):
        registry.replace_entry({}, "Gone", lambda original: original)


def test_an_entry_the_emulator_has_learnt_is_named() -> None:
    with pytest.raises(OverlayError, match="remove this patch"):
        registry.add_entry({"Known": 1}, "Known", 2)


def test_a_patch_needs_a_reason() -> None:
    def silent() -> None: ...

    with pytest.raises(OverlayError, match="silent"):
        registry.patch(silent)


def test_a_replacement_gets_the_original() -> None:
    owner = SimpleNamespace(double=lambda n: 2 * n)
    registry.replace(owner, "double", lambda original: lambda n: original(n) + 1)
    assert owner.double(2) == 5


def test_query_parameters_become_a_tree() -> None:
    params = {
        "Metrics.member.1.Id": ["m"],
        "Metrics.member.1.Stat.Period": ["60"],
        "Metrics.member.2.Id": "n",
        "Name": ["a"],
    }
    assert tree(params) == {
        "Metrics": [{"Id": "m", "Stat": {"Period": "60"}}, {"Id": "n"}],
        "Name": "a",
    }
    assert tree(params, "Metrics.member.1") == {"Id": "m", "Stat": {"Period": "60"}}


def test_a_tree_becomes_xml() -> None:
    assert xml({"A": [{"B": "x & y"}], "C": False, "D": None}) == (
        "<A><member><B>x &amp; y</B></member></A><C>false</C>"
    )

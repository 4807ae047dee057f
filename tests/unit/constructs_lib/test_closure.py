"""What is packaged is what is imported: nothing is listed by hand, so nothing is forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from constructs_lib.errors import ConfigError
from constructs_lib.functions.closure import import_closure

FILES = {
    "shop/__init__.py": "",
    "shop/orders/__init__.py": "from shop.orders.model import Order",
    "shop/orders/model.py": "import json\nfrom shop import money",
    "shop/orders/late.py": "def price():\n    from shop.rates import rate\n    return rate",
    "shop/money.py": "from __future__ import annotations",
    "shop/rates.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import shop.types",
    "shop/types.py": "",
    "shop/other.py": "",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def _names(files: list[Path]) -> set[str]:
    return {file.as_posix() for file in files}


def test_a_module_comes_with_what_it_imports_and_with_its_packages(root: Path) -> None:
    assert _names(import_closure(root, ["shop.orders.model"])) == {
        "shop/__init__.py",
        "shop/orders/__init__.py",
        "shop/orders/model.py",
        "shop/money.py",
    }


def test_a_package_comes_whole_and_imports_inside_functions_count(root: Path) -> None:
    found = _names(import_closure(root, ["shop.orders"]))

    assert {"shop/orders/late.py", "shop/rates.py"} <= found
    assert not {"shop/other.py", "shop/types.py"} & found


def test_all_that_is_missing_is_named(root: Path) -> None:
    (root / "shop/money.py").write_text("import shop.gone\nfrom shop.lost.deep import x")

    with pytest.raises(ConfigError) as caught:
        import_closure(root, ["shop.orders", "nowhere"])

    said = str(caught.value)
    assert "got 'nowhere'" in said
    assert "shop/money.py:1 imports shop.gone" in said
    assert "shop/money.py:2 imports shop.lost.deep" in said

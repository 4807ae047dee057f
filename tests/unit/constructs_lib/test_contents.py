"""What an image holds follows from what it imports, whatever else lies beside that."""

from __future__ import annotations

from pathlib import Path

from constructs_lib.images.contents import contents


def test_another_languages_workspace_is_no_data(tmp_path: Path) -> None:
    for name in (
        *("shop/__init__.py", "shop/orders.py", "shop/schemas/order.json", "shop/prices.csv"),
        *("shop/pages/package.json", "shop/pages/src/page.tsx", "shop/pages/documents/api.json"),
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    bare = contents(tmp_path, "", ["shop.orders"])
    assert [str(file) for file in bare.files] == [
        *("shop/__init__.py", "shop/orders.py", "shop/prices.csv", "shop/schemas/order.json"),
    ]
    # Its package manager brings some Python along.
    installed = tmp_path / "shop/pages/node_modules/gyp/gyp.py"
    installed.parent.mkdir(parents=True)
    installed.touch()
    assert contents(tmp_path, "", ["shop.orders"]) == bare

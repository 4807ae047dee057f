"""The OpenAPI documents that the consoles' clients are generated from, as they are served.

`python -m tests.unit.consoles.documents` writes them anew after a route has changed; the build of
the consoles then fails wherever a page relies on what is no longer so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from services.application.orders.application import create_orders_app
from services.application.products.application import create_products_app
from services.application.runtime import Settings
from services.application.users.application import create_users_app
from tests.unit.application.runtime.test_settings import POOL
from tests.unit.control_plane.requests import NotingRegistry, call, use

FOLDER: Final = Path(__file__).parents[3] / "services/consoles/documents"
CONTROL_PLANE: Final = "control-plane"


def served() -> dict[str, dict[str, Any]]:
    """Return every document by the name of its file."""
    use(NotingRegistry())
    _, control_plane = call("GET", "/openapi.json", claims=None)
    return {CONTROL_PLANE: control_plane, **_microservices()}


def _microservices() -> dict[str, dict[str, Any]]:
    nobody: Any = object()
    settings = {
        name: Settings.from_environment({**POOL, "SERVICE_NAME": name})
        for name in ("orders", "products", "users")
    }
    return {
        "orders": create_orders_app(settings["orders"], nobody, nobody).openapi(),
        "products": create_products_app(settings["products"], nobody).openapi(),
        "users": create_users_app(settings["users"], nobody).openapi(),
    }


def written(document: dict[str, Any]) -> str:
    """Return a document as its file holds it: a changed route is a change of few lines."""
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, document in served().items():
        (FOLDER / f"{name}.json").write_text(written(document))

"""The image of a products service with bugs, in the registry beside the right one."""

from __future__ import annotations

import shutil
from pathlib import Path

from services.contracts.images import CONTEXT
from services.local_aws.images.pushing import build, push
from tests.copies import copy_project
from tests.e2e.system import PREFIX, PROJECT, System

MODULE = "services.application.careless"
TAG = "careless"
_CODE = PROJECT / "tests/emulator/local_aws/careless_products.py"


def push_careless(system: System, directory: Path) -> str:
    """Push the image; return its tag in the repository of the products service.

    It is made as any microservice's is: from a folder of its own in a copy of the project.
    """
    for name in CONTEXT:
        if name == "services":
            copy_project([name], directory, "local_aws", "cli", "consoles")
        else:
            (directory / name).symlink_to(PROJECT / name)
    shutil.copy(PROJECT / "saas.tfvars", directory)
    package = directory / MODULE.replace(".", "/")
    package.mkdir()
    (package / "__init__.py").write_text('"""A products service with bugs."""\n')
    shutil.copy(_CODE, package / "__main__.py")
    image = build(system.local.home, directory, "careless")
    push(system.client("ecr"), system.local.home, image, f"{PREFIX}/products", TAG)
    return TAG

"""The consoles in the demo: built beside the platform's apply, pushed, and whom they let in."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.cli.site_builds import build, consoles_folder, dist_of, is_built
from services.contracts.stacks import CONTROL_PLANE
from services.provisioning.records.published import published
from services.provisioning.sites import NAMES, Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from services.cli.settings import Settings
    from services.provisioning.deployment import Deployment

NONE: Final = (
    "this installation has no consoles (services/consoles): their sites are there, and empty"
)


@dataclass(frozen=True)
class Console:
    """One console, and who may sign in to it.

    Attributes
    ----------
    site, url : str
    version : str
        Of the release that is served; empty if there is none.
    user, password : str
        Made for the demo alone, on the local AWS alone; anew each time.
    changed : bool
        Whether another release was served before.
    """

    site: str
    url: str
    version: str
    user: str
    password: str
    changed: bool


@contextmanager
def building(deployment: Deployment) -> Iterator[Future[Path | None]]:
    """Build the consoles, if they changed, while the block runs; nothing without any."""

    def work() -> Path | None:
        folder = consoles_folder()
        if folder is not None and not is_built(folder):
            deployment.progress.stage("consoles", "build")
            build(folder)
        return folder

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(work)


def release(
    settings: Settings, deployment: Deployment, folder: Path | None, password: str
) -> list[Console]:
    """Push what was built, and let the administrator in with this password.

    Parameters
    ----------
    folder : Path or None
        Of the consoles; without one their sites stay as they are.
    password : str
        Of the tenants' administrators too.
    """
    configuration = deployment.configuration
    shown = []
    for name in NAMES:
        site = Site.of(deployment.aws, configuration, name)
        done = site.push(dist_of(folder, name)) if folder else None
        user = configuration.admin_email if name == "admin" else "<tenant>-admin"
        shown.append(
            Console(
                site=name,
                url=settings.for_browsers(site.url),
                version=done.version if done else "",
                user=user,
                password=password,
                changed=bool(done and done.changed),
            )
        )
    _let_in(deployment, password)
    return shown


def _let_in(deployment: Deployment, password: str) -> None:
    """Give the first administrator a password; the invitation went out by e-mail, to nobody."""
    configuration = deployment.configuration
    found = published(deployment.aws, configuration, CONTROL_PLANE) or {}
    deployment.aws.cognito.admin_set_user_password(
        UserPoolId=found["admin_pool_id"],
        Username=configuration.admin_email,
        Password=password,
        Permanent=True,
    )

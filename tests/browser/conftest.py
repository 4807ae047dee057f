"""The consoles of the system of tests/e2e, in a browser."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from services.cli.site_builds import consoles_folder, is_built
from services.configuration import load
from services.contracts.http_routes import TENANT_READ, TENANT_WRITE, USER_READ, USER_WRITE
from services.local_aws.browsers import LocalNames
from tests.browser.window import Window, window
from tests.e2e import conftest as e2e
from tests.e2e.operators import api_url, machine_token
from tests.e2e.system import System

#: The same system; ECS_SAAS_E2E_SYSTEM keeps it.
system = e2e.system
# A function's first request after a pause takes seconds.
expect.set_options(timeout=15_000)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Sites:
    """Where the consoles are for a browser on this machine."""

    admin: str
    tenant: str


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser on PATH: looked for {', '.join(_BROWSERS)}")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def sites(system: System) -> Sites:
    """The consoles as they are built now."""
    folder = consoles_folder()
    assert folder is not None
    assert is_built(folder), "the consoles are not built: run `make consoles`"
    system.run("consoles", "push")
    names = LocalNames(system.port, system.local.environment()["AWS_REGION"])
    return Sites(
        admin=names.local(system.contract("control-plane")["admin_console_url"]),
        tenant=names.local(system.contract("platform")["tenant_app_url"]),
    )


@pytest.fixture(scope="session")
def api(system: System) -> Iterator[httpx.Client]:
    """The control plane's API, as a machine asks it."""
    token = machine_token(system, TENANT_READ, TENANT_WRITE, USER_READ, USER_WRITE)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=api_url(system), headers=headers, timeout=30) as client:
        yield client


def named(api: httpx.Client, name: str) -> dict[str, Any]:
    """Return the tenant of that name."""
    (found,) = api.get("/tenants", params={"name": name}).raise_for_status().json()["data"]
    return dict(found)


def new_password() -> str:
    return f"{secrets.token_urlsafe(18)}aA1!"


def password_of(system: System, pool: str, name: str, *, temporary: bool = False) -> str:
    """Give somebody a password; the invitation's went out by e-mail."""
    password = new_password()
    system.client("cognito-idp").admin_set_user_password(
        UserPoolId=pool, Username=name, Password=password, Permanent=not temporary
    )
    return password


def sign_in_as_operator(system: System, opened: Window, name: str, path: str = "/") -> str:
    """Open a page of the admin console and sign in; return the password."""
    password = password_of(system, system.contract("control-plane")["admin_pool_id"], name)
    opened.open(path)
    opened.page.get_by_role("button", name="Sign in").click()
    opened.sign_in(name, password)
    return password


@pytest.fixture(scope="module")
def admin(system: System, browser: Browser, sites: Sites) -> Iterator[Window]:
    """A window in which the administrator is signed in."""
    with window(browser, sites.admin) as opened:
        name = load(system.directory / "saas.tfvars").admin_email
        sign_in_as_operator(system, opened, name)
        yield opened

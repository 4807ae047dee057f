"""A tenant's life, as an administrator and its first user see it."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Sites, named, new_password, password_of
from tests.browser.window import Window, window
from tests.e2e.system import System

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

ONBOARDING_MILLISECONDS = 60_000


@dataclass(frozen=True)
class Customer:
    """A tenant, and its first user as they signed in."""

    name: str
    id: str
    user: str
    password: str


@pytest.fixture(scope="module")
def name() -> str:
    return f"shop-{secrets.token_hex(3)}"


@pytest.fixture(scope="module")
def customer(system: System, admin: Window, api: httpx.Client, name: str) -> Iterator[Customer]:
    """A tenant that was onboarded with the console, its first user's password not yet chosen."""
    page = admin.page
    admin.go("/onboarding")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Name", exact=True).fill("Not a name")
    expect(page.get_by_text("2 to 30 of a-z")).to_be_visible()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("E-mail of the first administrator").fill(f"{name}@example.com")
    assert admin.findings() == []
    page.get_by_role("button", name="Next").click()
    assert admin.findings() == []
    page.get_by_role("button", name="Next").click()
    assert admin.findings() == []
    page.get_by_role("button", name="Onboard", exact=True).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.get_by_text("Onboard is running")).to_be_visible()
    admin.picture("admin-progress")
    expect(page.get_by_text("Active", exact=True).first).to_be_visible(
        timeout=ONBOARDING_MILLISECONDS
    )
    row = named(api, name)
    pool = json.loads(row["tenantConfig"])["userPoolId"]
    user = f"{name}-admin"
    password = password_of(system, pool, user, temporary=True)
    yield Customer(name, row["tenantId"], user, password)
    _delete(admin, row["tenantId"], name)


def _delete(admin: Window, tenant: str, name: str) -> None:
    """Delete a tenant as the console has it: by typing its name."""
    page = admin.page
    admin.go(f"/tenants/{tenant}")
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Delete").click()
    dialog = page.get_by_role("dialog")
    confirm = dialog.get_by_role("button", name="Delete", exact=True)
    expect(confirm).to_be_disabled()
    dialog.get_by_label("To confirm").fill(name)
    confirm.click()
    expect(page.get_by_text(re.compile("Deprovisioning|Deleted")).first).to_be_visible()
    expect(page.get_by_text("Deleted", exact=True).first).to_be_visible(timeout=60_000)


@pytest.fixture(scope="module")
def shop(browser: Browser, sites: Sites, customer: Customer) -> Iterator[Window]:
    """The tenants' application, opened by the first user, who has chosen a password."""
    with window(browser, sites.tenant) as opened:
        opened.open(f"/?tenant={customer.name}")
        opened.page.get_by_role("button", name="Sign in").click()
        opened.sign_in(customer.user, customer.password, new_password())
        yield opened


def test_a_first_user_chooses_a_password_and_sees_nothing_of_others(shop: Window) -> None:
    expect(shop.page.get_by_text("There are no products yet")).to_be_visible()
    assert shop.findings() == []
    assert "eyJ" not in shop.stored()


def test_an_order_costs_what_the_server_counts(shop: Window) -> None:
    page = shop.page
    shop.go("/products")
    for product, price in (("<b>Kettle</b>", "19.90"), ("Cup", "0.10")):
        page.get_by_role("button", name="Add a product").first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name").fill(product)
        dialog.get_by_label("Price").fill(price)
        dialog.get_by_label("SKU").fill(f"sku-{price}")
        dialog.get_by_label("Category").fill("kitchen")
        dialog.get_by_role("button", name="Add a product").click()
        expect(page.get_by_role("rowheader", name=product)).to_be_visible()
    assert shop.findings() == []
    shop.picture("tenant-products")
    shop.go("/orders")
    page.get_by_role("button", name="Create an order").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("First order")
    dialog.get_by_text("Choose a product").click()
    page.get_by_role("option", name="Kettle").click()
    dialog.get_by_label("Quantity").fill("3")
    assert shop.findings() == []
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("cell", name="59.70")).to_be_visible()
    page.get_by_role("button", name="Actions: First order").click()
    page.get_by_role("menuitem", name="Set to confirmed").click()
    expect(page.get_by_role("cell", name="Confirmed")).to_be_visible()
    shop.picture("tenant-orders")


def test_its_administrator_sees_the_users_of_the_tenant_alone(
    shop: Window, customer: Customer
) -> None:
    shop.go("/users")
    expect(shop.page.get_by_role("rowheader")).to_have_text([customer.user])
    assert shop.findings() == []


def test_a_suspended_tenant_is_refused_until_it_is_resumed(
    browser: Browser, sites: Sites, admin: Window, customer: Customer
) -> None:
    page = admin.page
    admin.go(f"/tenants/{customer.id}")
    for action, state in (("Suspend", "Suspended"), ("Resume", "Active")):
        page.get_by_role("button", name="Actions").click()
        page.get_by_role("menuitem", name=action).click()
        page.get_by_role("dialog").get_by_role("button", name=action, exact=True).click()
        expect(page.get_by_text(state, exact=True).first).to_be_visible(timeout=30_000)
        with window(browser, sites.tenant) as opened:
            opened.refused = {404}
            opened.open(f"/?tenant={customer.name}")
            if state == "Suspended":
                refusal = opened.page.get_by_text("There is no open application called")
                expect(refusal).to_be_visible()
                assert opened.findings() == []
            else:
                expect(opened.page.get_by_role("button", name="Sign in")).to_be_visible()
                assert opened.findings() == []


def test_nobody_unknown_has_an_application(browser: Browser, sites: Sites) -> None:
    with window(browser, sites.tenant) as opened:
        opened.refused = {404}
        opened.open()
        opened.page.get_by_label("Name of the organisation").fill("nobody-here")
        opened.page.get_by_role("button", name="Open").click()
        refusal = opened.page.get_by_text("There is no open application called nobody-here")
        expect(refusal).to_be_visible()

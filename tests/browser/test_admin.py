"""The administrators' console."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Response, expect

from services.configuration import load
from tests.browser.conftest import Sites, named, password_of, sign_in_as_operator
from tests.browser.window import Window, window
from tests.e2e.system import System

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

PAGES = ("/", "/tenants", "/onboarding", "/users", "/usage?tenant=demo-basic", "/audit")
TABS = ("overview", "operations", "resources", "requests", "cost", "statement")
_SCRIPT = "<img src=x onerror=\"document.title='owned'\">"


@pytest.fixture(scope="module")
def reader(system: System, browser: Browser, sites: Sites, api: httpx.Client) -> Iterator[Window]:
    """A window in which somebody is signed in who may look, and no more."""
    name = f"reader-{secrets.token_hex(4)}"
    user = {"userName": name, "userRole": "SupportReader", "email": f"{name}@example.com"}
    api.post("/users", json=user).raise_for_status()
    with window(browser, sites.admin) as opened:
        sign_in_as_operator(system, opened, name)
        yield opened
    api.delete(f"/users/{name}").raise_for_status()


def _settle(opened: Window) -> None:
    """Wait until a page has all it asked for."""
    opened.page.wait_for_load_state("networkidle")
    expect(opened.page.get_by_text("Loading", exact=True)).to_have_count(0)


def test_the_figures_are_those_of_the_api(admin: Window, api: httpx.Client) -> None:
    admin.go("/")
    _settle(admin)
    tenants = api.get("/tenants", params={"limit": 1000}).json()["data"]
    there = [each for each in tenants if each["sbtaws_active"]]
    active = [each for each in there if each["tenantStatus"] == "ACTIVE"]
    figures = admin.page.get_by_test_id("figure")
    assert figures.all_inner_texts()[:2] == [str(len(there)), str(len(active))]
    rooms = {each["tier"]: each["room"] for each in api.get("/capacity").json()["data"]["tiers"]}
    row = admin.page.get_by_role("table", name="Capacity").get_by_role("row").nth(1)
    expect(row).to_contain_text("Basic")
    expect(row).to_contain_text(f"{rooms['basic']:,}")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_finding_and_says_what_it_is(admin: Window, path: str) -> None:
    admin.go(path)
    _settle(admin)
    expect(admin.page.get_by_role("heading", level=1)).to_have_count(1)
    assert admin.page.title() != "Administration"
    assert admin.findings() == []
    admin.picture(f"admin-{re.sub(r'[^a-z]+', '-', path.partition('?')[0]).strip('-') or 'start'}")


def test_a_tenants_page_has_no_finding_on_any_tab(admin: Window, api: httpx.Client) -> None:
    tenant = named(api, "demo-premium")["tenantId"]
    for tab in TABS:
        admin.go(f"/tenants/{tenant}?tab={tab}")
        _settle(admin)
        assert admin.findings() == [], tab
    admin.go(f"/tenants/{tenant}")
    _settle(admin)
    admin.picture("admin-tenant")


def test_it_is_dark_for_who_has_it_dark(admin: Window) -> None:
    admin.go("/")
    admin.page.emulate_media(color_scheme="dark")
    _settle(admin)
    expect(admin.page.locator("body")).to_have_class(re.compile("awsui-dark-mode"))
    assert admin.findings() == []
    admin.page.emulate_media(color_scheme="light")


def test_no_token_is_in_any_storage(admin: Window) -> None:
    admin.go("/")
    assert "eyJ" not in admin.stored()


def test_a_page_that_is_loaded_anew_is_the_same_page(
    system: System, browser: Browser, sites: Sites
) -> None:
    name = load(system.directory / "saas.tfvars").admin_email
    password = password_of(system, system.contract("control-plane")["admin_pool_id"], name)
    with window(browser, sites.admin) as opened:
        opened.open("/audit?day=2026-01-02")
        opened.page.get_by_role("button", name="Sign in").click()
        opened.sign_in(name, password)
        expect(opened.page.get_by_role("heading", name="Audit")).to_be_visible()
        assert opened.page.url == f"{sites.admin}/audit?day=2026-01-02"
        opened.page.reload()
        # The page's own session is asked at once; where that has ended, its form is.
        opened.sign_in(name, password)
        assert opened.page.url == f"{sites.admin}/audit?day=2026-01-02"


def test_a_support_reader_sees_everything_and_can_do_nothing(
    reader: Window, api: httpx.Client
) -> None:
    tenant = named(api, "demo-basic")["tenantId"]
    for path in ("/", "/tenants", "/users", "/usage?tenant=demo-basic", "/audit"):
        reader.go(path)
        _settle(reader)
        for what in ("Onboard a tenant", "Invite a user", "Add a meter", "Actions"):
            expect(reader.page.get_by_role("button", name=what)).to_have_count(0)
    reader.go(f"/tenants/{tenant}")
    expect(reader.page.get_by_role("heading", name="demo-basic")).to_be_visible()
    expect(reader.page.get_by_role("button", name="Actions")).to_have_count(0)
    reader.go("/onboarding")
    expect(reader.page.get_by_text("There is no such page")).to_be_visible()


def test_a_script_in_a_tenants_data_is_text(admin: Window, api: httpx.Client) -> None:
    tenant = named(api, "demo-advanced")
    registration = f"/tenant-registrations/{tenant['tenantRegistrationId']}"
    api.patch(registration, json={"tenantData": {"note": _SCRIPT}}).raise_for_status()
    admin.go(f"/tenants/{tenant['tenantId']}")
    admin.page.get_by_role("button", name="Other fields").click()
    expect(admin.page.get_by_text("onerror")).to_be_visible()
    assert admin.page.title() == "demo-advanced"
    assert admin.page.locator("img[src=x]").count() == 0


def test_a_session_outlives_its_token(system: System, browser: Browser, sites: Sites) -> None:
    name = load(system.directory / "saas.tfvars").admin_email
    with window(browser, sites.admin) as opened:
        opened.page.clock.install()
        sign_in_as_operator(system, opened, name)

        with opened.page.expect_response(_is_renewal) as renewal:
            opened.page.clock.fast_forward("59:30")

        assert renewal.value.status == 200
        opened.go("/tenants")
        expect(opened.page.get_by_role("link", name="demo-basic")).to_be_visible()
        assert "eyJ" not in opened.stored()


def _is_renewal(answer: Response) -> bool:
    sent = answer.request.post_data or ""
    return answer.url.endswith("/oauth2/token") and "grant_type=refresh_token" in sent


def test_who_signs_out_is_out(system: System, browser: Browser, sites: Sites) -> None:
    name = load(system.directory / "saas.tfvars").admin_email
    with window(browser, sites.admin) as opened:
        sign_in_as_operator(system, opened, name)
        opened.page.get_by_role("button", name=re.compile("^Account")).click()
        opened.page.get_by_role("menuitem", name="Sign out").click()
        expect(opened.page.get_by_role("button", name="Sign in")).to_be_visible()
        assert "ecs-saas.signed-in" not in opened.stored()

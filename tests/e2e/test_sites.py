"""The consoles' sites as Terraform made them: what a browser gets, and what nobody gets."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from services.cli.visit import new_password
from services.configuration import load
from services.local_aws.layout import ACCOUNT_ID
from services.provisioning.aws import Aws as CallsToAws
from services.provisioning.errors import PreconditionError
from services.provisioning.sites import Site, SiteMissingError
from tests.e2e.conftest import Present
from tests.e2e.operators import machine_token
from tests.e2e.system import PREFIX, System
from tests.emulator.local_aws.conftest import Aws
from tests.emulator.local_aws.sites import Page, code_of


@dataclass(frozen=True)
class Browser:
    """A browser at one site, which knows local names and finds all of them at 127.0.0.1."""

    system: System
    origin: str

    @classmethod
    def at(cls, system: System, stack: str, url: str) -> Browser:
        label = urlsplit(system.contract(stack)[url]).netloc.partition(".")[0]
        return cls(system, f"http://{label}.cloudfront.localhost:{system.port}")

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask(f"{self.origin}{path}", **headers)

    def ask(self, url: str, method: str = "GET", **headers: str) -> httpx.Response:
        """Ask anything there is below localhost, as a script of the site's page does."""
        parts = urlsplit(url)
        own = f"{parts.scheme}://{parts.netloc}" == self.origin
        return httpx.request(
            method,
            f"{self.system.local.status().endpoint}{parts.path}",
            headers={"Host": parts.netloc, **({} if own else {"Origin": self.origin}), **headers},
            timeout=30,
        )


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a build writes, of both sites."""
    folder = tmp_path_factory.mktemp("consoles")
    for site in ("admin", "tenant"):
        dist = folder / site / "dist"
        (dist / "assets").mkdir(parents=True)
        (dist / "index.html").write_text(f"<title>{site} {secrets.token_hex(4)}</title>")
        (dist / "assets/index-a1.js").write_text("export {}")
    return folder


@pytest.fixture(scope="module")
def pushed(system: System, build: Path) -> Path:
    system.run("consoles", "push", "--from", str(build))
    return build


@pytest.fixture(scope="module")
def console(system: System) -> Browser:
    return Browser.at(system, "control-plane", "admin_console_url")


@pytest.fixture(scope="module")
def application(system: System) -> Browser:
    return Browser.at(system, "platform", "tenant_app_url")


@pytest.mark.parametrize("site", ["admin", "tenant"])
def test_every_address_of_the_application_is_its_page(
    system: System, pushed: Path, site: str, request: pytest.FixtureRequest
) -> None:
    browser: Browser = request.getfixturevalue({"admin": "console", "tenant": "application"}[site])
    page = (pushed / site / "dist/index.html").read_text()
    for path in ("/", "/tenants/a1", "/logout", "/login"):
        answer = browser.get(path)
        assert (answer.status_code, answer.text) == (200, page), path
        assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    asset = browser.get("/assets/index-a1.js")
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert asset.headers["content-type"].startswith("text/javascript")
    # No page for what is no page: a script would be read as one.
    assert browser.get("/assets/index-gone.js").status_code == 403


def test_a_refusal_of_the_api_stays_one(system: System, console: Browser) -> None:
    assert console.get("/api/health").status_code == 200
    assert console.get("/api/tenants").status_code == 401
    reader = machine_token(system, "user/user_read")
    refused = console.get("/api/tenants", Authorization=f"Bearer {reader}")
    assert refused.status_code == 403
    assert "<title>" not in refused.text
    allowed = machine_token(system, "tenant/tenant_read")
    shown = console.get("/api/tenants", Authorization=f"Bearer {allowed}")
    assert shown.status_code == 200
    assert shown.json()["data"]


def test_the_bucket_answers_its_own_distribution_alone(
    system: System, pushed: Path, console: Browser
) -> None:
    bucket = f"{PREFIX}-admin-site-{ACCOUNT_ID}"
    direct = httpx.get(f"{system.local.status().endpoint}/{bucket}/index.html")
    assert direct.status_code == 403

    front = system.client("cloudfront")
    own = system.contract("control-plane")["admin_distribution_id"]
    config = front.get_distribution_config(Id=own)["DistributionConfig"]
    config["CallerReference"] = secrets.token_hex(4)
    other = front.create_distribution(DistributionConfig=config)
    label = other["Distribution"]["DomainName"].partition(".")[0]
    foreign = Browser(system, f"http://{label}.cloudfront.localhost:{system.port}")
    try:
        assert foreign.get("/").status_code == 403
        assert console.get("/").status_code == 200
    finally:
        config["Enabled"] = False
        id_ = other["Distribution"]["Id"]
        tag = front.update_distribution(Id=id_, DistributionConfig=config, IfMatch=other["ETag"])
        front.delete_distribution(Id=id_, IfMatch=tag["ETag"])


def test_a_release_is_pushed_kept_and_gone_back_to(
    system: System, pushed: Path, console: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in system.local.environment().items():
        monkeypatch.setenv(name, value)
    configuration = load(system.directory / "saas.tfvars")
    site = Site.of(CallsToAws(configuration.region, ACCOUNT_ID), configuration, "admin")
    dist = pushed / "admin/dist"
    first = site.push(dist)
    assert (first.uploaded, first.changed) == (0, False)

    page = (dist / "index.html").read_text()
    (dist / "index.html").write_text("<title>second</title>")
    second = site.push(dist)
    assert (second.uploaded, second.changed) == (1, True)
    assert console.get("/").text == "<title>second</title>"
    with pytest.raises(PreconditionError, match="another build's already"):
        site.push(dist, first.version)
    (dist / "index.html").write_text(page)
    listed = system.run("consoles", "list", "--site", "admin", "--json").json()
    assert [each["version"] for each in listed if each["current"]] == [second.version]

    system.run("consoles", "rollback", "--to", first.version, "--site", "admin")
    assert console.get("/").text == page
    with pytest.raises(SiteMissingError, match=second.version):
        site.roll_back("none")
    with pytest.raises(SiteMissingError, match=r"got no index\.html"):
        site.push(dist / "assets")
    (dist / "config.json").write_text("{}")
    with pytest.raises(SiteMissingError, match="Terraform writes"):
        site.push(dist)
    (dist / "config.json").unlink()


def test_an_administrator_signs_in_on_the_pools_own_page(system: System, console: Browser) -> None:
    told = console.get("/config.json").json()
    found = system.contract("control-plane")
    assert told["auth"]["clientId"] == found["public_client_id"]
    assert told["auth"]["authority"] == found["issuer"]
    page = _page(system, told["auth"], found["admin_pool_id"], f"{console.origin}/")
    password = new_password()
    name = f"operator-{secrets.token_hex(3)}"
    page.user(name, password, permanent=False)
    system.client("cognito-idp").admin_add_user_to_group(
        UserPoolId=page.pool, Username=name, GroupName="SystemAdmin"
    )
    first = page.fill(
        page.open(scope=" ".join(told["auth"]["scopes"])), username=name, password=password
    )
    chosen = new_password()
    code = code_of(page.fill(first, new_password=chosen, confirm_password=chosen), page.callback)
    token = page.redeem(code).raise_for_status().json()["access_token"]
    shown = console.get(f"{told['api']}/tenants", Authorization=f"Bearer {token}")
    system.client("cognito-idp").admin_delete_user(UserPoolId=page.pool, Username=name)
    assert shown.status_code == 200


@pytest.mark.parametrize("name", ["demo-basic", "demo-premium"])
def test_a_tenants_user_comes_from_its_name_to_its_products(
    system: System, application: Browser, present: Present, name: str
) -> None:
    present(name)
    start = application.get("/config.json").json()
    asked = application.ask(f"{start['api']}/tenant-config/{name}")
    assert asked.headers["access-control-allow-origin"] == application.origin
    stranger = Browser(system, f"http://elsewhere.localhost:{system.port}")
    elsewhere = stranger.ask(f"{start['api']}/tenant-config/{name}")
    assert "access-control-allow-origin" not in elsewhere.headers

    told = asked.json()
    auth = {"domain": told["domain"], "clientId": told["appClientId"]}
    page = _page(system, auth, told["userPoolId"], f"{application.origin}/")
    password = new_password()
    user = f"{name}-admin"
    system.client("cognito-idp").admin_set_user_password(
        UserPoolId=page.pool, Username=user, Password=password, Permanent=True
    )
    code = code_of(page.fill(page.open(), username=user, password=password), page.callback)
    token = page.redeem(code).raise_for_status().json()["id_token"]

    products = f"{told['apiGatewayUrl']}/products"
    before = application.ask(
        products,
        "OPTIONS",
        **{
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization",
        },
    )
    assert before.status_code == 200
    assert "authorization" in before.headers["access-control-allow-headers"]
    shown = application.ask(products, Authorization=f"Bearer {token}")
    assert shown.status_code == 200
    refused = application.ask(products)
    assert refused.status_code == 401
    for answer in (before, shown, refused):
        assert answer.headers["access-control-allow-origin"] == "*"


def _page(system: System, auth: dict[str, str], pool: str, callback: str) -> Page:
    """Return the pages that a site leads to."""
    domain = urlsplit(auth["domain"]).netloc.partition(".")[0]
    aws = Aws(system.local.status().endpoint)
    return Page(aws, pool, auth["clientId"], callback, domain)

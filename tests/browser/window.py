"""A browser's window that notes what a page must not do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

PROJECT = Path(__file__).parents[2]
PICTURES = PROJECT / "build/pictures"
_AXE = PROJECT / "services/consoles/node_modules/axe-core/axe.min.js"
_DESKTOP, _PHONE = (1440, 900), (390, 844)
_REFUSED = re.compile(r"the server responded with a status of (4\d\d)")
_KNOWN = re.compile(r"[a-z0-9-]+\.(?:cloudfront|execute-api|auth)\.localhost")


@dataclass
class Window:
    """One page, and what went wrong on it.

    Attributes
    ----------
    site : str
        Its origin.
    refused : set of int
        Statuses of answers that a test provokes: a browser reports each as an error.
    """

    page: Page
    site: str
    refused: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(20_000)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        where = str(message.location.get("url", ""))
        if message.type not in ("error", "warning") or ".auth.localhost" in urlsplit(where).netloc:
            return
        found = _REFUSED.search(message.text)
        if found and int(found[1]) in self.refused:
            return
        self.faults.append(f"{message.type}: {message.text} ({where})")

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("data", "blob") or _KNOWN.fullmatch(str(address.hostname)):
            return
        self.faults.append(f"request to {request.url}")

    def open(self, path: str = "/") -> None:
        """Load a page of the site anew."""
        self.page.goto(f"{self.site}{path}")

    def go(self, path: str) -> None:
        """Go to a page of the site as a link does."""
        self.page.evaluate("path => history.pushState(undefined, '', path)", path)

    def sign_in(self, name: str, password: str, new_password: str = "") -> None:
        """Sign in on the hosted page, and choose a new password where that asks for one."""
        self.page.wait_for_url(re.compile(r"\.auth\.localhost"))
        self.page.fill("input[name=username]", name)
        self.page.fill("input[name=password]", password)
        self.page.keyboard.press("Enter")
        if new_password:
            self.page.wait_for_selector("input[name=new_password]")
            for each in self.page.locator("input[type=password]").all():
                each.fill(new_password)
            self.page.keyboard.press("Enter")
        self.page.wait_for_url(re.compile(re.escape(self.site)))
        self.page.locator("#content").wait_for()

    def choose(self, label: str, option: str) -> None:
        """Choose an option of a list; the elements are no native ones."""
        self.page.get_by_label(label, exact=True).click()
        self.page.get_by_role("option", name=option).click()

    def findings(self) -> list[str]:
        """Return what axe finds on the page as it is, as WCAG 2.1 A and AA have it."""
        self.page.evaluate(_AXE.read_text())
        rules = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
        found: dict[str, Any] = self.page.evaluate(
            "options => axe.run(document, options)", {"runOnly": rules}
        )
        return [
            f"{each['id']}: {node['html'][:160]} {node['failureSummary']}"
            for each in found["violations"]
            for node in each["nodes"]
        ]

    def stored(self) -> str:
        """Return all that the browser keeps for the site."""
        return str(
            self.page.evaluate(
                "() => JSON.stringify([Object.entries(localStorage),"
                " Object.entries(sessionStorage), document.cookie])"
            )
        )

    def picture(self, name: str) -> None:
        """Keep a picture of the page: light, dark, and on a phone."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        views = {"light": _DESKTOP, "dark": _DESKTOP, "phone": _PHONE}
        for view, (width, height) in views.items():
            self.page.emulate_media(color_scheme="dark" if view == "dark" else "light")
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.wait_for_timeout(100)
            self.page.screenshot(path=PICTURES / f"{name}-{view}.png", animations="disabled")
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": _DESKTOP[0], "height": _DESKTOP[1]})


def context_of(browser: Browser) -> BrowserContext:
    """Return a profile of nobody's."""
    width, height = _DESKTOP
    return browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="light", locale="en-GB"
    )


@contextmanager
def window(browser: Browser, site: str) -> Iterator[Window]:
    """Open a window without anybody's session; in the end nothing may have gone wrong in it."""
    context = context_of(browser)
    try:
        opened = Window(context.new_page(), site)
        yield opened
        assert opened.faults == [], json.dumps(opened.faults, indent=1)
    finally:
        context.close()

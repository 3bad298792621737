"""Debian's Chromium, driven by Playwright, against a real server.

A `BrowserTestCase` has one server and one Chromium for the class; each person of a test is a context of their own, so
they share nothing. What a page should never do is noted in `faults`: errors in its console (a violation of the
Content-Security-Policy is one), exceptions, failed requests, and requests to anywhere but the server.

    alice = self.page_of("alice")
    alice.get_by_test_id("peer-input").fill("bob")
    self.assert_no_faults()
"""

from __future__ import annotations

import re
from typing import Any, ClassVar
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    Route,
    sync_playwright,
)

from tests.support.paths import ROOT
from tests.support.server import ServerTestCase

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
ANYWHERE = (
    "--allow-loopback-in-peer-connection",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)
"""Without these Chromium has no address to offer on a machine that has only the loopback interface."""

LOOPBACK: dict[str, str | float | bool] = {
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
}
"""The same for Firefox."""

FAKE_PEER = ROOT / "tests" / "support" / "js" / "fake_peer.js"
FAKE_IDENTITY = ROOT / "tests" / "support" / "js" / "fake_identity.js"
IDENTITY_MODULE = re.compile(r"/js/ui/own_identity(\.\w+)?\.js$")
PEER_MODULE = re.compile(r"/js/peer/peer(\.\w+)?\.js$")
ERRORS_MODULE = re.compile(r"\./errors(\.\w+)?\.js")


FIREFOX = "/usr/bin/firefox-esr"


def launch_firefox(playwright: Playwright) -> Browser:
    """Debian's own headless Firefox, which Playwright drives through its `moz-firefox` channel."""
    return playwright.firefox.launch(executable_path=FIREFOX, channel="moz-firefox", firefox_user_prefs=LOOPBACK)


def launch(playwright: Playwright) -> Browser:
    """A headless Chromium that talks to nobody by itself."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *ANYWHERE])


class BrowserTestCase(ServerTestCase):
    """One server and one Chromium for all tests of the class; every person starts with nothing."""

    browser: ClassVar[Browser]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        playwright = sync_playwright().start()
        cls.addClassCleanup(playwright.stop)
        cls.browser = launch(playwright)
        cls.addClassCleanup(cls.browser.close)

    def setUp(self) -> None:
        super().setUp()
        self.faults: list[str] = []

    def context(self, **options: Any) -> BrowserContext:
        """A person's browser; `options` are Playwright's."""
        context = self.browser.new_context(base_url=self.server.url, locale="en-GB", **options)
        self.addCleanup(context.close)
        context.set_default_timeout(10_000)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.faults.append(f"exception: {error.error}"))
        context.on("request", self._asked)
        context.on("requestfailed", lambda request: self.faults.append(f"failed: {request.url} {request.failure}"))
        return context

    def page_of(self, name: str, **options: Any) -> Page:
        """The chat page of somebody who just chose this name."""
        page = self.context(**options).new_page()
        page.goto("/")
        page.get_by_test_id("username-input").fill(name)
        page.get_by_test_id("username-submit").click()
        page.wait_for_url("**/chat")
        return page

    def acted_page_of(self, name: str, **options: Any) -> Page:
        """The chat page with tests/support/js/fake_peer.js for a peer: a test writes what it shows."""
        return self.act(self.acted_context(**options), name)

    def acted_context(self, **options: Any) -> BrowserContext:
        """A person's browser in which the chat page gets that peer."""
        context = self.context(**options)
        context.route(PEER_MODULE, serve_fake_peer)
        context.route(IDENTITY_MODULE, lambda route: route.fulfill(path=FAKE_IDENTITY, content_type="text/javascript"))
        return context

    def act(self, context: BrowserContext, name: str) -> Page:
        """Its chat page, under this name."""
        page = context.new_page()
        page.goto("/")
        page.get_by_test_id("username-input").fill(name)
        page.get_by_test_id("username-submit").click()
        page.wait_for_function("() => window.fakePeer")
        return page

    def assert_no_faults(self) -> None:
        """Nothing went wrong that a person does not see."""
        self.assertEqual(self.faults, [])

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if f"{address.scheme}://{address.netloc}" != self.server.url:
            self.faults.append(f"third party: {request.url}")


def serve_fake_peer(route: Route) -> None:
    """The fake takes its errors from where the real one does: the same module, whatever its hash."""
    errors = ERRORS_MODULE.search(route.fetch().text())
    source = FAKE_PEER.read_text(encoding="utf-8")
    if errors is not None:
        source = source.replace("./errors.js", errors.group())
    route.fulfill(body=source, content_type="text/javascript")

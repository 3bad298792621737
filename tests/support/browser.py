"""Debian's Chromium, driven by Playwright, against a real server.

All tests of a process share a Chromium, and a server for each environment; each person of a test is a context of their own,
which has nothing in it but a cache (contexts.py), so they share nothing. What a page should never do is noted in `faults`: errors in its console (a violation of the
Content-Security-Policy is one), exceptions, failed requests, and requests to anywhere but the server.

    alice = self.page_of("alice")
    alice.get_by_test_id("peer-input").fill("bob")
    self.assert_no_faults()
"""

from __future__ import annotations

import functools
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.test import SimpleTestCase
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request

from tests.support.contexts import Pool, shared_playwright, shared_pool
from tests.support.paths import ROOT
from tests.support.server import DaphneServer
from tests.support.servers import shared_server

CHROMIUM = str(ROOT / "tests" / "support" / "chromium")
"""Debian's, without what costs a lot and is not tested."""

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

FIREFOX = "/usr/bin/firefox-esr"


def launch_firefox(playwright: Playwright) -> Browser:
    """Debian's own headless Firefox, which Playwright drives through its `moz-firefox` channel."""
    return playwright.firefox.launch(executable_path=FIREFOX, channel="moz-firefox", firefox_user_prefs=LOOPBACK)


def launch(playwright: Playwright) -> Browser:
    """A headless Chromium that talks to nobody by itself."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *ANYWHERE])


@functools.cache
def shared_chromium(playwright: Playwright) -> Browser:
    """The one of the process; it ends with its Playwright."""
    return launch(playwright)


class BrowserTestCase(SimpleTestCase):
    """Every person starts with nothing, or on a `first_visit`, even with an empty cache."""

    server_env: ClassVar[dict[str, str]] = {}
    first_visit: ClassVar[bool] = False
    scripts: ClassVar[tuple[str, ...]] = ()
    """What runs in every page of the class before all else."""

    server: ClassVar[DaphneServer]
    browser: ClassVar[Browser]
    pool: ClassVar[Pool]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = cls.serve()
        cls.browser = cls.launch(cls.enterClassContext(shared_playwright()))
        cls.pool = shared_pool(cls.browser)

    @classmethod
    def serve(cls) -> DaphneServer:
        """The server of the class. One that a test stops has to be the class's own."""
        return shared_server(cls.server_env)

    @classmethod
    def launch(cls, playwright: Playwright) -> Browser:
        """The browser of the class."""
        return shared_chromium(playwright)

    def setUp(self) -> None:
        super().setUp()
        self.faults: list[str] = []

    def context(self, **options: Any) -> BrowserContext:
        """A person's browser; `options` are Playwright's."""
        listeners = {
            "console": self._heard,
            "weberror": lambda error: self.faults.append(f"exception: {error.error}"),
            "request": self._asked,
            "requestfailed": lambda request: self.faults.append(f"failed: {request.url} {request.failure}"),
        }
        context = self.pool.take(
            listeners, *self.scripts, base_url=self.server.url, fresh=self.first_visit, locale="en-GB", **options
        )
        self.addCleanup(self.pool.give_back, context)
        return context

    def page_of(self, name: str, **options: Any) -> Page:
        """The chat page of somebody who chose this name before."""
        context = self.context(**options)
        self.pool.store(context, "lowkey.username", name)
        page = context.new_page()
        page.goto("/chat")
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

"""Browsers that have less than others: plain HTTP from another machine, where there is no WebCrypto and no clipboard; no
IndexedDB, as in some private windows; no JavaScript. The other one is the Python peer."""

from __future__ import annotations

import contextlib
import socket
from typing import Any, ClassVar

from django.test import SimpleTestCase
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.browser import ANYWHERE, CHROMIUM, QUIET
from tests.support.server import DaphneServer
from tests.support.terminal import Run

HOST = "lowkey.test"
"""A name that is not this machine's own, as far as Chromium knows: plain HTTP from there is no secure context."""

LACKS = "() => [isSecureContext, 'subtle' in crypto, 'clipboard' in navigator, 'share' in navigator]"
NO_DATABASE = "Object.defineProperty(window, 'indexedDB', {get() { throw new DOMException('no', 'SecurityError'); }})"


class BareBrowsersTest(SimpleTestCase):
    browser: ClassVar[Browser]
    server: ClassVar[DaphneServer]
    origin: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        port = free_port()
        cls.origin = f"http://{HOST}:{port}"
        origins = f"{cls.origin},http://127.0.0.1:{port}"
        cls.server = DaphneServer({"ALLOWED_HOSTS": f"{HOST},127.0.0.1,localhost", "PUBLIC_ORIGINS": origins})
        cls.server.port = port
        cls.enterClassContext(cls.server)
        playwright = sync_playwright().start()
        cls.addClassCleanup(playwright.stop)
        args = [*QUIET, *ANYWHERE, f"--host-resolver-rules=MAP {HOST} 127.0.0.1"]
        cls.browser = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        cls.addClassCleanup(cls.browser.close)

    def open(self, origin: str, name: str, script: str = "", **options: Any) -> Page:
        """The page of somebody who just chose this name, and is online."""
        context = self.browser.new_context(base_url=origin, locale="en-GB", **options)
        self.addCleanup(context.close)
        context.add_init_script(script)
        page = context.new_page()
        page.goto("/")
        page.get_by_test_id("username-input").fill(name)
        page.get_by_test_id("username-submit").click()
        expect(page.get_by_test_id("server-state")).to_have_attribute("data-state", "online", timeout=20_000)
        return page

    def assert_chats_and_verifies(self, page: Page, name: str, peer: str) -> None:
        """A whole call with the Python peer, from the page."""
        bob = self.enterContext(Run(self.server.url, peer, "--accept"))
        bob.says("Online")
        page.get_by_test_id("peer-input").fill(peer)
        page.get_by_test_id("peer-connect").click()
        expect(page.get_by_test_id("chat-state")).to_have_attribute("data-state", "secured", timeout=20_000)
        page.get_by_test_id("message-input").fill("hello")
        page.get_by_test_id("message-send").click()
        bob.reads(f"{name}: hello")
        bob.type("hello to you\n")
        expect(page.get_by_test_id("message").last).to_contain_text("hello to you")
        page.get_by_test_id("verify-open").click()
        shown = bob.says("  ")
        expect(page.get_by_test_id("sas-emoji")).to_contain_text(shown.split()[0])
        page.get_by_test_id("sas-match").click()
        expect(page.get_by_test_id("trust")).to_have_attribute("data-trust", "verified")
        bob.says(f"{name} says that they match.")

    def test_over_plain_http_from_another_machine_two_chat_and_verify(self) -> None:
        page = self.open(self.origin, "anna")
        self.assertEqual(page.evaluate(LACKS), [False, False, False, False])
        self.assert_chats_and_verifies(page, "anna", "bob_http")

    def test_over_plain_http_an_invite_can_be_copied_by_hand_and_is_for_this_server(self) -> None:
        page = self.open(self.origin, "anna_2")
        page.get_by_test_id("invite-create").click()
        link = page.get_by_test_id("invite-link").input_value()
        self.assertTrue(link.startswith(f"{self.origin}/chat#invite=anna_2."), "without its secret")
        dialog = page.get_by_role("dialog", name="Invite someone")
        expect(dialog.get_by_role("button", name="Share")).to_be_hidden()
        dialog.get_by_role("button", name="Copy").click()
        expect(dialog).to_contain_text("It is selected now.")

    def test_without_a_database_two_chat_and_verify_and_the_page_says_that_it_forgets(self) -> None:
        page = self.open(self.server.url, "carl", NO_DATABASE)
        expect(page.get_by_text("This browser keeps nothing for lowkey.")).to_be_visible()
        self.assert_chats_and_verifies(page, "carl", "bob_memory")

    def test_without_javascript_both_pages_say_what_they_need(self) -> None:
        context = self.browser.new_context(base_url=self.origin, java_script_enabled=False)
        self.addCleanup(context.close)
        page = context.new_page()
        for path in ("/", "/chat"):
            page.goto(path)
            notice = page.locator("noscript p")  # Playwright finds no text in there
            expect(notice).to_be_visible()
            expect(notice).to_contain_text("it needs JavaScript. Please turn it on")


def free_port() -> int:
    """One that nobody has now; the server must know its origin before it starts."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port

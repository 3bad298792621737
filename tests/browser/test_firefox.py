"""Debian's Firefox with the Python peer: a call, verified by emoji, both ways."""

from __future__ import annotations

from playwright.sync_api import Browser, Playwright, expect

from tests.support.browser import BrowserTestCase, launch_firefox
from tests.support.terminal import Run


class FirefoxTest(BrowserTestCase):
    first_visit = True

    @classmethod
    def launch(cls, playwright: Playwright) -> Browser:
        browser = launch_firefox(playwright)
        cls.addClassCleanup(browser.close)
        return browser

    def test_it_chats_with_the_python_peer_and_verifies_it(self) -> None:
        bob = self.enterContext(Run(self.server.url, "firefox_bob", "--accept"))
        bob.says("Online")
        page = self.context().new_page()
        page.set_default_timeout(30_000)
        page.goto("/")
        page.get_by_test_id("username-input").fill("firefox_alice")
        page.get_by_test_id("username-submit").click()
        expect(page.get_by_test_id("server-state")).to_have_attribute("data-state", "online")
        page.get_by_test_id("peer-input").fill("firefox_bob")
        page.get_by_test_id("peer-connect").click()
        expect(page.get_by_test_id("chat-state")).to_have_attribute("data-state", "secured", timeout=30_000)
        page.get_by_test_id("message-input").fill("hello from Firefox")
        page.get_by_test_id("message-send").click()
        bob.reads("firefox_alice: hello from Firefox")
        expect(page.get_by_test_id("message")).to_have_attribute("data-status", "read")
        bob.type("hello from Python\n")
        messages = page.get_by_role("region", name="Messages")
        expect(messages.get_by_text("hello from Python", exact=True)).to_be_visible()
        page.get_by_test_id("verify-open").click()
        bob.says("Compare with firefox_alice")
        shown = bob.says("  ")
        expect(page.get_by_test_id("sas-emoji")).to_contain_text(shown.split()[0])
        page.get_by_test_id("sas-match").click()
        expect(page.get_by_test_id("trust")).to_have_attribute("data-trust", "verified")
        bob.says("firefox_alice says that they match.")

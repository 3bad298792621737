from __future__ import annotations

from django.test import SimpleTestCase
from playwright.sync_api import Page, expect, sync_playwright

from tests.support.browser import ANYWHERE, CHROMIUM, QUIET
from tests.support.nginx import NAME, Nginx
from tests.support.server import DaphneServer


class ChatOverWss(SimpleTestCase):
    """Two people in Chromium, and between them and daphne the nginx of deploy/."""

    def setUp(self) -> None:
        self.nginx = self.enterContext(Nginx())
        env = {"TRUSTED_PROXIES": "unix", "ALLOWED_HOSTS": f"{NAME},localhost"}
        env |= {"CORS_ORIGINS": self.nginx.origin, "PUBLIC_ORIGINS": self.nginx.origin}
        self.server = self.enterContext(DaphneServer(env, unix_socket=self.nginx.unix_socket))
        led = f"--host-resolver-rules=MAP {NAME} 127.0.0.1"
        chromium = self.enterContext(sync_playwright()).chromium
        self.browser = chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *ANYWHERE, led])
        self.addCleanup(self.browser.close)

    def page_of(self, name: str) -> Page:
        context = self.browser.new_context(base_url=self.nginx.origin, ignore_https_errors=True)
        page = context.new_page()
        page.goto("/")
        page.get_by_test_id("username-input").fill(name)
        page.get_by_test_id("username-submit").click()
        expect(page.get_by_test_id("server-state")).to_have_attribute("data-state", "online")
        return page

    def test_two_people_chat_and_no_log_knows_of_it(self) -> None:
        alice, bob = self.page_of("alice_w"), self.page_of("bob_w")
        alice.get_by_test_id("peer-input").fill("bob_w")
        alice.get_by_test_id("peer-connect").click()
        bob.get_by_test_id("incoming-accept").click()
        for writer, reader, text in ((alice, bob, "hello over tls"), (bob, alice, "and back")):
            expect(writer.get_by_test_id("chat-state")).to_have_attribute("data-state", "secured")
            writer.get_by_test_id("message-input").fill(text)
            writer.get_by_test_id("message-send").click()
            expect(reader.get_by_test_id("message").last).to_contain_text(text)
            expect(reader.get_by_test_id("message").last).to_have_attribute("data-mine", "false")
        self.assertEqual(self.nginx.log + self.server.log, "")

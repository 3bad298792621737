from __future__ import annotations

from django.test import SimpleTestCase
from playwright.sync_api import sync_playwright

from tests.support.browser import launch
from tests.support.server import DaphneServer


class Headers(SimpleTestCase):
    def test_a_browser_finds_nothing_to_complain_of(self) -> None:
        server = self.enterContext(DaphneServer())
        playwright = self.enterContext(sync_playwright())
        browser = launch(playwright)
        self.addCleanup(browser.close)
        page = browser.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        for path in ("/", "/chat"):
            with self.subTest(path):
                page.goto(server.url + path, wait_until="networkidle")
                self.assertEqual(said, [])

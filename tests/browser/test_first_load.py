"""What the first visit to a page costs, as production serves it: bytes as they came over the wire, and requests."""

from __future__ import annotations

from playwright.sync_api import Page, Request, expect

from tests.support.browser import BrowserTestCase

MOST_BYTES = 100_000
MOST_SCRIPTS = 3
MOST_STYLESHEETS = 1


class FirstLoad(BrowserTestCase):
    first_visit = True

    def setUp(self) -> None:
        super().setUp()
        self.requests: list[Request] = []

    def visit(self, path: str, name: str | None = None) -> Page:
        context = self.context()
        if name:
            self.pool.store(context, "lowkey.username", name)
        page = context.new_page()
        page.on("requestfinished", self.finished)
        page.goto(path, wait_until="networkidle")
        return page

    def finished(self, request: Request) -> None:
        self.requests.append(request)

    def fetched(self, kind: str) -> list[str]:
        return [request.url for request in self.requests if request.resource_type == kind]

    def bytes(self) -> int:
        """Of all bodies; what the browser had already is none."""
        return sum(request.sizes()["responseBodySize"] for request in self.requests)

    def assert_light(self) -> None:
        self.assertLessEqual(self.bytes(), MOST_BYTES)
        self.assertLessEqual(len(self.fetched("script")), MOST_SCRIPTS, self.fetched("script"))
        self.assertLessEqual(len(self.fetched("stylesheet")), MOST_STYLESHEETS)
        self.assert_no_faults()

    def test_the_username_page(self) -> None:
        page = self.visit("/")
        expect(page.get_by_test_id("username-input")).to_be_visible()
        self.assert_light()

    def test_the_chat_page_until_it_is_online(self) -> None:
        page = self.visit("/chat", "alice_at_first")
        expect(page.get_by_test_id("server-state")).to_have_attribute("data-state", "online")
        self.assertGreater(self.bytes(), 20_000)
        self.assert_light()

    def test_what_few_people_need_is_loaded_when_they_do(self) -> None:
        page = self.visit("/chat", "bob_at_first")
        expect(page.get_by_test_id("server-state")).to_have_attribute("data-state", "online")
        self.assertEqual([url for url in self.fetched("script") if "qr_code" in url or "emoji" in url], [])
        page.get_by_test_id("invite-create").first.click()
        expect(page.get_by_role("img", name="The invite as a QR code")).to_be_visible()
        self.assertTrue(any("qr_code" in url for url in self.fetched("script")))
        self.assert_no_faults()

"""Several chats at once, with real peers."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.support.browser import BrowserTestCase

NAMES = ("ann_of_several", "ben_of_several", "cat_of_several")


class SeveralChats(BrowserTestCase):
    def online(self, name: str) -> Page:
        page = self.page_of(name)
        expect(page.get_by_test_id("server-state")).to_have_attribute("data-state", "online", timeout=15_000)
        return page

    def entry(self, page: Page, peer: str) -> Locator:
        return page.locator(f"[data-testid=conversation][data-peer={peer}]")

    def secured(self, *pages: Page) -> None:
        for page in pages:
            expect(page.get_by_test_id("chat-state")).to_have_attribute("data-state", "secured", timeout=15_000)

    def say(self, page: Page, text: str) -> None:
        page.get_by_test_id("message-input").fill(text)
        page.get_by_test_id("message-send").click()

    def test_one_person_chats_with_two_and_nothing_is_mixed_up(self) -> None:
        ann, ben, cat = (self.online(name) for name in NAMES)
        ann.get_by_test_id("peer-input").fill(NAMES[1])
        ann.get_by_test_id("peer-connect").click()
        ben.get_by_test_id("incoming-accept").click()
        self.secured(ann, ben)
        cat.get_by_test_id("peer-input").fill(NAMES[0])
        cat.get_by_test_id("peer-connect").click()
        expect(ann.get_by_test_id("incoming-request")).to_be_visible()
        self.secured(ann)
        ann.get_by_test_id("incoming-accept").click()
        self.secured(ann, cat)
        expect(ann.get_by_test_id("conversation")).to_have_count(2)
        expect(self.entry(ann, NAMES[2])).to_have_attribute("aria-current", "true")

        self.say(ben, "from ben")
        expect(self.entry(ann, NAMES[1])).to_have_attribute("data-unread", "1")
        expect(self.entry(ann, NAMES[1])).to_contain_text("from ben")
        expect(ann).to_have_title(re.compile(r"^\(1\)"))
        expect(ann.get_by_test_id("message")).to_have_count(0)

        self.entry(ann, NAMES[1]).click()
        expect(ann.get_by_test_id("message")).to_contain_text("from ben")
        expect(self.entry(ann, NAMES[1])).to_have_attribute("data-unread", "0")
        self.say(ann, "to ben")
        expect(ben.get_by_test_id("message").last).to_contain_text("to ben")
        expect(cat.get_by_test_id("message")).to_have_count(0)

        ben.get_by_test_id("chat-end").click()
        expect(self.entry(ann, NAMES[1])).to_have_attribute("data-state", "ended")
        expect(self.entry(ann, NAMES[2])).to_have_attribute("data-state", "secured")
        self.assert_no_faults()

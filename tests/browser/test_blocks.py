"""Blocking somebody, with real peers: the chat ends, and their calls go unanswered."""

from __future__ import annotations

from itertools import count
from typing import ClassVar

from playwright.sync_api import Page, expect

from tests.support.browser import BrowserTestCase


class Blocking(BrowserTestCase):
    numbers: ClassVar[count[int]] = count()

    def setUp(self) -> None:
        super().setUp()
        number = next(self.numbers)
        self.ann, self.ben = (f"{name}_block_{number}" for name in ("ann", "ben"))

    def online(self, name: str) -> Page:
        page = self.page_of(name)
        expect(page.get_by_test_id("server-state")).to_have_attribute("data-state", "online")
        return page

    def state(self, page: Page, state: str) -> None:
        expect(page.get_by_test_id("chat-state")).to_have_attribute("data-state", state, timeout=15_000)

    def call(self, page: Page, name: str) -> None:
        page.get_by_test_id("peer-input").fill(name)
        page.get_by_test_id("peer-connect").click()

    def met(self) -> tuple[Page, Page]:
        ann, ben = self.online(self.ann), self.online(self.ben)
        self.call(ben, self.ann)
        ann.get_by_test_id("incoming-accept").click()
        for page in (ann, ben):
            self.state(page, "secured")
        return ann, ben

    def block(self, page: Page) -> None:
        page.get_by_test_id("chat-menu").click()
        page.get_by_test_id("chat-block").click()
        page.get_by_test_id("confirm-yes").click()

    def unblock(self, page: Page) -> None:
        page.get_by_test_id("settings-open").click()
        page.get_by_test_id("unblock").click()
        page.get_by_test_id("settings-close").click()

    def test_a_chat_with_who_is_blocked_ends_and_leaves_the_list(self) -> None:
        ann, ben = self.met()
        self.block(ann)
        self.state(ben, "ended")
        expect(ann.get_by_test_id("conversation")).to_have_count(0)
        expect(ann.get_by_test_id("toast")).to_contain_text(f"{self.ben} is blocked.")

    def test_a_call_of_who_is_blocked_rings_nowhere_until_they_are_unblocked(self) -> None:
        ann, ben = self.met()
        self.block(ann)
        self.state(ben, "ended")
        self.call(ben, self.ann)
        self.state(ben, "calling")
        ann.reload()
        expect(ann.get_by_test_id("server-state")).to_have_attribute("data-state", "online")
        expect(ann.get_by_test_id("incoming-request")).to_be_hidden()
        ben.get_by_test_id("call-cancel").click()
        self.unblock(ann)
        self.call(ben, self.ann)
        expect(ann.get_by_test_id("incoming-request")).to_be_visible()

    def test_whoever_is_blocked_is_not_called_by_mistake(self) -> None:
        ann, _ = self.met()
        self.block(ann)
        self.call(ann, self.ben)
        expect(ann.get_by_test_id("peer-error")).to_contain_text(f"You have blocked {self.ben}.")

    def test_a_call_that_rings_can_be_blocked_and_its_caller_hears_nothing(self) -> None:
        ann, ben = self.met()
        ben.get_by_test_id("chat-end").click()
        self.state(ann, "ended")
        self.call(ben, self.ann)
        ann.get_by_test_id("incoming-block").click()
        expect(ann.get_by_test_id("incoming-request")).to_be_hidden()
        expect(ann.get_by_test_id("toast")).to_contain_text("is blocked.")
        self.state(ben, "calling")
        self.assert_no_faults()

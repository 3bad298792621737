"""The page driven from outside, by nothing but its test ids: what they are called, what they hold, and that each can be
clicked when its turn comes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import ClassVar

from playwright.sync_api import Locator, Page, expect

from tests.support.browser import BrowserTestCase


class ByTestIdsAlone(BrowserTestCase):
    """No roles, no texts, no keys; what is read is read at once, without waiting for more than the element."""

    numbers: ClassVar[Iterator[int]] = itertools.count()

    def setUp(self) -> None:
        super().setUp()
        number = next(self.numbers)
        self.names = [f"{name}_{number}" for name in ("ann", "ben", "cat")]

    def online(self, name: str) -> Page:
        page = self.page_of(name)
        self.expect_state(page, "server-state", "online")
        return page

    def expect_state(self, page: Page, testid: str, state: str) -> None:
        expect(page.get_by_test_id(testid)).to_have_attribute("data-state", state, timeout=15_000)

    def expect_trust(self, trust: str, *pages: Page) -> None:
        for page in pages:
            self.expect_state(page, "chat-state", "secured")
            expect(page.get_by_test_id("trust")).to_have_attribute("data-trust", trust)

    def dial(self, page: Page, name: str) -> None:
        page.get_by_test_id("peer-input").fill(name)
        page.get_by_test_id("peer-connect").click()

    def met(self) -> tuple[Page, Page]:
        """Two who are in a chat, and have compared nothing."""
        ann, ben = (self.online(name) for name in self.names[:2])
        self.dial(ann, self.names[1])
        ben.get_by_test_id("incoming-accept").click()
        self.expect_trust("unverified", ann, ben)
        return ann, ben

    def number(self, page: Page) -> str:
        return re.sub(r"\D", "", page.get_by_test_id("safety-number").inner_text())

    def emoji(self, page: Page) -> str:
        return page.get_by_test_id("sas-emoji").inner_text()

    def assert_exchange(self, one: Page, other: Page) -> None:
        """Messages go both ways, by the button."""
        for sender, receiver, mine, text in ((one, other, "true", "to you"), (other, one, "true", "and back")):
            sender.get_by_test_id("message-input").fill(text)
            sender.get_by_test_id("message-send").click()
            for page, whose in ((sender, mine), (receiver, "false")):
                bubble: Locator = page.get_by_test_id("message").last
                expect(bubble).to_contain_text(text)
                expect(bubble).to_have_attribute("data-mine", whose)
            expect(sender.get_by_test_id("message").last).to_have_attribute("data-status", re.compile("delivered|read"))

    def test_two_compare_one_having_begun(self) -> None:
        ann, ben = self.met()
        ann.get_by_test_id("verify-open").click()
        emoji, numbers = ([read(page) for page in (ann, ben)] for read in (self.emoji, self.number))
        self.assertEqual(emoji[0], emoji[1])
        self.assertGreater(len(emoji[0]), 7)
        self.assertEqual(numbers[0], numbers[1])
        self.assertEqual(len(numbers[0]), 60)
        for page in (ann, ben):
            page.get_by_test_id("sas-match").click()
        self.expect_trust("verified", ann, ben)
        self.assert_exchange(ann, ben)
        self.assert_no_faults()

    def test_two_compare_both_having_begun(self) -> None:
        ann, ben = self.met()
        for page in (ann, ben):
            page.get_by_test_id("verify-open").click()
        self.assertEqual(self.emoji(ann), self.emoji(ben))
        for page in (ben, ann):
            page.get_by_test_id("sas-match").click()
        self.expect_trust("verified", ann, ben)
        for page in (ann, ben):
            page.get_by_test_id("verify-open").click()
        self.assertEqual(self.number(ann), self.number(ben))
        self.assert_exchange(ben, ann)
        self.assert_no_faults()

    def test_one_sees_a_mismatch(self) -> None:
        ann, ben = self.met()
        ben.get_by_test_id("verify-open").click()
        ann.get_by_test_id("sas-match").click()
        self.expect_trust("verified", ann)
        ben.get_by_test_id("sas-mismatch").click()
        self.expect_trust("unverified", ann, ben)
        self.assert_exchange(ann, ben)
        for page in (ann, ben):
            expect(page.get_by_test_id("chat-end")).to_be_enabled()
        ann.get_by_test_id("chat-end").click()
        self.expect_state(ben, "chat-state", "ended")

    def test_an_invite_opened_by_somebody_without_a_name(self) -> None:
        ann = self.online(self.names[0])
        ann.get_by_test_id("invite-create").click()
        link = ann.get_by_test_id("invite-link").input_value()
        self.assertTrue(link.startswith(f"{self.server.url}/chat#invite={self.names[0]}."))
        ben = self.context().new_page()
        ben.goto(link)
        ben.get_by_test_id("username-input").fill(self.names[1])
        ben.get_by_test_id("username-submit").click()
        ann.get_by_test_id("incoming-accept").click()
        self.expect_trust("verified", ann, ben)
        self.expect_state(ben, "invite-state", "done")
        self.assertNotIn("#", ben.url)
        self.assert_exchange(ann, ben)
        cat = self.context().new_page()
        cat.goto(link)
        cat.get_by_test_id("username-input").fill(self.names[2])
        cat.get_by_test_id("username-submit").click()
        expect(cat.get_by_test_id("invite-state")).not_to_be_empty()
        self.expect_state(ann, "chat-state", "secured")

    def test_an_invite_opened_by_somebody_who_is_there_already(self) -> None:
        ann, ben = (self.online(name) for name in self.names[:2])
        ann.get_by_test_id("invite-create").click()
        ben.goto(ann.get_by_test_id("invite-link").input_value())
        ann.get_by_test_id("incoming-accept").click()
        self.expect_trust("verified", ann, ben)
        for page in (ann, ben):
            page.get_by_test_id("verify-open").click()
        self.assertEqual(self.number(ann), self.number(ben))
        self.assert_no_faults()

    def test_another_device_under_a_known_name_is_accepted(self) -> None:
        ann, ben = self.blocked()
        ann.get_by_test_id("key-accept").click()
        expect(ann.get_by_test_id("key-changed")).to_be_hidden()
        self.expect_trust("unverified", ann, ben)
        self.assert_exchange(ann, ben)

    def test_another_device_under_a_known_name_is_refused(self) -> None:
        ann, _ = self.blocked()
        ann.get_by_test_id("key-refuse").click()
        expect(ann.get_by_test_id("key-changed")).to_be_hidden()
        self.expect_state(ann, "chat-state", "ended")

    def blocked(self) -> tuple[Page, Page]:
        """The second has become another device, and the first is asked about it."""
        ann, ben = self.met()
        ann.get_by_test_id("chat-end").click()
        self.expect_state(ben, "chat-state", "ended")
        ben.get_by_test_id("change-name").click()
        ben.get_by_test_id("new-identity").click()
        with ben.expect_navigation():
            ben.get_by_test_id("new-identity-confirm").click()
        self.expect_state(ben, "server-state", "online")
        self.dial(ann, self.names[1])
        ben.get_by_test_id("incoming-accept").click()
        self.expect_state(ann, "chat-state", "blocked")
        expect(ann.get_by_test_id("key-changed")).to_be_visible()
        expect(ann.get_by_test_id("trust")).to_have_attribute("data-trust", "changed")
        expect(ann.get_by_test_id("message-input")).to_be_disabled()
        return ann, ben

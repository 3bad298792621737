"""The browser's client and a real server: who has a name, when several want it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, ClassVar

from playwright.sync_api import Page, expect

from tests.support.browser import BrowserTestCase

CLIENT = """async ([name, seed]) => {
  const { SignalingClient } = await import("/static/js/peer/signaling_client.js");
  const { dh, publicKey } = await import("/static/js/peer/primitives.js");
  const mine = new Uint8Array(32).fill(seed);
  const key = async () => ({ public: publicKey(mine), dh: async (theirs) => dh(mine, theirs) });
  window.states = [];
  const listener = { serverState: (state) => window.states.push(state), serverMessage() {} };
  window.client = new SignalingClient(location.origin, name, listener, seed ? { key } : {});
  window.client.start();
}"""
WAKE = "() => [window, document].forEach((target, at) => target.dispatchEvent(new Event(['online', 'visibilitychange'][at])))"
"""What a page hears when its network, or the person, comes back."""
SETTLED = "() => ['online', 'taken', 'replaced', 'refused'].includes(window.states.at(-1))"


class NamesOfBrowsersTest(BrowserTestCase):
    names: ClassVar[Iterator[int]] = itertools.count()

    def setUp(self) -> None:
        super().setUp()
        self.name = f"owner_{next(self.names)}"

    def came(self, page: Page, seed: int, name: str | None = None) -> Any:
        """What became of a client with the key of this seed (0: none) on this page."""
        page.goto("/")
        page.evaluate(CLIENT, [name or self.name, seed])
        page.wait_for_function(SETTLED)
        return page.evaluate("() => window.states")

    def test_a_second_tab_takes_over_and_the_first_does_not_fight_back(self) -> None:
        first, second = (self.context().new_page() for _ in range(2))
        first.clock.install()
        self.assertEqual(self.came(first, 1), ["connecting", "online"])
        self.assertEqual(self.came(second, 1, self.name.upper()), ["connecting", "online"])
        first.wait_for_function("() => window.states.at(-1) === 'replaced'")
        first.clock.fast_forward(120_000)
        self.assertEqual(first.evaluate("() => window.states"), ["connecting", "online", "replaced"])
        self.assertEqual(first.evaluate("() => window.client.refusal"), "replaced")
        self.assertEqual(second.evaluate("() => window.states"), ["connecting", "online"])
        self.assert_no_faults()

    def test_a_reloaded_page_has_its_name_back_at_once_and_nobody_else_gets_it(self) -> None:
        page, thief = (self.context().new_page() for _ in range(2))
        self.came(page, 1)
        for _ in range(3):
            self.assertEqual(self.came(page, 1), ["connecting", "online"])
        for seed in (2, 0):
            self.assertEqual(self.came(thief, seed), ["connecting", "taken"])
        page.close()
        for seed in (2, 0):
            self.assertEqual(self.came(thief, seed), ["connecting", "taken"])
        self.assertEqual(self.came(self.context().new_page(), 1), ["connecting", "online"])


class PagesTest(BrowserTestCase):
    """The same as a person sees it: one name, one browser, several tabs."""

    def expect_state(self, page: Page, state: str) -> None:
        expect(page.get_by_test_id("server-state")).to_have_attribute("data-state", state)

    def test_a_second_tab_takes_over_the_first_says_so_and_can_take_it_back(self) -> None:
        first = self.page_of("tabby")
        self.expect_state(first, "online")
        second = first.context.new_page()
        second.goto("/chat")
        self.expect_state(second, "online")
        self.expect_state(first, "replaced")
        expect(first.get_by_test_id("server-state")).to_contain_text("This name was opened on another page")
        first.get_by_role("button", name="Use it here").click()
        self.expect_state(first, "online")
        self.expect_state(second, "replaced")
        self.assert_no_faults()

    def test_a_replaced_page_does_not_fight_back_when_it_is_woken_and_its_chat_goes_on(self) -> None:
        first, friend = self.page_of("tabby_2"), self.page_of("friend")
        for page in (first, friend):
            self.expect_state(page, "online")
        first.get_by_test_id("peer-input").fill("friend")
        first.get_by_test_id("peer-connect").click()
        friend.get_by_test_id("incoming-accept").click()
        for page in (first, friend):
            expect(page.get_by_test_id("chat-state")).to_have_attribute("data-state", "secured")
        second = first.context.new_page()
        second.goto("/chat")
        self.expect_state(first, "replaced")
        elsewhere = second.get_by_test_id("open-elsewhere")
        expect(elsewhere).to_have_text("Your chat with friend is open on another page of this browser.")
        expect(first.get_by_test_id("open-elsewhere")).to_be_hidden()
        first.evaluate(WAKE)
        expect(first.get_by_test_id("chat-state")).to_have_attribute("data-state", "secured")
        expect(first.get_by_test_id("server-state")).to_contain_text("Your chat goes on.")
        first.get_by_test_id("message-input").fill("still here")
        first.get_by_test_id("message-send").click()
        expect(friend.get_by_test_id("message")).to_contain_text("still here")
        self.expect_state(first, "replaced")
        self.expect_state(second, "online")
        first.get_by_test_id("chat-end").click()
        expect(elsewhere).to_be_hidden()
        self.assert_no_faults()

    def test_a_reloaded_page_is_online_again_at_once(self) -> None:
        page = self.page_of("reloader")
        for _ in range(3):
            self.expect_state(page, "online")
            page.reload()
        self.expect_state(page, "online")
        self.assert_no_faults()

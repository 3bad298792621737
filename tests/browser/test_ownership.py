"""The browser's client and a real server: who has a name, when several want it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, ClassVar

from playwright.sync_api import Page

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

"""A long chat is as quick as a short one. `make long-chat` measures it; this only sees that nothing grows with the length."""

from __future__ import annotations

from scripts.long_chat import measure
from tests.support.acted import ActedChat

LONG = 3_000
MOST = 3.0
"""What costs something for each message costs a page with thirty times as many far more than this."""


class LongChat(ActedChat):
    def test_neither_a_message_nor_a_keystroke_nor_scrolling_costs_much_more_in_a_long_chat(self) -> None:
        for cost in measure(self.browser, long=LONG, rounds=2):
            with self.subTest(cost.action):
                self.assertLess(cost.ratio, MOST, str(cost))

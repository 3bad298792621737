"""chat/peer/printable.py: what a terminal may print of what somebody else wrote."""

from __future__ import annotations

import unicodedata

from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from chat.peer.printable import printable


class PrintableTest(SimpleTestCase):
    def test_text_in_any_language_stays(self) -> None:
        for text in ("hello", "héllo ✓", "שלום", "مرحبا", "你好", "👩‍👩‍👧‍👦", "a < b & c"):
            self.assertEqual(printable(text), text)

    def test_escape_sequences_go(self) -> None:
        cases = {
            "\x1b[31mred\x1b[0m": "red",
            "\x1b]0;title\x07text": "text",
            "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\": "link",
            "\x1bPdcs\x1b\\text": "text",
            "\x9b2Jtext": "text",
            "\x1bctext": "text",
            "text\x1b": "text",
            "\x1b[2J\x1b[1;1H": "",
        }
        for text, shown in cases.items():
            with self.subTest(text=text):
                self.assertEqual(printable(text), shown)

    def test_bidi_overrides_and_isolates_go(self) -> None:
        self.assertEqual(printable("a\u202eb\u2066c\u2069d\u200fe\u061cf"), "abcdef")

    def test_a_message_cannot_look_like_a_line_of_somebody_else(self) -> None:
        for line_break in ("\n", "\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"):
            self.assertEqual(printable(f"hi{line_break}bob: I agree"), "hi\n  bob: I agree")

    @given(st.text())
    def test_nothing_that_steers_a_terminal_is_left(self, text: str) -> None:
        for line in printable(text).split("\n"):
            self.assertFalse([c for c in line if unicodedata.category(c) in ("Cc", "Cs")])
            self.assertFalse(
                [
                    c
                    for c in line
                    if unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
                ]
            )

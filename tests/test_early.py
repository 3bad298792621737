"""chat/peer/early.py: what is typed before the chat goes on is either refused at once, or can be said when it does."""

from __future__ import annotations

from django.test import SimpleTestCase

from chat.peer.early import Early
from chat.peer.errors import PeerError
from chat.peer.history import History
from chat.peer.messages import Ref
from tests.support.devices import agreed

ID = "i" * 22


class EarlyTest(SimpleTestCase):
    def setUp(self) -> None:
        self.early = Early(History(), now=lambda: 2**53 - 1, new_id=lambda: ID)

    def takes(self, text: str) -> bool:
        try:
            self.early.send(text, Ref(mine=False, id=ID))
        except PeerError as fault:
            self.assertEqual(fault.reason, "too_long")
            return False
        return True

    def longest(self, character: str) -> str:
        """The longest text of one character that is taken."""
        low, high = 1, 200_000
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.takes("a" + character * middle) else (low, middle)
        return "a" + character * low

    def test_whatever_is_taken_can_be_sealed_later(self) -> None:
        suite = agreed().alice
        for character in ("x", "é", '"', "\\", "\x01", "👍"):
            with self.subTest(character):
                body = self.longest(character)
                self.assertGreater(len(body.encode()), 20_000)
                content = {"t": "text", "id": ID, "body": body, "at": 2**53 - 1, "re": ["b" * 32, ID]}
                self.assertTrue(suite.fits(content))

    def test_what_is_too_long_as_json_is_refused(self) -> None:
        for text in ('"a' * 90_000, "x" * 130_000, "x" + "\x01" * 22_000):
            self.assertFalse(self.takes(text))

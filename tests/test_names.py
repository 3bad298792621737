from __future__ import annotations

from django.test import SimpleTestCase

from signaling import names
from signaling.errors import Close, Code, ProtocolError


class NamesTests(SimpleTestCase):
    def test_a_claimant_keeps_the_spelling(self) -> None:
        self.assertEqual(names.claimant("Alice_1", "c1"), names.Owner("Alice_1", "c1"))

    def test_what_is_no_name_closes_the_connection(self) -> None:
        for text in ("", "ab", "a" * 21, "al ice", "álice", "alice\n", "alice-b", "٣٣٣"):
            with self.subTest(text), self.assertRaises(ProtocolError) as raised:
                names.claimant(text, "c1")
            self.assertEqual((raised.exception.code, raised.exception.close), (Code.INVALID_USERNAME, 4001))

    def test_the_shortest_and_the_longest_name(self) -> None:
        for text in ("abc", "a" * 20, "___", "007"):
            self.assertEqual(names.claimant(text, "c1").name, text)

    def test_a_taken_name_closes_the_connection(self) -> None:
        self.assertEqual((names.taken().code, names.taken().close), (Code.USERNAME_TAKEN, Close.USERNAME_TAKEN))

"""chat/peer/verification.py: safety numbers and emoji, on the shared vectors."""

from __future__ import annotations

from django.test import SimpleTestCase

from chat.peer.verification import EMOJI, commitment, emoji, qr_text, safety_number
from tests.support.handshakes import LOWKEY2


class SafetyNumberTest(SimpleTestCase):
    def test_the_numbers_are_those_of_the_vectors_from_both_sides(self) -> None:
        for case in LOWKEY2["safety"]:
            mine, theirs = bytes.fromhex(case["a"]), bytes.fromhex(case["b"])
            self.assertEqual(safety_number(mine, theirs), case["number"])
            self.assertEqual(safety_number(theirs, mine), case["number"])

    def test_another_key_gives_another_number_of_60_digits(self) -> None:
        numbers = {safety_number(b"a" * 32, bytes([last]) * 32) for last in range(4)}
        self.assertEqual(len(numbers), 4)
        for number in numbers:
            self.assertRegex(number, r"^[0-9]{60}$")

    def test_what_is_no_key_has_no_number(self) -> None:
        for key in (b"", b"k" * 31, b"k" * 33):
            self.assertRaises(ValueError, safety_number, key, b"k" * 32)
            self.assertRaises(ValueError, safety_number, b"k" * 32, key)

    def test_the_code_to_scan_names_the_project(self) -> None:
        self.assertEqual(qr_text("12345"), "lowkey2:12345")


class EmojiTest(SimpleTestCase):
    def test_commitments_and_emoji_are_those_of_the_vectors(self) -> None:
        for case in LOWKEY2["sas"]:
            transcript, ours, theirs = (bytes.fromhex(case[name]) for name in ("h", "nA", "nB"))
            self.assertEqual(commitment(ours).hex(), case["commit"])
            self.assertEqual(emoji(transcript, ours, theirs), [EMOJI[number] for number in case["numbers"]])

    def test_the_emoji_depend_on_the_handshake_and_on_each_nonce(self) -> None:
        base = (b"h" * 64, b"a" * 32, b"b" * 32)
        others = (
            (b"i" * 64, *base[1:]),
            (base[0], b"c" * 32, base[2]),
            (*base[:2], b"c" * 32),
            (base[0], *base[:0:-1]),
        )
        for other in others:
            self.assertNotEqual(emoji(*other), emoji(*base))

    def test_a_nonce_of_another_length_is_refused(self) -> None:
        for nonce in (b"", b"n" * 31, b"n" * 33):
            self.assertRaises(ValueError, commitment, nonce)
            self.assertRaises(ValueError, emoji, b"h" * 64, nonce, b"n" * 32)
            self.assertRaises(ValueError, emoji, b"h" * 64, b"n" * 32, nonce)

    def test_there_are_64_of_them_and_no_two_are_alike(self) -> None:
        self.assertEqual([len(EMOJI), *(len(set(column)) for column in zip(*EMOJI, strict=True))], [64, 64, 64])

    def test_the_table_stands_in_the_order_of_the_matrix_specification(self) -> None:
        places = {0: "Dog", 9: "Rooster", 18: "Mushroom", 27: "Pizza", 36: "Thumbs Up", 45: "Scissors", 54: "Rocket"}
        self.assertEqual({at: EMOJI[at][1] for at in places}, places)
        self.assertEqual(EMOJI[63], ("📌", "Pin"))

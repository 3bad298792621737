"""chat/peer/primitives.py on the shared vectors."""

from __future__ import annotations

from django.test import SimpleTestCase

from chat.peer import primitives
from tests.support.vectors import vectors

CLASSIC = vectors("classic")


class PrimitivesTest(SimpleTestCase):
    def test_a_public_key_comes_from_its_private_key(self) -> None:
        for case in CLASSIC["messages"]:
            private = bytes.fromhex(case["alicePrivate"])
            self.assertEqual(primitives.public_key(private).hex(), case["alicePublic"])

    def test_both_sides_of_a_box_have_one_key(self) -> None:
        for case in CLASSIC["messages"]:
            alice = primitives.box_key(bytes.fromhex(case["alicePrivate"]), bytes.fromhex(case["bobPublic"]))
            bob = primitives.box_key(bytes.fromhex(case["bobPrivate"]), bytes.fromhex(case["alicePublic"]))
            self.assertEqual((alice.hex(), bob.hex()), (case["key"], case["key"]))

    def test_low_order_public_keys_are_refused(self) -> None:
        for key in CLASSIC["lowOrderPublicKeys"]:
            with self.subTest(key=key), self.assertRaises(ValueError):
                primitives.box_key(b"\x07" * 32, bytes.fromhex(key))

    def test_a_public_key_of_another_length_is_refused(self) -> None:
        for length in (0, 31, 33, 64):
            with self.subTest(length=length), self.assertRaises(ValueError):
                primitives.box_key(b"\x07" * 32, b"\x09" * length)

    def test_a_changed_box_does_not_open(self) -> None:
        key, nonce = b"k" * 32, b"n" * 24
        box = primitives.seal(key, nonce, b"text")
        self.assertEqual(primitives.unseal(key, nonce, box), b"text")
        for at in range(len(box)):
            changed = bytearray(box)
            changed[at] ^= 1
            self.assertIsNone(primitives.unseal(key, nonce, bytes(changed)))
        self.assertIsNone(primitives.unseal(key, nonce, box[:15]))
        self.assertIsNone(primitives.unseal(key, nonce[:8], box))

    def test_base64_has_one_form(self) -> None:
        for text in CLASSIC["notStrictBase64"]:
            with self.subTest(text=text), self.assertRaises(ValueError):
                primitives.unb64(text)
        for value in (None, 5, b"AA==", ["AA=="]):
            with self.subTest(value=value), self.assertRaises(ValueError):
                primitives.unb64(value)
        for data in (b"", b"\x00", b"\xfb\xff", bytes(range(256))):
            self.assertEqual(primitives.unb64(primitives.b64(data)), data)

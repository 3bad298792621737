"""chat/peer/primitives.py on the shared vectors."""

from __future__ import annotations

from django.test import SimpleTestCase

from chat.peer import primitives
from tests.support.vectors import vectors

CLASSIC = vectors("classic")
LOWKEY2 = vectors("lowkey2")


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

    def test_both_sides_of_an_x25519_have_one_result(self) -> None:
        # RFC 7748, section 6.1.
        shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
        case = CLASSIC["messages"][0]
        for private, public in (("alicePrivate", "bobPublic"), ("bobPrivate", "alicePublic")):
            self.assertEqual(primitives.dh(bytes.fromhex(case[private]), bytes.fromhex(case[public])).hex(), shared)

    def test_x25519_refuses_low_order_keys_and_other_lengths(self) -> None:
        for key in map(bytes.fromhex, CLASSIC["lowOrderPublicKeys"]):
            with self.subTest(key=key.hex()), self.assertRaises(ValueError):
                primitives.dh(b"\x07" * 32, key)
        for length in (0, 31, 33, 64):
            self.assertRaises(ValueError, primitives.dh, b"\x07" * 32, b"\x09" * length)
            self.assertRaises(ValueError, primitives.dh, b"\x07" * length, b"\x09" * 32)

    def test_hmac_is_that_of_rfc_4231(self) -> None:
        # Test case 2.
        mac = primitives.hmac(b"Jefe", b"what do ya want ", b"for nothing?").hex()
        self.assertEqual(
            mac,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        )

    def test_hkdf_gives_the_key_of_an_invite(self) -> None:
        for case in LOWKEY2["invite"]:
            info = b"lowkey/2 invite" + primitives.lp(case["uuid"].encode())
            self.assertEqual(primitives.hkdf(bytes(64), bytes.fromhex(case["secret"]), info, 32).hex(), case["psk"])

    def test_hkdf_grows_by_appending_and_has_an_end(self) -> None:
        longest = primitives.hkdf(b"salt", b"key", b"info", 255 * 64)
        for length in (1, 63, 64, 65, 128, 192):
            self.assertEqual(primitives.hkdf(b"salt", b"key", b"info", length), longest[:length])
        for length in (-1, 0, 255 * 64 + 1):
            self.assertRaises(ValueError, primitives.hkdf, b"salt", b"key", b"info", length)

    def test_the_parts_of_a_hash_are_joined(self) -> None:
        self.assertEqual(primitives.sha512(b"a", b"", b"bc"), primitives.sha512(b"abc"))
        self.assertTrue(primitives.sha512(b"abc").hex().startswith("ddaf35a193617abacc417349ae204131"))

    def test_integers_and_lengths_are_big_endian_and_have_an_end(self) -> None:
        self.assertEqual((primitives.u32(258), primitives.u64(258)), (bytes([0, 0, 1, 2]), bytes([0] * 6 + [1, 2])))
        self.assertEqual(primitives.lp(b"x" * 258), b"\x01\x02" + b"x" * 258)
        self.assertEqual(primitives.lp(b""), b"\0\0")
        for too_much in (
            lambda: primitives.u32(2**32),
            lambda: primitives.lp(bytes(2**16)),
            lambda: primitives.u32(-1),
        ):
            self.assertRaises(OverflowError, too_much)

    def test_padding_has_one_form(self) -> None:
        for data in (b"", b"x", b"\x80", b"\x80\0", bytes(63), bytes(64), b"\x80" * 65):
            padded = primitives.pad(data, 64)
            self.assertEqual((len(padded) % 64, primitives.unpad(padded, 64)), (0, data))
        for bad in (b"", bytes(64), b"x" * 64, b"\x80" + bytes(62), b"\x80" + bytes(127), bytes(63) + b"\x81"):
            self.assertRaises(ValueError, primitives.unpad, bad, 64)

    def test_url_safe_base64_has_one_form(self) -> None:
        for data in (b"", b"\0", b"\xfb\xff", b"\xff" * 32, bytes(range(256))):
            text = primitives.b64url(data)
            self.assertRegex(text, r"^[A-Za-z0-9_-]*$")
            self.assertEqual(primitives.unb64url(text), data)
        for value in ("A", "AB", "AAA=", "AA==", "+/+/", "A+AA", "_-_", "AA\n", " AAA", "é", "AAAAA", None, 5, b"AA"):
            with self.subTest(value=value), self.assertRaises(ValueError):
                primitives.unb64url(value)

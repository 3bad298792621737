"""Wycheproof's vectors for X25519, and every place where the Python peer takes a public key."""

from __future__ import annotations

import os

from django.test import SimpleTestCase

from chat.peer import primitives
from chat.peer.classic import Classic
from chat.peer.errors import KeyRefused
from chat.peer.identity import Identity, MemoryStorage
from tests.support.vectors import LOW_ORDER, vectors

CASES = vectors("x25519")["cases"]
FIELD = 2**255 - 19


class VectorsTest(SimpleTestCase):
    def test_each_result_is_that_of_the_vectors_and_a_zero_one_is_refused(self) -> None:
        self.assertEqual(len(CASES), 518)
        for case in CASES:
            private, public = bytes.fromhex(case["private"]), bytes.fromhex(case["public"])
            with self.subTest(case["id"], flags=case["flags"]):
                if "ZeroSharedSecret" in case["flags"]:
                    self.assertRaises(ValueError, primitives.dh, private, public)
                    self.assertRaises(ValueError, primitives.box_key, private, public)
                else:
                    self.assertEqual(primitives.dh(private, public).hex(), case["shared"])
                    self.assertEqual(len(primitives.box_key(private, public)), 32)

    def test_a_canonical_key_is_the_shortest_name_of_its_point(self) -> None:
        for number, canonical in ((0, True), (9, True), (FIELD - 1, True), (FIELD, False), (FIELD + 18, False)):
            key = number.to_bytes(32, "little")
            self.assertEqual(primitives.is_canonical(key), canonical, number)
            self.assertFalse(primitives.is_canonical(key[:31] + bytes([key[31] | 0x80])))
        for case in CASES:
            self.assertEqual(
                primitives.is_canonical(bytes.fromhex(case["public"])),
                int.from_bytes(bytes.fromhex(case["public"]), "little") < FIELD,
            )
        for length in (0, 31, 33):
            self.assertFalse(primitives.is_canonical(bytes(length)))


class PlacesTest(SimpleTestCase):
    """The handshake's and the ratchet's places are in test_handshake and test_ratchet, the server's in test_names."""

    def test_there_are_keys_of_low_order_to_test_with(self) -> None:
        self.assertGreaterEqual(len(LOW_ORDER), 12)

    def test_a_classic_key_of_low_order_is_refused(self) -> None:
        for key in LOW_ORDER:
            with self.subTest(key.hex()), self.assertRaises(KeyRefused):
                Classic(os.urandom).receive_key({"publicKey": primitives.b64(key)})

    def test_an_identity_and_a_name_key_refuse_keys_of_low_order_and_other_lengths(self) -> None:
        identity = Identity.open(MemoryStorage(), os.urandom, lambda: 0)
        for pair in (identity.key, identity.name_key("alice")):
            for key in (*LOW_ORDER, b"", bytes(31), b"\x09" * 33):
                with self.subTest(key.hex()), self.assertRaises(ValueError):
                    pair.dh(key)

"""chat/peer/noise.py; that its keys and ciphertexts are the right ones is shown in test_handshake, on the vectors."""

from __future__ import annotations

from django.test import SimpleTestCase

from chat.peer.errors import HandshakeFailed
from chat.peer.noise import Noise


class NoiseTest(SimpleTestCase):
    def keyed(self) -> Noise:
        noise = Noise.named("Noise_for_tests")
        noise.mix_key(b"secret")
        return noise

    def test_it_begins_with_the_name_of_the_protocol(self) -> None:
        noise = Noise.named("name")
        self.assertEqual((noise.h, noise.ck, noise.k), (b"name" + bytes(60), b"name" + bytes(60), None))

    def test_without_a_key_nothing_is_hidden_but_all_is_hashed(self) -> None:
        noise, other = Noise.named("name"), Noise.named("name")
        self.assertEqual((noise.encrypt(b"plain"), other.decrypt(b"plain")), (b"plain", b"plain"))
        self.assertEqual(noise, other)
        self.assertNotEqual(noise.h, Noise.named("name").h)

    def test_what_one_encrypts_the_other_decrypts_once_and_in_order(self) -> None:
        one, other = self.keyed(), self.keyed()
        first, second = one.encrypt(b"text"), one.encrypt(b"text")
        self.assertNotEqual(first, second)
        self.assertRaises(HandshakeFailed, other.copy().decrypt, second)
        self.assertEqual((other.decrypt(first), other.decrypt(second)), (b"text", b"text"))
        self.assertRaises(HandshakeFailed, other.decrypt, second)

    def test_a_ciphertext_opens_only_after_the_same_words(self) -> None:
        one, other = self.keyed(), self.keyed()
        other.mix_hash(b"")
        self.assertRaises(HandshakeFailed, other.decrypt, one.encrypt(b"text"))

    def test_a_copy_goes_its_own_way(self) -> None:
        noise = self.keyed()
        copy = noise.copy()
        self.assertEqual(copy, noise)
        copy.encrypt(b"")
        copy.mix_key_and_hash(b"psk")
        self.assertEqual(noise, self.keyed())

    def test_the_keys_at_the_end_depend_on_all_that_was_said_and_mixed(self) -> None:
        said, mixed = self.keyed(), self.keyed()
        said.mix_hash(b"more")
        mixed.mix_key(b"more")
        keys = {key for noise in (self.keyed(), said, mixed) for key in noise.split(b"info")}
        keys |= set(said.split(b"other"))
        self.assertEqual((len(keys), {len(key) for key in keys}), (16, {32}))

    def test_no_key_shows_in_what_is_printed(self) -> None:
        self.assertNotIn("ck", repr(self.keyed()))

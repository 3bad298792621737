"""chat/peer/handshake.py: the handshake of lowkey/2, on the shared vectors and under attack."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import product

from django.test import SimpleTestCase

from chat.peer import primitives
from chat.peer.errors import HandshakeFailed, Unexpected
from chat.peer.handshake import Handshake
from tests.support.handshakes import LOW_ORDER, LOWKEY2, Device, finish, held, pair, pair_of

PSKS = (None, b"p" * 32)
NO_KEY = "a public key cannot be used"


def hand_over(caller: Handshake, called: Handshake, count: int) -> None:
    """The first `count` messages."""
    for number in range(count):
        writer, reader = (caller, called) if number % 2 == 0 else (called, caller)
        reader.read(writer.write())


def damaged(message: bytes) -> list[bytes]:
    """The message with each of its bytes flipped, cut off anywhere, and with something behind its end."""
    flipped = [message[:at] + bytes([message[at] ^ 0x55]) + message[at + 1 :] for at in range(len(message))]
    cut = [message[:length] for length in range(len(message))]
    return [*flipped, *cut, message + b"\0", message + message]


class VectorsTest(SimpleTestCase):
    def test_the_messages_and_the_keys_are_those_of_the_vectors(self) -> None:
        for case in LOWKEY2["handshake"]:
            caller, called = pair_of(case)
            for name, writer, reader in (("m1", caller, called), ("m2", called, caller), ("m3", caller, called)):
                message = writer.write()
                self.assertEqual(message.hex(), case[name])
                reader.read(message)
            for keys in (caller.keys, called.keys):
                assert keys is not None
                made = (keys.transcript, keys.root, keys.chain, keys.seal_caller, keys.seal_called)
                wanted = [case[name] for name in ("h", "rk", "ckr", "seal_caller", "seal_called")]
                self.assertEqual([key.hex() for key in made], wanted)

    def test_the_called_one_keeps_its_ephemeral_key_and_the_caller_does_not(self) -> None:
        for case in LOWKEY2["handshake"]:
            caller, called = finish(*pair_of(case))
            self.assertEqual((caller.ephemeral, called.ephemeral), (None, bytes.fromhex(case["private"]["eb"])))
            self.assertEqual(caller.their_ephemeral.hex(), case["public"]["eb"])
            self.assertEqual(called.their_ephemeral.hex(), case["public"]["ea"])

    def test_what_is_not_needed_any_more_is_erased(self) -> None:
        for case in LOWKEY2["handshake"]:
            caller, called = pair_of(case)
            psk, ephemeral = bytes.fromhex(case["psk"] or ""), bytes.fromhex(case["private"]["ea"])
            message = caller.write()
            self.assertIn(ephemeral, held(caller))
            called.read(message)
            self.assertNotIn(psk, (held(caller) | held(called)) - {b""})
            caller.read(called.write())
            called.read(caller.write())
            self.assertNotIn(ephemeral, held(caller))


class OrderTest(SimpleTestCase):
    def test_the_caller_knows_the_other_before_it_shows_itself(self) -> None:
        alice, bob = Device(), Device()
        caller = Handshake("caller", "alice", "bob", alice, os.urandom)
        called = Handshake("called", "alice", "bob", bob, os.urandom)
        hand_over(caller, called, 2)
        self.assertEqual((caller.their_identity, called.their_identity), (bob.public, None))
        called.read(caller.write())
        self.assertEqual((caller.their_identity, called.their_identity), (bob.public, alice.public))

    def test_a_message_out_of_turn_is_unexpected(self) -> None:
        for done in range(4):
            caller, called = pair()
            hand_over(caller, called, done)
            reads = [lambda side=side: side.read(bytes(200)) for side in (caller, called)]
            writes = [caller.write, called.write]
            turns: list[Callable[[], object]] = [reads[done % 2 == 1], writes[done % 2 == 0]]
            for event in turns if done < 3 else [*reads, *writes]:
                with self.subTest(done=done), self.assertRaises(Unexpected):
                    event()

    def test_names_are_one_whatever_their_case(self) -> None:
        caller = Handshake("caller", "Alice", "BOB", Device(), os.urandom)
        called = Handshake("called", "aLICE", "bob", Device(), os.urandom)
        ours, theirs = finish(caller, called)
        self.assertEqual(ours.transcript, theirs.transcript)

    def test_an_erased_handshake_holds_nothing_and_does_nothing(self) -> None:
        for done in range(4):
            caller, called = pair(b"p" * 32)
            hand_over(caller, called, done)
            for side in (caller, called):
                side.erase()
                self.assertEqual((side.keys, side.their_identity), (None, None))
                for event in (side.write, lambda side=side: side.read(bytes(48))):
                    self.assertRaises(Unexpected, event)

    def test_keys_do_not_show_in_what_is_printed(self) -> None:
        caller, called = pair()
        keys, _ = finish(caller, called)
        for thing in (keys, caller, caller.__dict__):
            self.assertNotIn("root", repr(thing))
            self.assertNotIn(repr(keys.root), repr(thing))

    def test_the_key_of_an_invite_has_32_bytes(self) -> None:
        for psk in (b"", b"p" * 31, b"p" * 33):
            self.assertRaises(ValueError, pair, psk)


class LowOrder(Device):
    """An identity whose every DH is known beforehand: all zeros."""

    def __init__(self, public: bytes) -> None:
        super().__init__()
        self.public = public

    def dh(self, their_public: bytes) -> bytes:
        return bytes(32)


class AttackTest(SimpleTestCase):
    def test_a_damaged_second_or_third_message_is_refused_and_the_honest_one_still_read(self) -> None:
        for psk, done in product(PSKS, (1, 2)):
            caller, called = pair(psk)
            hand_over(caller, called, done)
            writer, reader = (called, caller) if done == 1 else (caller, called)
            message = writer.write()
            for bad in damaged(message):
                with self.subTest(psk=psk, done=done), self.assertRaises(HandshakeFailed):
                    reader.read(bad)
                self.assertIsNone(reader.their_identity)
                self.assertIsNone(reader.keys)
            reader.read(message)
            if done == 1:
                called.read(caller.write())
            assert caller.keys is not None
            assert called.keys is not None
            self.assertEqual(caller.keys.transcript, called.keys.transcript)

    def test_a_damaged_first_message_is_refused_at_once_under_an_invite(self) -> None:
        caller, called = pair(b"p" * 32)
        message = caller.write()
        self.assertEqual(len(message), 48)
        for bad in damaged(message):
            self.assertRaises(HandshakeFailed, called.read, bad)
        called.read(message)

    def test_a_damaged_first_message_without_an_invite_is_found_out_by_the_second(self) -> None:
        caller, _ = pair()
        message = caller.write()
        self.assertEqual(len(message), 32)
        for bad in damaged(message):
            _, called = pair()
            with self.subTest(length=len(bad)), self.assertRaises(HandshakeFailed):
                called.read(bad)
                caller.read(called.write())

    def test_a_first_message_of_another_length_is_refused_at_once(self) -> None:
        message = pair()[0].write()
        for bad in (b"", message[:31], message + b"\0", message + bytes(16), message * 2):
            self.assertRaises(HandshakeFailed, pair()[1].read, bad)

    def test_low_order_keys_are_refused_wherever_a_key_is_taken(self) -> None:
        for key, psk in product(LOW_ORDER, PSKS):
            caller, called = pair(psk)
            message = caller.write()
            if psk is None:
                called.read(key)
                with self.assertRaisesMessage(HandshakeFailed, NO_KEY):
                    called.write()
            else:
                self.assertRaises(HandshakeFailed, called.read, key + message[32:])
            with self.assertRaisesMessage(HandshakeFailed, NO_KEY):
                caller.read(key + bytes(80))

    def test_an_identity_of_low_order_is_refused_on_both_sides(self) -> None:
        for key, of_caller in product(LOW_ORDER, (True, False)):
            honest, rogue = Device(), LowOrder(key)
            alice, bob = (rogue, honest) if of_caller else (honest, rogue)
            caller = Handshake("caller", "alice", "bob", alice, os.urandom)
            called = Handshake("called", "alice", "bob", bob, os.urandom)
            hand_over(caller, called, 1)
            reason = NO_KEY if primitives.is_canonical(key) else "an identity is not in its one form"
            with self.assertRaisesMessage(HandshakeFailed, reason):
                hand_over(called, caller, 1)
                called.read(caller.write())

    def test_an_identity_in_another_form_is_refused_on_both_sides(self) -> None:
        for of_caller in (True, False):
            honest, rogue = Device(), Device()
            rogue.public = rogue.public[:31] + bytes([rogue.public[31] | 0x80])
            self.assertEqual(honest.dh(rogue.public), rogue.dh(honest.public), "to X25519 it is the same key")
            alice, bob = (rogue, honest) if of_caller else (honest, rogue)
            caller = Handshake("caller", "alice", "bob", alice, os.urandom)
            called = Handshake("called", "alice", "bob", bob, os.urandom)
            with self.assertRaisesMessage(HandshakeFailed, "an identity is not in its one form"):
                finish(caller, called)
            self.assertIsNone((called if of_caller else caller).their_identity)

    def test_a_wrong_key_of_an_invite_or_none_is_refused(self) -> None:
        for ours, theirs in ((b"p" * 32, b"q" * 32), (b"p" * 32, None), (None, b"p" * 32)):
            (caller, _), (_, called) = pair(ours), pair(theirs)
            with self.subTest(ours=ours, theirs=theirs), self.assertRaises(HandshakeFailed):
                called.read(caller.write())
                caller.read(called.write())

    def test_other_names_are_refused(self) -> None:
        for names in (("bob", "alice"), ("alice", "eve"), ("eve", "bob"), ("alic", "ebob")):
            caller, _ = pair()
            called = Handshake("called", *names, Device(), os.urandom)
            called.read(caller.write())
            with self.subTest(names=names), self.assertRaises(HandshakeFailed):
                caller.read(called.write())

    def test_ones_own_identity_is_refused(self) -> None:
        device = Device()
        caller = Handshake("caller", "alice", "bob", device, os.urandom)
        called = Handshake("called", "alice", "bob", device, os.urandom)
        called.read(caller.write())
        with self.assertRaisesMessage(HandshakeFailed, "one's own identity came back"):
            caller.read(called.write())
        self.assertIsNone(caller.their_identity)

    def test_ones_own_identity_is_refused_by_the_called_one_too(self) -> None:
        alice, bob = Device(), Device()
        caller = Handshake("caller", "alice", "bob", alice, os.urandom)
        called = Handshake("called", "alice", "bob", bob, os.urandom)
        hand_over(caller, called, 2)
        alice.public, alice._private = bob.public, bob._private
        with self.assertRaisesMessage(HandshakeFailed, "one's own identity came back"):
            called.read(caller.write())
        self.assertEqual((called.keys, called.their_identity), (None, None))

    def test_ones_own_messages_coming_back_are_refused(self) -> None:
        caller, called = pair()
        message = caller.write()
        self.assertRaises(HandshakeFailed, caller.read, message)
        called.read(message)
        self.assertRaises(HandshakeFailed, called.read, called.write())

    def test_messages_of_another_handshake_are_refused(self) -> None:
        (caller, called), (other, another) = pair(), pair()
        hand_over(other, another, 1)
        hand_over(caller, called, 1)
        self.assertRaises(HandshakeFailed, caller.read, another.write())
        caller.read(called.write())
        other_called = pair()[1]
        other_called.read(pair()[0].write())
        other_called.write()
        self.assertRaises(HandshakeFailed, other_called.read, caller.write())


class Saying(Handshake):
    """A side that sends whatever payload it is told to."""

    payload = b""

    def _payload(self) -> bytes:
        return self.payload


class Newer(Handshake):
    versions = (2, 3)


def read_payload(payload: bytes, reader: type[Handshake] = Handshake) -> Handshake:
    """The caller, once it has read a second message with this payload."""
    caller = reader("caller", "alice", "bob", Device(), os.urandom)
    called = Saying("called", "alice", "bob", Device(), os.urandom)
    called.payload = payload
    called.read(caller.write())
    caller.read(called.write())
    return caller


class VersionsTest(SimpleTestCase):
    def test_unknown_fields_and_versions_are_ignored(self) -> None:
        for payload in (b'{"versions":[2],"x":{"y":[]}}', b'{"versions":[2,3,99]}', b'{"versions":[1,2]}'):
            self.assertIsNotNone(read_payload(payload).their_identity)

    def test_a_malformed_payload_or_another_version_is_refused(self) -> None:
        malformed = (
            *(b"", b"{", b"[]", b"null", b"{}", b'{"versions":2}', b'{"versions":["2"]}', b'{"versions":[true,2]}'),
            *(b'{"versions":null}', b'\xff{"versions":[2]}', b'{"versions":[2]}x', b"[" * 50_000),
            '{"versions":[2]}'.encode("utf-16"),
        )
        for payload in (*malformed, b'{"versions":[]}', b'{"versions":[1]}', b'{"versions":[3]}'):
            with self.subTest(payload=payload[:20]), self.assertRaises(HandshakeFailed):
                read_payload(payload)

    def test_a_higher_version_that_both_speak_ends_the_attempt(self) -> None:
        self.assertIsNotNone(read_payload(b'{"versions":[2]}', Newer).their_identity)
        with self.assertRaises(HandshakeFailed):
            read_payload(b'{"versions":[2,3]}', Newer)

    def test_a_failure_says_nothing_of_the_content(self) -> None:
        with self.assertRaises(HandshakeFailed) as caught:
            read_payload(b'{"secret":1}')
        self.assertNotIn("secret", str(caught.exception))
        self.assertIsNone(caught.exception.__cause__)
